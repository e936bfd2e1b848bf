"""Clips before the challenge: what an attempt would say if a clip stood in for the camera.

Whose face it is does not count here: every frame that looks straight passes for the claimed
person's. An attack that is let in so would also need the right face.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from facelogin.recognition import (
    Following,
    Frame,
    FrameHistory,
    Heading,
    Reason,
    Recognizer,
    Step,
    TurningVerification,
    draw_challenge,
)

FRAMES_A_SECOND = 5  # as a browser sends
DEADLINE_SECONDS = 60  # as services.turning has it


class Outcome(StrEnum):
    """How a clip fared; `expired` is no failure of the challenge, and lets nobody in."""

    PASSED = "passed"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Trial:
    """One clip against one challenge.

    Attributes
    ----------
    outcome : Outcome
    seconds : float
        Until the verdict, of the clip's own time.
    step : int
        The step at which it ended, from 1.
    headings : tuple of Heading or None
        What was seen of each frame.
    """

    outcome: Outcome
    seconds: float
    step: int
    headings: tuple[Heading | None, ...]


Camera = Callable[[float, Heading], Frame | None]
"""Returns the frame of a moment (seconds) while a position is asked for; None: there is no more."""


def attempt(recognizer: Recognizer, camera: Camera, steps: Sequence[Step]) -> Trial:
    """Let whatever the camera shows answer a challenge; return how it fared.

    A failed one ends at once: the product would go on asking, and refuse in the end.
    """
    turning = TurningVerification(0.0, steps)
    challenge, history = turning.challenge, FrameHistory()
    headings: list[Heading | None] = []
    following = Following()
    for number in range(DEADLINE_SECONDS * FRAMES_A_SECOND):
        now = number / FRAMES_A_SECOND
        frame = camera(now, challenge.asked)
        if frame is None:
            return Trial(Outcome.EXPIRED, now, challenge.index, tuple(headings))
        near = following.near(may_be_turned=turning.may_be_turned)
        seen = recognizer.observe_frame(frame, near=near, with_heading=True)
        following.saw(seen.face)
        reasons = turning.excused(seen)
        if seen.fingerprint is not None and history.is_repeat(seen.fingerprint):
            reasons = (Reason.REPEATED_FRAME,)
        headings.append(None if Reason.REPEATED_FRAME in reasons else seen.heading)
        turning.take(now, seen, reasons, 0.0 if seen.template is not None else None)
        if challenge.is_failed:
            return Trial(Outcome.FAILED, now, challenge.index, tuple(headings))
        if challenge.is_over:
            return Trial(Outcome.PASSED, now, challenge.index, tuple(headings))
    return Trial(Outcome.EXPIRED, DEADLINE_SECONDS, challenge.index, tuple(headings))


def against_a_draw(recognizer: Recognizer, camera: Camera, seed: int) -> Trial:
    """Let a camera answer the challenge of a seed."""
    drawn = draw_challenge(random.Random(seed))  # noqa: S311  (to be drawn again)
    return attempt(recognizer, camera, drawn)


def of_frames(frames: Sequence[Frame], start: int = 0) -> Camera:
    """Return a camera that plays a clip from one of its frames on, whatever is asked."""

    def camera(now: float, _asked: Heading) -> Frame | None:
        at = start + round(now * FRAMES_A_SECOND)
        return frames[at] if at < len(frames) else None

    return camera


def headings(recognizer: Recognizer, frames: Sequence[Frame]) -> list[Heading | None]:
    """Return where the head points in each frame of a clip, whatever is asked."""
    following = Following()
    seen = []
    for frame in frames:
        near = following.near(may_be_turned=True)
        observation = recognizer.observe_frame(frame, near=near, with_heading=True)
        following.saw(observation.face)
        seen.append(observation.heading)
    return seen


LEAST_KEPT = 2  # frames in a row that show a position before it counts as taken
PASSING = 5  # up to so many frames of looking straight a head is on its way to the other side


def steps_of(headings: Iterable[Heading | None]) -> tuple[Step, ...]:
    """Return the challenge that a clip answers: its own positions in their order.

    It begins and ends looking straight; empty if the clip never does. Nothing is held longer than
    the clip holds it: half of what it keeps a position is left for asking.
    """
    taken = _runs(heading for heading in headings if heading not in {None, Heading.BETWEEN})
    taken = [(heading, count) for heading, count in taken if count >= LEAST_KEPT]
    kept = [run for number, run in enumerate(taken) if not _is_passing(taken, number)]
    while kept and kept[0][0] is not Heading.STRAIGHT:
        kept.pop(0)
    while kept and kept[-1][0] is not Heading.STRAIGHT:
        kept.pop()
    return tuple(Step(heading, (count - 1) / 2 / FRAMES_A_SECOND) for heading, count in kept)


def _runs(headings: Iterable[Heading | None]) -> list[tuple[Heading, int]]:
    return [(key, len(list(run))) for key, run in groupby(headings) if key is not None]


def _is_passing(taken: Sequence[tuple[Heading, int]], number: int) -> bool:
    heading, count = taken[number]
    if heading is not Heading.STRAIGHT or count > PASSING or not 0 < number < len(taken) - 1:
        return False
    return taken[number - 1][0] is not taken[number + 1][0]
