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

    def add(self, dissimilarity: float) -> bool:
        """Take the score of one more sample and say whether it is a match; no number is none.

        Samples after the verdict change it no more.
        """
        is_match = dissimilarity <= self._threshold
        if self.verdict is None:
            self._samples += 1
            self._matches += is_match
        return is_match

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
