"""Part `load`: twenty people sign in by password and face, again and again for five minutes."""

import asyncio
from dataclasses import dataclass, field
from statistics import median

from bench.options import Options
from bench.pictures import looks
from bench.processes import children, cpu_seconds
from bench.product import WORKERS, close, cores_used, enrol_people, product_apart
from bench.report import Report, Table, percentile
from bench.visitor import Failed, Legs, Visitor
from tests.product import Product

PEOPLE, SECONDS, FRAMES_A_SECOND = 20, 300.0, 2.0
LOOKS, FRAMES = 4, 40
SECONDS_TO_START = 4.0  # they come one after another, as people do, and all stay


@dataclass
class Shift:
    """What happened."""

    legs: list[Legs] = field(default_factory=list)
    errors: int = 0
    cpu: float = 0.0  # seconds, all processes of the product
    seconds: float = 0.0


def run(options: Options) -> Report:
    """Measure and report."""
    people, seconds, pace = PEOPLE, SECONDS, FRAMES_A_SECOND
    if options.is_tiny:
        people, seconds, pace = 2, 1.0, 5.0
    settings: dict[str, object] = {
        "product's cores": cores_used(),
        "workers": WORKERS,
        "people": people,
        "seconds": seconds,
        "frames a second": pace,
        "tiny": options.is_tiny,
    }
    pictures = looks(1 if options.is_tiny else LOOKS, FRAMES)
    with product_apart() as product:
        shift = asyncio.run(_measure(product, pictures, people, seconds=seconds, pace=pace))
    return _report(Report("load", settings, errors=shift.errors), shift)


async def _measure(
    product: Product,
    pictures: list[list[bytes]],
    people: int,
    *,
    seconds: float,
    pace: float,
) -> Shift:
    visitors = await enrol_people(product, [f"load{number}" for number in range(people)], pictures)
    shift = Shift()
    loop = asyncio.get_running_loop()
    pid = product.process.pid

    def cpu() -> float:
        return sum(map(cpu_seconds, [pid, *children(pid)]))

    async def come_and_go(number: int, visitor: Visitor) -> None:
        await asyncio.sleep(min(SECONDS_TO_START, seconds) * number / people)
        while loop.time() < until:
            try:
                shift.legs.append(await visitor.sign_in(pace))
            except (Failed, OSError) as error:
                told = [line for line in product.log if "WARNING" in line or "ERROR" in line]
                print(f"load: {visitor.name}: {error}", *told[-3:], sep="\n  ")
                shift.errors += 1

    before, started = cpu(), loop.time()
    until = started + seconds
    try:
        await asyncio.gather(*(come_and_go(*each) for each in enumerate(visitors)))
    finally:
        shift.cpu, shift.seconds = cpu() - before, loop.time() - started
        await close(visitors)
    return shift


def _report(report: Report, shift: Shift) -> Report:
    rows = []
    for name, values in (
        ("frame to answer", [second for legs in shift.legs for second in legs.frame_to_answer]),
        ("first frame to verdict", [legs.first_frame_to_verdict for legs in shift.legs]),
        ("whole sign-in", [legs.whole for legs in shift.legs]),
    ):
        found = [1000 * value for value in values] or [0.0]
        p50, p95 = median(found), percentile(found, 0.95)
        rows.append([name, str(len(values)), f"{p50:.0f}", f"{p95:.0f}", f"{max(found):.0f}"])
        report.figures[f"{name} p50, ms"] = p50
        report.figures[f"{name} p95, ms"] = p95
    report.figures["sign-ins"] = len(shift.legs)
    report.figures["cores busy"] = shift.cpu / shift.seconds
    report.tables = [
        Table(
            f"{len(shift.legs)} sign-ins in {shift.seconds:.0f} s, {shift.errors} errors, "
            f"{shift.cpu / shift.seconds:.2f} cores busy",
            ["what", "measured", "p50 ms", "p95 ms", "longest ms"],
            rows,
        )
    ]
    return report
