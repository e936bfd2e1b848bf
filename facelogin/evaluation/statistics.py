"""Error rates of scores, with how far they can be believed. Scores are dissimilarities."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

Scores = npt.NDArray[np.float64]
BOOTSTRAPS = 400


def upper_bound(errors: int, trials: int) -> float:
    """Return the one-sided 95 % upper bound of a rate (Clopper and Pearson 1934)."""
    return float(beta.ppf(0.95, errors + 1, trials - errors)) if errors < trials else 1.0


@dataclass(frozen=True)
class Comparisons:
    """Scores of one kind of comparison, each with whose reference and whose probe it was.

    Attributes
    ----------
    scores : (comparisons,) float64
    references, probes : (comparisons,) int
        Numbers of people.
    """

    scores: Scores
    references: npt.NDArray[np.int64]
    probes: npt.NDArray[np.int64]

    @classmethod
    def of(cls, found: list[tuple[Scores, int, int]]) -> "Comparisons":
        """Put scores of pairs of people together."""
        if not found:
            return cls(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))
        sizes = [len(scores) for scores, _, _ in found]
        return cls(
            np.concatenate([scores for scores, _, _ in found]).astype(np.float64),
            np.repeat([reference for _, reference, _ in found], sizes),
            np.repeat([probe for _, _, probe in found], sizes),
        )

    def without(self, person: int) -> "Comparisons":
        """Return the comparisons that one person has no part in."""
        kept = (self.references != person) & (self.probes != person)
        return Comparisons(self.scores[kept], self.references[kept], self.probes[kept])


def threshold_at(non_mated: Scores, rate: float) -> float | None:
    """Return the largest threshold at which no more than this share of scores matches.

    A score at or under it matches. None if the rate is smaller than one in the number of scores: it
    was never measured.
    """
    allowed = int(rate * len(non_mated) + 1e-9)
    if allowed < 1:
        return None
    return float(np.nextafter(np.partition(non_mated, allowed)[allowed], -np.inf))


def non_match_rate(mated: Scores, threshold: float) -> tuple[int, int]:
    """Return how many mated scores do not match, of how many."""
    # A score that is none (not a number) matches nobody.
    return int(np.count_nonzero(~(mated <= threshold))), len(mated)


def equal_error_rate(mated: Scores, non_mated: Scores) -> float:
    """Return the rate at which as many own people are refused as others are taken for them."""
    thresholds = np.unique(np.concatenate([mated, non_mated]))
    refused = 1 - np.searchsorted(np.sort(mated), thresholds, side="right") / len(mated)
    accepted = np.searchsorted(np.sort(non_mated), thresholds, side="right") / len(non_mated)
    at = int(np.argmin(np.abs(refused - accepted)))
    return float((refused[at] + accepted[at]) / 2)


def trade_off(mated: Scores, non_mated: Scores, points: int = 200) -> tuple[Scores, Scores]:
    """Return false match and false non-match rates over thresholds, for a DET curve."""
    rates = np.geomspace(1 / max(len(non_mated), 2), 0.5, points)
    ordered = np.sort(non_mated)
    thresholds = ordered[np.minimum((rates * len(ordered)).astype(int), len(ordered) - 1)]
    refused = 1 - np.searchsorted(np.sort(mated), thresholds, side="left") / len(mated)
    return rates, refused


def over_people(
    mated: Comparisons, non_mated: Comparisons, rate: float, seed: int, people: int
) -> tuple[float, float] | None:
    """Return the 95 % interval of the non-match rate at a false match rate, by resampling people.

    People are drawn, not comparisons: hundreds of frames of one person are one person. None if the
    rate was never measured.

    Source: Bolle, Ratha and Pankanti 2004, doi:10.1016/j.cviu.2003.08.002 (subsets bootstrap).
    """
    if threshold_at(non_mated.scores, rate) is None or not len(mated.scores):
        return None
    random = np.random.default_rng(seed)
    order = np.argsort(non_mated.scores)
    scores = non_mated.scores[order]
    references, probes = non_mated.references[order], non_mated.probes[order]
    found = []
    for _ in range(BOOTSTRAPS):
        drawn = np.bincount(random.integers(0, people, people), minlength=people)
        weights = np.cumsum(drawn[references] * drawn[probes])
        own = drawn[mated.references]
        if not weights[-1] or not own.sum():
            continue
        # The first score that would be one error too many is no match any more.
        at = int(np.searchsorted(weights, rate * weights[-1], side="right"))
        missed = mated.scores >= scores[min(at, len(scores) - 1)]
        found.append(float((own * missed).sum() / own.sum()))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def median_of_eight(scores: Scores) -> Scores:
    """Return the medians of eight scores in a row, each score in one of them only."""
    starts = range(0, len(scores) - 7, 8)
    return np.array([np.median(scores[start : start + 8]) for start in starts])


Reduce = Callable[[Scores], Scores]
