"""Making a reference from samples, and proving it before it counts."""

from collections.abc import Callable

import numpy as np

from facelogin.recognition.errors import EnrolmentRefused
from facelogin.recognition.types import Reference, Template

KEPT_SAMPLES = 10
LEFT_OUT_SAMPLES = 3
LEFT_OUT_NEEDED = 2
WANTED_SAMPLES = KEPT_SAMPLES + LEFT_OUT_SAMPLES
# Every fourth sample is left out, so that the proof spans the whole capture.
_LEFT_OUT_EVERY = 4

Compare = Callable[[Template, Reference], float]


class Enrolment:
    """Collects samples of one attempt until there are enough."""

    def __init__(self) -> None:
        self._samples: list[Template] = []

    def add(self, sample: Template) -> None:
        """Take one more sample; more than wanted are ignored."""
        if not self.is_complete:
            self._samples.append(sample)

    @property
    def progress(self) -> float:
        """Return the share (0..1) of the wanted samples that is there."""
        return len(self._samples) / WANTED_SAMPLES

    @property
    def is_complete(self) -> bool:
        """Say whether there are enough samples."""
        return len(self._samples) == WANTED_SAMPLES

    def finish(self, engine: str, compare: Compare, threshold: float) -> Reference:
        """Return the reference of the kept samples.

        Raises
        ------
        ValueError
            If samples are still missing.
        EnrolmentRefused
            If most left-out samples are further from the reference than the threshold: then the
            person would be refused at the door, where most of several samples decide as well.
        """
        if not self.is_complete:
            raise ValueError(f"{len(self._samples)} samples of {WANTED_SAMPLES}")
        left_out = self._samples[_LEFT_OUT_EVERY - 1 :: _LEFT_OUT_EVERY][:LEFT_OUT_SAMPLES]
        kept = [s for n, s in enumerate(self._samples, start=1) if n % _LEFT_OUT_EVERY]
        reference = Reference(engine, np.stack(kept))
        recognised = sum(compare(sample, reference) <= threshold for sample in left_out)
        if recognised < LEFT_OUT_NEEDED:
            raise EnrolmentRefused(f"{recognised} of {LEFT_OUT_SAMPLES} left-out samples matched")
        return reference
