"""All comparisons of one folder's captures, from one matrix of distances between samples."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from facelogin.evaluation.capturing import Capture
from facelogin.evaluation.statistics import Comparisons, Reduce, Scores
from facelogin.recognition import COHORT_PEOPLE, Engine, pool, s_norm

REFERENCE_SAMPLES = 10  # as many as the product keeps of an enrolment
LEAST_SAMPLES = 5  # of an occasion that takes part
# The product wants eight others. Research sets are small, and with four it can be shown that a
# normalised score is one, though not yet that it helps.
LEAST_COHORT = 4

Indices = npt.NDArray[np.int64]


def spread(indices: Indices, count: int) -> Indices:
    """Return at most so many of the samples, over the whole occasion."""
    picked = np.linspace(0, len(indices) - 1, min(count, len(indices))).astype(int)
    return np.asarray(indices[picked])


@dataclass(frozen=True)
class Claim:
    """A reference as rows of the matrix: samples and which capture each is from."""

    person: int
    samples: Indices
    groups: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, person: int, captures: Sequence[Indices], count: int) -> "Claim":
        """Return the reference of one or more captures, `count` samples of each."""
        parts = [spread(capture, count) for capture in captures]
        groups = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        return cls(person, np.concatenate(parts), groups.astype(np.uint8))


class Folder:
    """The captures of one folder and all distances between their samples.

    Parameters
    ----------
    captures : sequence of Capture
    engine : Engine
    limit : float, optional
        Judge each score against the other people of the folder, as FACELOGIN_COHORT does; a plain
        score over the limit matches nobody.
    """

    def __init__(
        self, captures: Sequence[Capture], engine: Engine, *, limit: float | None = None
    ) -> None:
        used = [capture for capture in captures if len(capture.samples) >= LEAST_SAMPLES]
        self.name = captures[0].occasion.folder
        self.people = sorted({capture.occasion.person for capture in used})
        self.sessions = [
            (self.people.index(capture.occasion.person), capture.occasion.session)
            for capture in used
        ]
        ends = np.cumsum([len(capture.samples) for capture in used])
        self.rows = [
            np.arange(end - len(c.samples), end) for end, c in zip(ends, used, strict=True)
        ]
        self.samples = np.concatenate([capture.samples for capture in used])
        self._engine = engine
        self._limit = limit

    @cached_property
    def distances(self) -> npt.NDArray[np.float32]:
        """Return (samples, samples) float32."""
        return np.stack([self._engine.dissimilarities(one, self.samples) for one in self.samples])

    @cached_property
    def _middles(self) -> Indices:
        """Return one sample of each person: what a cohort knows of them."""
        first = {person: rows for (person, _), rows in reversed(self._pairs())}
        return np.array([first[n][len(first[n]) // 2] for n in range(len(self.people))])

    def _pairs(self) -> list[tuple[tuple[int, str], Indices]]:
        return list(zip(self.sessions, self.rows, strict=True))

    def scores(self, claim: Claim, probes: Indices, person: int) -> Scores:
        """Return the scores of one person's probes against a reference; (probes,) float64."""
        block = self.distances[np.ix_(probes, claim.samples)]
        plain = np.array([pool(row, claim.groups) for row in block])
        if self._limit is None:
            return plain
        others = [n for n in range(len(self.people)) if n not in {claim.person, person}]
        cohort = self._middles[others[:COHORT_PEOPLE]]
        own = [pool(row, claim.groups) for row in self.distances[np.ix_(cohort, claim.samples)]]
        mean, deviation = float(np.mean(own)), float(np.std(own))
        against = self.distances[np.ix_(probes, cohort)]
        normalised = [
            s_norm(score, row, mean, deviation) if score <= self._limit else np.inf
            for score, row in zip(plain, against, strict=True)
        ]
        return np.array(normalised)

    @property
    def can_be_normalised(self) -> bool:
        """Say whether enough other people are there."""
        return len(self.people) >= LEAST_COHORT + 2

    def same_session(self) -> Iterator[tuple[Scores, int, int]]:
        """Yield each occasion's second half against its first."""
        for (person, _), rows in self._pairs():
            half = len(rows) // 2
            claim = Claim.of(person, [rows[:half]], REFERENCE_SAMPLES)
            yield self.scores(claim, rows[half:], person), person, person

    def another_session(self, enrolled: int) -> Iterator[tuple[Scores, int, int]]:
        """Yield each person's occasion against so many others of theirs."""
        for person in range(len(self.people)):
            own = [n for n, (whose, _) in enumerate(self.sessions) if whose == person]
            for chosen in itertools.combinations(own, enrolled):
                claim = Claim.of(person, [self.rows[n] for n in chosen], REFERENCE_SAMPLES)
                for other in set(own) - set(chosen):
                    yield self.scores(claim, self.rows[other], person), person, person

    def non_mated(self) -> Iterator[tuple[Scores, int, int]]:
        """Yield every occasion's reference against every other person's samples."""
        for (person, _), rows in self._pairs():
            yield from self._against_others(Claim.of(person, [rows], REFERENCE_SAMPLES))

    def non_mated_two(self) -> Iterator[tuple[Scores, int, int]]:
        """Yield references of two occasions against every other person's samples."""
        for person in range(len(self.people)):
            own = [rows for (whose, _), rows in self._pairs() if whose == person]
            for captures in itertools.combinations(own, 2):
                yield from self._against_others(Claim.of(person, captures, REFERENCE_SAMPLES))

    def _against_others(self, claim: Claim) -> Iterator[tuple[Scores, int, int]]:
        for (other, _), probes in self._pairs():
            if other != claim.person:
                yield self.scores(claim, probes, other), claim.person, other

    def comparisons(self, kind: str, reduce: Reduce | None = None) -> Comparisons:
        """Return all comparisons of one kind.

        Parameters
        ----------
        kind : str
            same_session, another_session, two_sessions, non_mated, or non_mated_two.
        reduce : callable, optional
            Makes decisions of the scores of one occasion, such as medians of eight.
        """
        kinds: dict[str, Callable[[], Iterator[tuple[Scores, int, int]]]] = {
            "same_session": self.same_session,
            "another_session": lambda: self.another_session(1),
            "two_sessions": lambda: self.another_session(2),
            "non_mated": self.non_mated,
            "non_mated_two": self.non_mated_two,
        }
        return Comparisons.of([(reduce(s) if reduce else s, a, b) for s, a, b in kinds[kind]()])
