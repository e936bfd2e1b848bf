"""Part `sign_in`: how long a sign-in by password and face takes, and what its costs are."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.argon2id import Verified, bare_argon2id
from bench.options import Options
from bench.pictures import looks
from bench.processes import children, cpu_seconds
from bench.product import CORES, WORKERS, close, cores_used, enrol_people, product_apart
from bench.report import Report, Table, percentile
from bench.steps import Pipeline
from bench.visitor import Failed, Legs, Visitor
from facelogin.recognition import limit_threads
from tests.product import Product

FRAMES_A_SECOND = 2.0
PEOPLE, ALONE_TIMES, TOGETHER_TIMES = 20, 6, 3
LOOKS, FRAMES = 4, 40

LEGS: dict[str, Callable[[Legs], Sequence[float]]] = {
    "password": lambda legs: [legs.password],
    "ticket": lambda legs: [legs.ticket],
    "socket open to ready": lambda legs: [legs.socket_to_ready],
    "first frame to verdict": lambda legs: [legs.first_frame_to_verdict],
    "frame to answer": lambda legs: legs.frame_to_answer,
    "assertion": lambda legs: [legs.assertion],
    "whole sign-in": lambda legs: [legs.whole],
}
DETECTION = "recognition: finding the face (Haar cascades)"
OTHER_STEPS = "recognition: decoding, gates, histograms, comparing, handing over"
ARGON2 = "password: Argon2id"
REST = "server: HTTP, sockets, tokens, database"


@dataclass
class Crowd:
    """Sign-ins of so many people at once."""

    people: int
    legs: list[Legs] = field(default_factory=list)
    errors: int = 0
    server_cpu: float = 0.0  # seconds in all
    worker_cpu: float = 0.0
    argon2_cpu: list[float] = field(default_factory=list)  # seconds of a bare verification


def run(options: Options) -> Report:
    """Measure and report."""
    people, alone, together = PEOPLE, ALONE_TIMES, TOGETHER_TIMES
    frames_a_second = FRAMES_A_SECOND
    if options.is_tiny:
        people, alone, together, frames_a_second = 2, 1, 1, 5.0
    settings: dict[str, object] = {
        "product's cores": cores_used(),
        "workers": WORKERS,
        "people at once": people,
        "sign-ins alone": alone,
        "sign-ins of each together": together,
        "frames a second": frames_a_second,
        "tiny": options.is_tiny,
    }
    pictures = looks(1 if options.is_tiny else LOOKS, FRAMES)
    with product_apart() as product, bare_argon2id(CORES) as verify:
        visits = _measure(
            product, pictures, verify, people=people, times=[alone, together], pace=frames_a_second
        )
        crowds = asyncio.run(visits)
    report = Report("sign_in", settings, errors=sum(crowd.errors for crowd in crowds))
    report.tables = [_legs_table(crowd, report) for crowd in crowds]
    if crowds[0].legs:
        report.tables.append(_costs_table(crowds[0], pictures[0], options, report))
    return report


async def _measure(
    product: Product,
    pictures: list[list[bytes]],
    verify: Callable[[], Verified],
    *,
    people: int,
    times: Sequence[int],
    pace: float,
) -> list[Crowd]:
    names = [f"signin{number}" for number in range(people)]
    visitors = await enrol_people(product, names, pictures)
    alone, together = Crowd(1), Crowd(people)
    try:
        for _ in range(times[0]):
            await _sign_in(product, visitors[:1], pace, alone)
            # In turns: how fast memory is, and with it Argon2id, changes by the minute.
            alone.argon2_cpu.append(verify().cpu_milliseconds / 1000)
        for _ in range(times[1]):
            await _sign_in(product, visitors, pace, together)
    finally:
        await close(visitors)
    return [alone, together]


async def _sign_in(
    product: Product, visitors: list[Visitor], frames_a_second: float, crowd: Crowd
) -> None:
    """Let everybody sign in once, all at the same time."""

    async def one(visitor: Visitor) -> None:
        try:
            crowd.legs.append(await visitor.sign_in(frames_a_second))
        except (Failed, OSError) as error:
            print(f"sign_in: {visitor.name}: {error}")
            crowd.errors += 1

    server, workers = product.process.pid, children(product.process.pid)
    before = cpu_seconds(server), sum(map(cpu_seconds, workers))
    await asyncio.gather(*map(one, visitors))
    crowd.server_cpu += cpu_seconds(server) - before[0]
    crowd.worker_cpu += sum(map(cpu_seconds, workers)) - before[1]


def _legs_table(crowd: Crowd, report: Report) -> Table:
    rows = []
    for name, read in LEGS.items():
        values = [second for legs in crowd.legs for second in read(legs)] or [0.0]
        p50, p95 = median(values) * 1000, percentile(values, 0.95) * 1000
        rows.append([name, str(len(values)), f"{p50:.0f}", f"{p95:.0f}"])
        at_once = "alone" if crowd.people == 1 else "together"
        report.figures[f"{at_once}: {name} p50, ms"] = p50
        report.figures[f"{at_once}: {name} p95, ms"] = p95
    return Table(
        f"{crowd.people} at once: {len(crowd.legs)} sign-ins, {crowd.errors} errors",
        ["leg", "measured", "p50 ms", "p95 ms"],
        rows,
    )


def _costs_table(crowd: Crowd, frames: list[bytes], options: Options, report: Report) -> Table:
    """Say where the CPU time of a lone sign-in goes; waiting for the camera costs none."""
    limit_threads(1)
    password = median(crowd.argon2_cpu)
    pipeline = Pipeline()
    pipeline.enrol(frames[: FRAMES // 2])
    shown = frames[FRAMES // 2 :]
    share = pipeline.share_of_searches(shown[:2] if options.is_tiny else shown)
    sign_ins = len(crowd.legs)
    worker, server = crowd.worker_cpu / sign_ins, crowd.server_cpu / sign_ins
    costs = {
        DETECTION: worker * share,
        OTHER_STEPS: worker * (1 - share),
        ARGON2: password,
        REST: max(0.0, server - password),
    }
    whole = sum(costs.values())
    rows = []
    for name, seconds in sorted(costs.items(), key=lambda cost: -cost[1]):
        rows.append([name, f"{seconds * 1000:.0f}", f"{seconds / whole:.0%}"])
        report.figures[f"cost: {name}, CPU ms"] = seconds * 1000
        report.figures[f"cost: {name}, share"] = seconds / whole
    frames_each = median(len(legs.frame_to_answer) for legs in crowd.legs)
    return Table(
        f"CPU time of one sign-in alone, {frames_each:.0f} frames, the largest cost first",
        ["cost", "CPU ms", "share"],
        rows,
    )
