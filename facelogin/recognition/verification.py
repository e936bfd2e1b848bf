"""Deciding on several samples, never on one."""

from enum import Enum

FRAMES_WANTED = 12
MATCHES_NEEDED = 5


class Verdict(Enum):
    """The two answers; there is no third."""

    MATCH = "match"
    NON_MATCH = "non_match"


class Verification:
    """Counts how many of twelve samples are at or under the threshold.

    Five are needed, so one lucky sample opens nothing and a turned or blinking one refuses nobody.
    The verdict falls as soon as the samples still to come cannot change it: after five at best.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._matches = 0
        self._samples = 0

    def add(self, dissimilarity: float) -> None:
        """Take the score of one more sample; a score that is no number is no match."""
        self._samples += 1
        self._matches += dissimilarity <= self._threshold

    @property
    def progress(self) -> float:
        """Return how near (0..1) a verdict is, without telling which."""
        if self.verdict is not None:
            return 1.0
        return self._samples / FRAMES_WANTED

    @property
    def verdict(self) -> Verdict | None:
        """Return the verdict, None while it is open."""
        if self._matches >= MATCHES_NEEDED:
            return Verdict.MATCH
        if self._samples - self._matches > FRAMES_WANTED - MATCHES_NEEDED:
            return Verdict.NON_MATCH
        return None
