"""Part `throughput`: frames a second through real sockets, against the pipeline called directly.

Both sides have the same cores and the same number of recognition processes, and run in turns. The
direct side holds frames and reference in each process's memory: no socket, no handing over.
"""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from multiprocessing import get_context
from statistics import median

from bench.measure import Timing
from bench.options import Options
from bench.pictures import looks
from bench.processes import children, cpu_seconds, on_cores
from bench.product import CORES, WORKERS, close, cores_used, enrol_people, product_apart
from bench.report import Report, Table, percentile
from bench.steps import Pipeline
from bench.visitor import Capture, Failed, Visitor
from facelogin.recognition import limit_threads
from tests.product import Product

PEOPLE, ROUNDS, SECONDS = 10, 3, 5.0
SETTLE_SECONDS = 0.5  # all sockets are busy before counting begins
LOOKS, FRAMES_TO_ENROL, FRAMES_TO_SHOW = 3, 36, 4  # a verdict needs five matches: none falls


@dataclass
class Measured:
    """What one round after another gave."""

    direct: list[float] = field(default_factory=list)  # frames a second
    sockets: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)  # seconds, one a frame
    server_cpu: list[float] = field(default_factory=list)  # seconds a frame
    worker_cpu: list[float] = field(default_factory=list)
    errors: int = 0


def run(options: Options) -> Report:
    """Measure and report."""
    people, rounds, seconds = (2, 1, 0.5) if options.is_tiny else (PEOPLE, ROUNDS, SECONDS)
    settings: dict[str, object] = {
        "product's cores": cores_used(),
        "workers": WORKERS,
        "sockets": people,
        "rounds": rounds,
        "seconds a round": seconds,
        "tiny": options.is_tiny,
    }
    pictures = looks(1 if options.is_tiny else LOOKS, FRAMES_TO_ENROL + FRAMES_TO_SHOW)
    with product_apart() as product, _direct_pool(pictures[0]) as pool:
        measured = asyncio.run(
            _measure(product, pool, pictures, people=people, rounds=rounds, seconds=seconds)
        )
    return _report(Report("throughput", settings), measured)


async def _measure(
    product: Product,
    pool: ProcessPoolExecutor,
    pictures: list[list[bytes]],
    *,
    people: int,
    rounds: int,
    seconds: float,
) -> Measured:
    measured = Measured()
    names = [f"throughput{number}" for number in range(people)]
    visitors = await enrol_people(product, names, pictures)
    shown = [pictures[number % len(pictures)][-FRAMES_TO_SHOW:] for number in range(people)]
    try:
        for _ in range(rounds):
            measured.direct.append(await asyncio.to_thread(_directly, pool, seconds))
            await _through_sockets(product, visitors, shown, seconds, measured)
    finally:
        await close(visitors)
    return measured


# -- the pipeline called directly -----------------------------------------------------------------

_pipeline: Pipeline
_frames: list[bytes]


@contextmanager
def _direct_pool(frames: list[bytes]) -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(WORKERS, get_context("spawn"), _load, (frames,)) as pool:
        with on_cores(CORES):
            _directly(pool, 0.2)  # starts the processes, which stay on these cores
        yield pool


def _load(frames: list[bytes]) -> None:
    limit_threads(1)
    global _pipeline, _frames  # one per process, read only afterwards
    _pipeline, _frames = Pipeline(), frames[-FRAMES_TO_SHOW:]
    _pipeline.enrol(frames[:-FRAMES_TO_SHOW])


def _look_for(seconds: float) -> float:
    """Look at the frames in this process; return how many a second."""
    started = time.perf_counter()
    for number, frame in enumerate(cycle(_frames), start=1):
        _pipeline.observe(frame)
        if (elapsed := time.perf_counter() - started) >= seconds:
            return number / elapsed
    raise AssertionError("there are frames")


def _directly(pool: ProcessPoolExecutor, seconds: float) -> float:
    return sum(pool.map(_look_for, [seconds] * WORKERS))


# -- through real sockets -------------------------------------------------------------------------


async def _through_sockets(
    product: Product,
    visitors: list[Visitor],
    shown: list[list[bytes]],
    seconds: float,
    measured: Measured,
) -> None:
    """Keep one frame of every visitor on its way until the time is over."""
    loop = asyncio.get_running_loop()
    answered: list[float] = []
    gate = asyncio.Barrier(len(visitors) + 1)

    async def flood(visitor: Visitor, frames: list[bytes]) -> None:
        try:
            await visitor.show_password()
            ticket = await visitor.verify_ticket()
            async with visitor.open(ticket) as socket:
                capture = Capture(socket, ticket["ticket"])
                await capture.start()
                await gate.wait()
                until = loop.time() + SETTLE_SECONDS
                await capture.flood(frames, until)
                capture.answered_after.clear()
                await capture.flood(frames, until + seconds)
                answered.extend(capture.answered_after)
        except (Failed, OSError) as error:
            print(f"throughput: {visitor.name}: {error}")
            measured.errors += 1
            await gate.abort()

    async def watch_cpu() -> None:
        await gate.wait()
        await asyncio.sleep(SETTLE_SECONDS)
        server, workers = product.process.pid, children(product.process.pid)
        before = cpu_seconds(server), sum(map(cpu_seconds, workers))
        await asyncio.sleep(seconds)
        measured.server_cpu.append(cpu_seconds(server) - before[0])
        measured.worker_cpu.append(sum(map(cpu_seconds, workers)) - before[1])

    people = [flood(*pair) for pair in zip(visitors, shown, strict=True)]
    await asyncio.gather(watch_cpu(), *people)
    measured.sockets.append(len(answered) / seconds)
    measured.answers += answered
    measured.server_cpu[-1] /= len(answered)
    measured.worker_cpu[-1] /= len(answered)


def _report(report: Report, measured: Measured) -> Report:
    direct, sockets = Timing(measured.direct), Timing(measured.sockets)
    ratio = sockets.over(direct)
    report.errors = measured.errors
    report.figures = {
        "direct, frames a second": direct.median,
        "sockets, frames a second": sockets.median,
        "sockets / direct": ratio,
        "frame to answer p50, ms": median(measured.answers) * 1000,
        "frame to answer p95, ms": percentile(measured.answers, 0.95) * 1000,
        "worker CPU ms a frame": median(measured.worker_cpu) * 1000,
        "server CPU ms a frame": median(measured.server_cpu) * 1000,
    }
    report.tables = [
        Table(
            "frames a second, in turns (half of the rounds lie in the brackets)",
            ["way", "frames a second", "ratio"],
            [
                ["the pipeline called directly", str(direct), "1.00"],
                ["real sockets and worker processes", str(sockets), f"{ratio:.2f}"],
            ],
        ),
        Table(
            "one frame through a socket, all sockets busy",
            ["what", "ms"],
            [
                [name.removesuffix(", ms").replace(" ms", ""), f"{value:.2f}"]
                for name, value in report.figures.items()
                if "ms" in name
            ],
        ),
    ]
    return report
