"""CPU time of variants measured in turns, so that a busy machine slows them all alike."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.report import percentile


@dataclass(frozen=True)
class Timing:
    """Milliseconds of CPU time, one value a round."""

    rounds: Sequence[float]

    @property
    def median(self) -> float:
        """Return the middle round."""
        return median(self.rounds)

    def over(self, other: "Timing") -> float:
        """Return how many times the other this takes: the middle of the rounds' own ratios."""
        return median(a / b for a, b in zip(self.rounds, other.rounds, strict=True))

    def __str__(self) -> str:
        """Return the middle and the range that half of the rounds are in."""
        low, high = percentile(self.rounds, 0.25), percentile(self.rounds, 0.75)
        return f"{self.median:.2f} ({low:.2f} to {high:.2f})"


def in_turns(
    variants: Mapping[str, Callable[[], object]], rounds: int, *, has_warm_up: bool = True
) -> dict[str, Timing]:
    """Run every variant once a round, each round beginning with another one.

    The round to warm up is not counted: caches fill and OpenCV allocates.
    """
    names = list(variants)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(-1 if has_warm_up else 0, rounds):
        at = turn % len(names)
        for name in names[at:] + names[:at]:
            started = time.process_time()
            variants[name]()
            if turn >= 0:
                taken[name].append((time.process_time() - started) * 1000)
    return {name: Timing(values) for name, values in taken.items()}


class Stopwatch:
    """Adds up the CPU time between marks, by the name of what was done."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._at = time.process_time()

    def mark(self, step: str) -> None:
        """Book the time since the last mark as this step's."""
        now = time.process_time()
        self.milliseconds[step] = self.milliseconds.get(step, 0.0) + (now - self._at) * 1000
        self._at = now
