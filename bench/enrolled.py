"""Part `enrolled`: a frame and a sign-in with few and with many people enrolled.

Two products run side by side on the same cores; one database gets ten people, the other as many as
`--rows` says. Work is done in turns; what a frame and a sign-in cost is CPU time of all processes.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import median

from bench.measure import Timing
from bench.options import Options
from bench.pictures import looks
from bench.processes import children, cpu_seconds
from bench.product import close, cores_used, enrol_people, products_apart, rows
from bench.report import Report, Table
from bench.visitor import Capture, Visitor
from tests.mongod import Mongod
from tests.product import Product

FEW, TINY_MANY = 10, 40
ROUNDS, SIGN_INS, SECONDS_OF_FRAMES = 5, 2, 4.0
FRAMES, FRAMES_TO_SHOW = 44, 4  # a verdict needs five matches: four keep an attempt open
FRAMES_A_SECOND = 5.0


@dataclass
class Side:
    """One product with its database, and what was measured there, a value a round."""

    product: Product
    people: int
    visitor: Visitor
    frame_cpu: list[float] = field(default_factory=list)  # ms
    frame_answer: list[float] = field(default_factory=list)
    sign_in_cpu: list[float] = field(default_factory=list)

    def cpu(self) -> float:
        """Return the CPU seconds that all its processes have used."""
        pid = self.product.process.pid
        return sum(map(cpu_seconds, [pid, *children(pid)]))


def run(options: Options) -> Report:
    """Measure and report, on SQLite."""
    return measure("enrolled", options, None)


def measure(part: str, options: Options, mongod: Mongod | None) -> Report:
    """Measure and report, on SQLite files or on a server."""
    many, rounds, seconds = options.rows, ROUNDS, SECONDS_OF_FRAMES
    if options.is_tiny:
        many, rounds, seconds = TINY_MANY, 0, 0.5
    report = Report(
        part,
        {
            "product's cores": cores_used(),
            "rounds": rounds,
            "people": [FEW, many],
            "seconds of frames a round": seconds,
            "tiny": options.is_tiny,
        },
    )
    (pictures,) = looks(1, FRAMES)
    with products_apart(2, mongod) as products:
        people = {f"few.{part}": FEW, f"many.{part}": many}
        sides = asyncio.run(_measure(products, pictures, people, rounds, seconds))
        asked = json.loads(rows(products[1], "indexes", f"many.{part}"))
    _report(report, *sides)
    report.tables.append(Table("what a verification asks", ["question", "index"], asked))
    return report


async def _measure(
    products: list[Product],
    pictures: list[bytes],
    people: dict[str, int],
    rounds: int,
    seconds: float,
) -> list[Side]:
    sides = []
    for (name, count), product in zip(people.items(), products, strict=True):
        (visitor,) = await enrol_people(product, [name], [pictures])
        rows(product, "enrol", str(count - 1), name)  # who is there already is one of them
        sides.append(Side(product, count, visitor))
    try:
        for turn in range(rounds + 1):
            for side in sides if turn % 2 else sides[::-1]:
                await _round(side, pictures[-FRAMES_TO_SHOW:], seconds, min(rounds + 1, SIGN_INS))
                if turn == 0 and rounds:  # the first round reads everything from disk
                    side.frame_cpu.clear()
                    side.frame_answer.clear()
                    side.sign_in_cpu.clear()
    finally:
        await close([side.visitor for side in sides])
    return sides


async def _round(side: Side, frames: list[bytes], seconds: float, sign_ins: int) -> None:
    await side.visitor.show_password()
    ticket = await side.visitor.verify_ticket()
    async with side.visitor.open(ticket) as socket:
        capture = Capture(socket, ticket["ticket"])
        await capture.start()
        until = asyncio.get_running_loop().time() + seconds
        spent = await _cpu_of(side, lambda: capture.flood(frames, until))
    side.frame_cpu.append(spent / len(capture.answered_after) * 1000)
    side.frame_answer.append(median(capture.answered_after) * 1000)

    async def sign_in() -> None:
        for _ in range(sign_ins):
            await side.visitor.sign_in(FRAMES_A_SECOND)

    side.sign_in_cpu.append(await _cpu_of(side, sign_in) / sign_ins * 1000)


async def _cpu_of(side: Side, work: Callable[[], Awaitable[None]]) -> float:
    before = side.cpu()
    await work()
    return side.cpu() - before


def _report(report: Report, few: Side, many: Side) -> None:
    table = []
    for name, of_few, of_many in (
        ("frame, CPU ms", few.frame_cpu, many.frame_cpu),
        ("frame to answer, ms", few.frame_answer, many.frame_answer),
        ("sign-in, CPU ms", few.sign_in_cpu, many.sign_in_cpu),
    ):
        small, large = Timing(of_few), Timing(of_many)
        ratio = large.over(small)
        table.append([name, str(small), str(large), f"{ratio:.2f}"])
        report.figures[f"{name}, few"] = small.median
        report.figures[f"{name}, many"] = large.median
        report.figures[f"{name}, many / few"] = ratio
    columns = ["cost", f"{few.people} enrolled", f"{many.people} enrolled", "ratio"]
    report.tables = [
        Table("cost by people enrolled (half of the rounds in brackets)", columns, table)
    ]
