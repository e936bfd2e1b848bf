"""An engine's calibration table: how often different people were taken for each other, and where.

FACELOGIN_FALSE_MATCH_RATE picks the threshold from it.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from facelogin.evaluation.statistics import Comparisons, threshold_at, upper_bound

RATES = (
    0.0001, 0.0002, 0.0003, 0.0005, 0.0007, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.007, 0.01,
    0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2,
)  # fmt: skip
STEPS = 100_000  # of a threshold; rounded down, so that no further score matches


def _pairs(comparisons: Comparisons) -> dict[tuple[int, int], float]:
    """Return each pair of people's smallest score."""
    low = np.minimum(comparisons.references, comparisons.probes)
    high = np.maximum(comparisons.references, comparisons.probes)
    nearest: dict[tuple[int, int], float] = {}
    for one, other, score in zip(low, high, comparisons.scores, strict=True):
        pair = (int(one), int(other))
        nearest[pair] = min(nearest.get(pair, math.inf), float(score))
    return nearest


def _rounded_down(threshold: float) -> float:
    steps = math.floor(threshold * STEPS)
    if steps / STEPS > threshold:  # the multiplication rounded up
        steps -= 1
    return steps / STEPS


def make_table(
    engine: str, command: str, groups: Sequence[Comparisons], people: int
) -> dict[str, Any]:
    """Return the table: at each rate the largest threshold that no folder alone exceeds.

    Pooling alone would flatter: people before different cameras are easily told apart. A rate under
    one in the number of comparisons gets no point.

    Parameters
    ----------
    engine, command : str
        Whose table it is, and what made it.
    groups : sequence of Comparisons
        Non-mated ones, those of each folder and, if there are, those between folders; people are
        numbered over all of them.
    people : int
    """
    pooled = np.concatenate([group.scores for group in groups])
    furthest = pooled[np.isfinite(pooled)].max(initial=-np.inf)
    nearest: dict[tuple[int, int], float] = {}
    for group in groups:
        for pair, score in _pairs(group).items():
            nearest[pair] = min(nearest.get(pair, math.inf), score)
    points = []
    for rate in RATES:
        shown = [threshold_at(scores, rate) for scores in (pooled, *(g.scores for g in groups))]
        if shown[0] is None:
            continue
        # A folder too small to show the rate still says what its own nearest pair forbids.
        smallest = [float(group.scores.min()) for group in groups if len(group.scores)]
        limits = [
            threshold if threshold is not None else float(np.nextafter(least, -np.inf))
            for threshold, least in zip(shown[1:], smallest, strict=True)
        ]
        strictest = min([shown[0], *limits])
        if strictest >= furthest:
            break  # faces too far apart to be normalised would have to match
        threshold = _rounded_down(strictest)
        erring = sum(score <= threshold for score in nearest.values())
        points.append(
            {
                "false_match_rate": rate,
                "threshold": threshold,
                "errors": int(np.count_nonzero(pooled <= threshold)),
                "trials": len(pooled),
                "pairs_with_error": int(erring),
                "people_bound": round(upper_bound(int(erring), len(nearest)), 5),
            }
        )
    return {
        "engine": engine,
        "made_by": command,
        "people": people,
        "pairs_of_people": len(nearest),
        "points": points,
    }
