"""A drawn person who turns their head when told, as slowly or quickly as people do."""

import random
from collections.abc import Iterator
from dataclasses import replace

from facelogin.recognition import Heading
from tests.drawn_faces import Frame, Person, Pose, portrait, poses

TURNED_DEGREES = 50.0  # as far as somebody turns who is asked to; the cascades see it from 40 on
LOOKS = {Heading.STRAIGHT: 0.0, Heading.LEFT: TURNED_DEGREES, Heading.RIGHT: -TURNED_DEGREES}
REACTION_SECONDS = (0.4, 1.2)
DEGREES_A_SECOND = (60.0, 130.0)


class TurningHead:
    """Somebody before a camera who listens.

    Equal people, seeds and questions give equal frames.

    Parameters
    ----------
    person : Person
    seed : int
        Of how they sway, and of how long they take to answer.
    """

    def __init__(self, person: Person, seed: int = 0) -> None:
        self._person = person
        self._random = random.Random(seed)
        self._poses: Iterator[Pose] = poses(1_000_000, seed)
        self._asked = Heading.STRAIGHT
        self._turns_at = self._now = self._degrees = 0.0
        self._speed = self._random.uniform(*DEGREES_A_SECOND)

    def pose(self, now: float, asked: Heading) -> Pose:
        """Return how the head is held at a moment (seconds) while a position is asked for."""
        if asked is not self._asked:
            self._asked, self._turns_at = asked, now + self._random.uniform(*REACTION_SECONDS)
        if now >= self._turns_at:
            way = LOOKS[asked] - self._degrees
            most = self._speed * (now - self._now)
            self._degrees += max(-most, min(most, way))
        self._now = now
        return replace(next(self._poses), turn=self._degrees)

    def frame(self, now: float, asked: Heading) -> Frame:
        """Return what the camera takes at that moment."""
        return portrait(self._person, self.pose(now, asked))
