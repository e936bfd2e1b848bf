"""From the distances to a reference's samples to one score; the same for every engine."""

import numpy as np
import numpy.typing as npt

from facelogin.recognition.engines import Engine
from facelogin.recognition.types import Reference, Template

NEAREST = 3  # samples of each group that a probe is compared with


def pool(distances: npt.NDArray[np.float32], groups: npt.NDArray[np.uint8]) -> float:
    """Return the mean over groups of the mean distance to the nearest samples of each.

    Averaged over the captures of several days, not the smallest of them: whoever happens to be near
    one light of somebody is not near all of them.

    Parameters
    ----------
    distances : (samples,) float32
    groups : (samples,) uint8
    """
    nearest = [np.sort(distances[groups == group])[:NEAREST].mean() for group in np.unique(groups)]
    return float(np.mean(nearest))


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
