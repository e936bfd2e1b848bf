"""From the distances to a reference's samples to one score; the same for every engine."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facelogin.recognition.engines import Engine
from facelogin.recognition.types import Reference, Template

NEAREST = 3  # samples of each group that a probe is compared with
# How much the nearest capture says beside the mean of all: alone, it would know nothing of a third
# light; without it, adding a light would cost the person the first one (decision 41).
NEAREST_CAPTURE = 0.5
# Under eight other people the normalised score is worse than the plain one (decision 47).
COHORT_LEAST = 8
# Bounds what an attempt reads and a frame is compared with, however many people agreed.
COHORT_PEOPLE = 24
# A spread is never taken for less than this share of the other one: a probe about equally far from
# everybody (a blurred or covered face) has a tiny spread, which would blow a tiny difference up.
LEAST_SPREAD_SHARE = 0.5


@dataclass(frozen=True)
class Cohort:
    """Samples of other people, made by one engine: what being somebody else looks like here.

    Attributes
    ----------
    engine : str
    templates : (people, ...)
        One sample of each person, in the engine's own shape.
    """

    engine: str
    templates: npt.NDArray[np.generic]

    def __post_init__(self) -> None:
        if not COHORT_LEAST <= len(self.templates) <= COHORT_PEOPLE:
            raise ValueError(
                f"a cohort has {COHORT_LEAST} to {COHORT_PEOPLE} people, not {len(self.templates)}"
            )

    @classmethod
    def of(cls, references: Sequence[Reference]) -> "Cohort":
        """Take the middle sample of each person's reference; ten measured no better than one.

        Raises
        ------
        ValueError
            If they are too few or too many, or of several engines.
        """
        engines = {reference.engine for reference in references}
        if len(engines) > 1:
            raise ValueError(f"references of {len(engines)} engines make no cohort")
        middle = [each.templates[len(each.templates) // 2] for each in references]
        return cls(engines.pop() if engines else "", np.stack(middle) if middle else np.zeros(0))


@dataclass(frozen=True)
class Background:
    """A cohort as one claimed person's reference sees it; worked out once an attempt.

    Attributes
    ----------
    cohort : Cohort
    mean, spread : float
        Of the cohort's samples, each compared with the claimed reference as a probe is.
    limit : float
        Plain score over which nothing matches, however far everybody else is: two people of one
        population look alike to a cohort of another one.
    """

    cohort: Cohort
    mean: float
    spread: float
    limit: float


def pool(distances: npt.NDArray[np.float32], groups: npt.NDArray[np.uint8]) -> float:
    """Return one score for a probe: near a capture it is near its nearest samples.

    With captures of several days or lights it is the mean of two: the smallest of their scores, and
    their mean. It is never under the smallest, so that so many captures let in other people at most
    so many times as often as one does: the threshold is taken for that rate.

    Parameters
    ----------
    distances : (samples,) float32
    groups : (samples,) uint8
    """
    nearest = [np.sort(distances[groups == group])[:NEAREST].mean() for group in np.unique(groups)]
    mean, smallest = float(np.mean(nearest)), float(np.min(nearest))
    return NEAREST_CAPTURE * smallest + (1 - NEAREST_CAPTURE) * mean


def dissimilarity(engine: Engine, probe: Template, reference: Reference) -> float:
    """Compare a probe with one person's reference; smaller is more alike.

    Raises
    ------
    ValueError
        If another engine made the reference, or its templates have another shape.
    """
    if reference.engine != engine.name:
        raise ValueError(f"{engine.name} cannot compare {reference.engine} templates")
    return pool(engine.dissimilarities(probe, reference.templates), reference.groups)


def s_norm(
    score: float, probe_scores: npt.NDArray[np.floating], mean: float, spread: float
) -> float:
    """Say how unusual a score is: in spreads away from what other people score.

    The mean of T-norm, which asks how the probe compares with other people's references, and of
    Z-norm, which asks how other people's probes compare with the claimed reference. Shifting or
    scaling all scores, as another light or camera does, changes nothing.

    Parameters
    ----------
    score : float
        Of the probe and the claimed reference.
    probe_scores : (people,)
        Of the same probe and each person of a cohort.
    mean, spread : float
        Of the cohort's probes and the claimed reference.

    Returns
    -------
    float
        Smaller is more alike; far below 0 where nobody of the cohort comes near. Infinity, which no
        threshold accepts, where nothing sets other people apart or a number is none.

    Source: T-norm: Auckenthaler, Carey, Lloyd-Thomas 2000, doi:10.1006/dspr.1999.0360. Their mean:
    Shum, Dehak, Dehak, Glass 2010 (Odyssey), after Kenny 2010 (Odyssey).
    """
    if not np.isfinite([score, mean, spread, *probe_scores]).all():
        return math.inf
    probe_mean, probe_spread = float(np.mean(probe_scores)), float(np.std(probe_scores))
    largest = max(probe_spread, spread)
    # Rounding alone makes a spread of about 1e-7 of the scores: no difference to divide by.
    if largest <= 1e-5 * max(abs(probe_mean), abs(mean)):
        return math.inf
    least = LEAST_SPREAD_SHARE * largest
    t_norm = (score - probe_mean) / max(probe_spread, least)
    z_norm = (score - mean) / max(spread, least)
    return (t_norm + z_norm) / 2


def background(
    engine: Engine, reference: Reference, cohort: Cohort, limit: float = math.inf
) -> Background:
    """Compare a cohort with one claimed person's reference; see `Background` for the limit.

    The claimed person must not be in it: their own sample would be what others look like.

    Raises
    ------
    ValueError
        If another engine made one of them, or the shapes differ.
    """
    if cohort.engine != engine.name:
        raise ValueError(f"{engine.name} cannot compare {cohort.engine} templates")
    scores = [dissimilarity(engine, template, reference) for template in cohort.templates]
    return Background(cohort, float(np.mean(scores)), float(np.std(scores)), limit)


def normalised(
    engine: Engine, probe: Template, reference: Reference, background: Background
) -> float:
    """Compare a probe with one person's reference against a cohort; smaller is more alike.

    Infinity, which no threshold accepts, over the background's limit.

    Raises
    ------
    ValueError
        If engines or shapes differ.
    """
    score = dissimilarity(engine, probe, reference)
    if not score <= background.limit:
        return math.inf
    # One by one: all at once need fresh memory for each frame, 9 ms instead of 2 for LBPH.
    others = [engine.dissimilarities(probe, each[None])[0] for each in background.cohort.templates]
    return s_norm(score, np.array(others), background.mean, background.spread)
