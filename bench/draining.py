"""Part `draining`: a copy of facelogin is told to stop while twenty people stand before a camera.

Two copies of each room behind nginx without sticky sessions, on MongoDB. People come one after the
other, the copy hears SIGTERM when half of them are there; some have cameras so slow that the copy's
time is over before their try is. Whoever is sent away or lost comes back with a fresh ticket, as
the page does.
"""

import asyncio
import random
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.options import Options
from bench.pictures import looks
from bench.product import close
from bench.report import Report, Table
from bench.visitor import Capture, Failed, Visitor
from tests.copies import Copies, running_copies
from tests.mongod import running_mongod

PEOPLE, TINY_PEOPLE = 20, 2
ARRIVE_WITHIN_SECONDS = 6.0
SLOW_EVERY, SLOW_SECONDS, USUAL_SECONDS = 5, 3.0, 0.5  # between two frames; a verdict takes five
FRAMES = 44
MOST_COMEBACKS = 3
WAITS_SECONDS = (0.5, 2.0, 5.0)  # dashboard/static/dashboard/js/attempt.js
AT_ONCE = 4  # enrolments, which are not measured


@dataclass
class Story:
    """How it went for one person; seconds since the signal, or None if they never came in."""

    comebacks: int = 0
    in_after: float | None = None
    last_words: str = ""


def run(options: Options) -> Report:
    """Measure and report."""
    people = TINY_PEOPLE if options.is_tiny else PEOPLE
    report = Report("draining", {"people": people, "tiny": options.is_tiny})
    with tempfile.TemporaryDirectory(prefix="kubevision-draining-") as made:
        folder = Path(made)
        with (
            running_mongod(folder / "server") as mongod,
            running_copies(folder / "rooms", mongod) as copies,
        ):
            stories, gone_after, status = asyncio.run(_measure(copies, people))
    return _report(report, stories, gone_after, status)


async def _measure(copies: Copies, people: int) -> tuple[list[Story], float, int | None]:
    pictures = looks(min(people, 5), FRAMES)
    visitors = [
        Visitor(copies.origin, f"person{number}", pictures[number % len(pictures)])
        for number in range(people)
    ]
    gate = asyncio.Semaphore(AT_ONCE)

    async def be_ready(visitor: Visitor) -> None:
        async with gate:
            await visitor.register()
            await visitor.enrol()
            await visitor.show_password()

    await asyncio.gather(*map(be_ready, visitors))
    room = copies.rooms["facelogin"][0]
    signal_at = time.monotonic() + ARRIVE_WITHIN_SECONDS / 2
    gone_at: list[float] = []

    def stop() -> None:
        time.sleep(max(0.0, signal_at - time.monotonic()))
        room.stop()
        gone_at.append(time.monotonic())

    stopping = threading.Thread(target=stop)
    stopping.start()
    try:
        stories = await asyncio.gather(
            *(
                _sign_in(visitor, number, number / people * ARRIVE_WITHIN_SECONDS, signal_at)
                for number, visitor in enumerate(visitors)
            )
        )
    finally:
        await asyncio.to_thread(stopping.join)
        await close(visitors)
    assert room.process is not None
    return list(stories), gone_at[0] - signal_at, room.process.returncode


async def _sign_in(visitor: Visitor, number: int, arrives_after: float, signal_at: float) -> Story:
    story = Story()
    pause = SLOW_SECONDS if number % SLOW_EVERY == 0 else USUAL_SECONDS
    await asyncio.sleep(arrives_after)
    while True:
        try:
            ticket = await visitor.verify_ticket()
            async with visitor.open(ticket) as socket:
                capture = Capture(socket, ticket["ticket"])
                await capture.start()
                frames = visitor.sign_in_frames
                assertion = await capture.run(frames, seconds_between=pause, outcome="match")
            await visitor.call("POST", "/session/factors/face", assertion=assertion)
        except (Failed, OSError) as error:
            story.last_words = str(error)
            if story.comebacks == MOST_COMEBACKS:
                return story
            await asyncio.sleep(WAITS_SECONDS[story.comebacks] * random.uniform(0.5, 1.5))
            story.comebacks += 1
            pause = USUAL_SECONDS
        else:
            story.in_after = time.monotonic() - signal_at
            return story


def _report(report: Report, stories: list[Story], gone_after: float, status: int | None) -> Report:
    came_in = [story for story in stories if story.in_after is not None]
    finished = [story for story in came_in if story.comebacks == 0]
    failed = len(stories) - len(came_in)
    slowest = max((story.in_after or 0.0 for story in came_in), default=0.0)
    report.errors = failed + (status != 0)
    report.figures = {
        "finished": len(finished),
        "came back": len(came_in) - len(finished),
        "failed": failed,
        "last one in after the signal, s": slowest,
        "copy gone after the signal, s": gone_after,
    }
    row = [
        *(str(len(stories)), str(len(finished)), str(len(came_in) - len(finished)), str(failed)),
        *(f"{slowest:.1f} s", f"{gone_after:.1f} s", str(status)),
    ]
    columns = [
        *("people", "finished", "came back", "failed"),
        *("last one in after", "copy gone after", "exit status"),
    ]
    report.tables = [Table("one of two copies hears SIGTERM", columns, [row])]
    return report
