"""Part `renewal`: the template key is renewed while people sign in and enrol on two copies.

Two copies of each room behind nginx without sticky sessions, on MongoDB, one key file for both
copies of facelogin. Some people sign in over and over, newcomers enrol; meanwhile the command that
an operator types runs from beginning to end.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from bench.options import Options
from bench.pictures import looks
from bench.product import close
from bench.report import Report, Table
from bench.visitor import Failed, Visitor
from tests.copies import Copies, running_copies
from tests.mongod import running_mongod

PEOPLE, TINY_PEOPLE = 10, 2
NEWCOMERS_AT_ONCE = 2
FRAMES = 44
FRAMES_A_SECOND = 2
PAUSE_SECONDS = 1.0  # between two sign-ins of one person


@dataclass
class Counted:
    """What was done while the command ran."""

    sign_ins: int = 0
    enrolments: int = 0
    failures: list[str] = field(default_factory=list)


async def _measure(copies: Copies, people: int) -> tuple[Counted, float, str]:
    pictures = looks(min(people, 5), FRAMES)
    visitors = [
        Visitor(copies.origin, f"person{number}", pictures[number % len(pictures)])
        for number in range(people)
    ]
    for visitor in visitors:
        await visitor.register()
        await visitor.enrol()
    counted, is_over = Counted(), asyncio.Event()

    async def sign_in_over_and_over(visitor: Visitor) -> None:
        while not is_over.is_set():
            try:
                await visitor.sign_in(FRAMES_A_SECOND)
                counted.sign_ins += 1
            except (Failed, OSError) as error:
                counted.failures.append(str(error))
            await asyncio.sleep(PAUSE_SECONDS)

    async def let_newcomers_enrol(numbers: Iterator[int]) -> None:
        while not is_over.is_set():
            number = next(numbers)
            newcomer = Visitor(copies.origin, f"new{number}", pictures[number % len(pictures)])
            try:
                await newcomer.register()
                await newcomer.enrol()
                counted.enrolments += 1
            except (Failed, OSError) as error:
                counted.failures.append(str(error))
            visitors.append(newcomer)

    numbers = count(1)
    busy = [asyncio.create_task(sign_in_over_and_over(visitor)) for visitor in list(visitors)]
    busy += [asyncio.create_task(let_newcomers_enrol(numbers)) for _ in range(NEWCOMERS_AT_ONCE)]
    started = time.monotonic()
    said = await asyncio.to_thread(copies.rooms["facelogin"][0].manage, "renew_template_key")
    seconds = time.monotonic() - started
    is_over.set()
    await asyncio.gather(*busy)
    # Whoever enrolled meanwhile is known afterwards.
    for visitor in visitors[people:]:
        try:
            await visitor.sign_in(FRAMES_A_SECOND)
        except (Failed, OSError) as error:
            counted.failures.append(str(error))
    await close(visitors)
    return counted, seconds, said.splitlines()[0]


def run(options: Options) -> Report:
    """Measure and report."""
    people = TINY_PEOPLE if options.is_tiny else PEOPLE
    report = Report("renewal", {"people": people, "tiny": options.is_tiny})
    with tempfile.TemporaryDirectory(prefix="kubevision-renewal-") as made:
        folder = Path(made)
        with (
            running_mongod(folder / "server") as mongod,
            running_copies(folder / "rooms", mongod) as copies,
        ):
            counted, seconds, said = asyncio.run(_measure(copies, people))
    report.errors = len(counted.failures)
    report.figures = {
        "sign-ins": counted.sign_ins,
        "enrolments": counted.enrolments,
        "failed": len(counted.failures),
        "renewal, s": seconds,
    }
    columns = ["people", "sign-ins", "enrolments", "failed", "renewal took", "the command said"]
    row = [
        *(str(people), str(counted.sign_ins), str(counted.enrolments)),
        *("; ".join(counted.failures) or "0", f"{seconds:.1f} s", said),
    ]
    report.tables = [Table("the template key is renewed meanwhile", columns, [row])]
    return report
