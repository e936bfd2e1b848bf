"""Making a reference from samples, and proving it before it counts."""

from collections.abc import Callable

import numpy as np

from facelogin.recognition.errors import EnrolmentRefused
from facelogin.recognition.types import Reference, Template

KEPT_SAMPLES = 10
LEFT_OUT_SAMPLES = 3
WANTED_SAMPLES = KEPT_SAMPLES + LEFT_OUT_SAMPLES
# One more light of somebody who is enrolled: less is stored, and it takes half the time.
EXTENSION_KEPT_SAMPLES = 5
EXTENSION_LEFT_OUT_SAMPLES = 2
EXTENSION_SAMPLES = EXTENSION_KEPT_SAMPLES + EXTENSION_LEFT_OUT_SAMPLES

Compare = Callable[[Template, Reference], float]


class Enrolment:
    """Collects samples of one attempt until there are enough.

    Parameters
    ----------
    kept, left_out : int
        How many samples make the reference, and how many prove it.
    """

    def __init__(self, kept: int = KEPT_SAMPLES, left_out: int = LEFT_OUT_SAMPLES) -> None:
        self._samples: list[Template] = []
        self._wanted = kept + left_out
        self._left_out = left_out

    @classmethod
    def of_another_light(cls) -> "Enrolment":
        """Return a shorter one, for an extension of a reference that is there."""
        return cls(EXTENSION_KEPT_SAMPLES, EXTENSION_LEFT_OUT_SAMPLES)

    def add(self, sample: Template) -> None:
        """Take one more sample; more than wanted are ignored."""
        if not self.is_complete:
            self._samples.append(sample)

    @property
    def progress(self) -> float:
        """Return the share (0..1) of the wanted samples that is there."""
        return len(self._samples) / self._wanted

    @property
    def is_complete(self) -> bool:
        """Say whether there are enough samples."""
        return len(self._samples) == self._wanted

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
            raise ValueError(f"{len(self._samples)} samples of {self._wanted}")
        # Every fourth one or so, so that the proof spans the whole capture.
        every = self._wanted // self._left_out
        left_out = self._samples[every - 1 :: every]
        kept = [s for n, s in enumerate(self._samples, start=1) if n % every]
        reference = Reference(engine, np.stack(kept))
        recognised = sum(compare(sample, reference) <= threshold for sample in left_out)
        if recognised <= len(left_out) // 2:
            raise EnrolmentRefused(f"{recognised} of {len(left_out)} left-out samples matched")
        return reference
