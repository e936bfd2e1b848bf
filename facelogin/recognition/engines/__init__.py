"""Engines turn a face into a template and compare templates; one module each."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from facelogin.recognition.engines.lbph import LbphEngine
from facelogin.recognition.engines.lbph_plain import PlainLbphEngine
from facelogin.recognition.frame import Frame
from facelogin.recognition.types import Face, Template

__all__ = ["ENGINES", "Engine"]


class Engine(Protocol):
    """What an engine can do. Distances are dissimilarities: smaller is more alike."""

    @property
    def name(self) -> str:
        """Return the name that references and settings know it by."""

    def template(self, frame: Frame, face: Face) -> Template:
        """Compute the template of a face in its frame."""

    def dissimilarities(
        self, probe: Template, templates: npt.NDArray[np.generic]
    ) -> npt.NDArray[np.float32]:
        """Compare a probe with (samples, ...) templates; return (samples,) float32.

        0 for equal templates, symmetric, bounded.

        Raises
        ------
        ValueError
            If the shapes do not fit.
        """


ENGINES: dict[str, Callable[[], Engine]] = {"lbph": LbphEngine, "lbph_plain": PlainLbphEngine}
