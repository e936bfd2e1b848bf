"""Part `overload`: a hundred people hold a camera up at once, where a copy takes 32.

First as many as the copy takes, then all hundred, each turned away trying again every two seconds,
then as many as it takes again: what the crowd at the door costs those who are inside.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import httpx

from bench.options import Options
from bench.pictures import looks
from bench.product import WORKERS, close, cores_used, product_apart
from bench.report import Report, Table, percentile
from bench.visitor import Capture, Failed, Visitor
from facelogin.services.capture import ATTEMPTS_PER_WORKER
from tests.product import Product

PEOPLE, FRAMES_A_SECOND, SECONDS = 100, 5.0, 10.0
REST_SECONDS = 10.0  # after the peak
RETRY_SECONDS = 2.0
FRAMES_TO_SHOW = 4  # shown again and again they decide nothing, and cost the same
PROBE_SECONDS = 0.05


@dataclass
class Phase:
    """One crowd."""

    name: str
    people: int
    answers: list[float] = field(default_factory=list)  # seconds, one a frame
    turned_away_after: list[float] = field(default_factory=list)  # seconds
    livez: list[float] = field(default_factory=list)  # seconds
    accepted: int = 0
    errors: int = 0


def run(options: Options) -> Report:
    """Measure and report."""
    room = ATTEMPTS_PER_WORKER * WORKERS
    people, seconds, rest = PEOPLE, SECONDS, REST_SECONDS
    if options.is_tiny:
        people, seconds, rest = 3, 1.0, 0.0
    settings: dict[str, object] = {
        "product's cores": cores_used(),
        "workers": WORKERS,
        "attempts a copy takes": room,
        "people": people,
        "frames a second": FRAMES_A_SECOND,
        "seconds": seconds,
        "tiny": options.is_tiny,
    }
    (pictures,) = looks(1, FRAMES_TO_SHOW)
    with product_apart() as product:
        phases = asyncio.run(
            _measure(product, pictures, (min(room, people), people), seconds, rest)
        )
    return _report(Report("overload", settings), phases)


async def _measure(
    product: Product, frames: list[bytes], crowds: tuple[int, int], seconds: float, rest: float
) -> list[Phase]:
    normal, many = crowds
    visitors = [Visitor(product.origin, f"crowd{number}", frames) for number in range(many)]
    try:
        for visitor in visitors:
            await visitor.register()
        phases = [
            await _phase(product, Phase("as many as it takes", normal), visitors, frames, seconds),
            await _phase(product, Phase("all at once", many), visitors, frames, seconds),
        ]
        await asyncio.sleep(rest)
        after = Phase(f"{rest:.0f} s later", normal)
        phases.append(await _phase(product, after, visitors, frames, seconds))
    finally:
        await close(visitors)
    return phases


async def _phase(
    product: Product,
    phase: Phase,
    visitors: Sequence[Visitor],
    frames: list[bytes],
    seconds: float,
) -> Phase:
    crowd = visitors[: phase.people]
    for visitor in crowd:  # one at a time: passwords are not what is measured
        await visitor.show_password()
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds

    async def knock(visitor: Visitor) -> None:
        while loop.time() < until:
            ticket = await visitor.enrol_ticket()
            async with visitor.open(ticket) as socket:
                capture = Capture(socket, ticket["ticket"])
                asked_at = time.perf_counter()
                try:
                    await capture.start()
                except Failed as refusal:
                    if str(refusal) != "server_full":
                        raise
                    phase.turned_away_after.append(time.perf_counter() - asked_at)
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                phase.accepted += loop.time() < until  # else somebody left and made room
                await capture.flood(frames, until, seconds_between=1 / FRAMES_A_SECOND)
                phase.answers += capture.answered_after

    async def one(visitor: Visitor) -> None:
        try:
            await knock(visitor)
        except (Failed, OSError) as error:
            print(f"overload: {visitor.name}: {error}")
            phase.errors += 1

    probing = asyncio.create_task(_probe(product, phase))
    await asyncio.gather(*map(one, crowd))
    probing.cancel()
    return phase


async def _probe(product: Product, phase: Phase) -> None:
    """Ask whether the copy lives, as a kubelet would, only more often."""
    async with httpx.AsyncClient(base_url=product.management, trust_env=False) as client:
        while True:
            started = time.perf_counter()
            (await client.get("/livez")).raise_for_status()
            phase.livez.append(time.perf_counter() - started)
            await asyncio.sleep(PROBE_SECONDS)


def _report(report: Report, phases: list[Phase]) -> Report:
    rows = []
    for phase in phases:
        report.errors += phase.errors
        turned_away = phase.turned_away_after or [0.0]
        answers, livez = phase.answers or [0.0], phase.livez or [0.0]
        figures = {
            "frame to answer p50, ms": 1000 * median(answers),
            "frame to answer p95, ms": 1000 * percentile(answers, 0.95),
            "turned away after, longest, ms": 1000 * max(turned_away),
            "livez p99, ms": 1000 * percentile(livez, 0.99),
        }
        for name, value in figures.items():
            report.figures[f"{phase.name}: {name}"] = value
        rows.append(
            [
                phase.name,
                str(phase.people),
                str(phase.accepted),
                str(len(phase.turned_away_after)),
                *(f"{value:.0f}" for value in figures.values()),
                str(phase.errors),
            ]
        )
    normal, peak, after = (f"{phase.name}: frame to answer p50, ms" for phase in phases)
    report.figures["peak / normal"] = report.figures[peak] / report.figures[normal]
    report.figures["after / normal"] = report.figures[after] / report.figures[normal]
    columns = ["crowd", "people", "let in", "turned away (times)"]
    columns += ["answer p50 ms", "p95 ms", "turned away, longest ms", "livez p99 ms", "errors"]
    report.tables = [Table("a crowd at the door", columns, rows)]
    return report
