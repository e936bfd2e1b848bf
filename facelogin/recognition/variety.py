"""What an enrolment's samples lack: light, nearness, variety. For asking, never for refusing.

Judged from the reduced frames that tell repeats apart, so it costs a fraction of a millisecond and
is the same for every engine. Whether somebody wears glasses is not judged: neither of OpenCV's eye
cascades tells it reliably, and asking everybody to take off what most do not wear helps nobody.
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from facelogin.recognition.types import FaceRegion, Fingerprint, Observation

Patch = npt.NDArray[np.float32]
"""(16, 16) float32, grey levels: a face as coarsely as the fingerprint shows it."""

PATCH_SIDE = 16
EDGE = 3  # of the patch: hair, ears, background
RECENT = 3  # samples whose light and size are averaged: one frame is no reason to ask
# Grey levels of 255 over the inner face. Refused is under 30 (quality.py); back-lit people of the
# webcam set have 46 to 63 and are those whose references work worst another day.
DIM_MEAN = 65.0
# Difference of the halves over their mean. Refused from 0.75; lit by one lamp at the side 0.5.
UNEVEN = 0.45
FAR_SHARE = 0.2  # of the frame's width; 128 px of 640, where the templates see a face of 96
SAMPLES_COMPARED = 4  # before this many there is nothing to say about variety
# One minus the correlation of the two most different samples. Sitting still: 0.04 to 0.08 (webcam,
# talking man); with natural movement or a turn of 5 degrees and more: 0.1 to 0.7.
ALIKE = 0.1


class Wish(StrEnum):
    """What would make the reference better (contract section 3, `capture.prompt`)."""

    MORE_LIGHT = "more_light"
    COME_CLOSER = "come_closer"
    TURN_SLIGHTLY = "turn_slightly"


def cut_patch(frame: Fingerprint, face: FaceRegion) -> Patch:
    """Return the face of a reduced frame, between whose pixels is interpolated.

    Parameters
    ----------
    frame : (48, 64) uint8
    face : FaceRegion

    Returns
    -------
    (16, 16) float32
    """
    height, width = frame.shape
    steps = np.linspace(0, 1, PATCH_SIDE)
    x = np.clip((face.x + face.width * steps) * width - 0.5, 0, width - 1)
    y = np.clip((face.y + face.height * steps) * height - 0.5, 0, height - 1)
    rows = np.array([np.interp(x, np.arange(width), row) for row in frame.astype(np.float32)])
    patch = [np.interp(y, np.arange(height), column) for column in rows.T]
    return np.array(patch, np.float32).T


class Variety:
    """The accepted samples of one enrolment, as coarse patches; forgotten with it."""

    def __init__(self) -> None:
        self._patches: list[Patch] = []
        self._widths: list[float] = []

    def add(self, sample: Observation) -> None:
        """Take an accepted sample."""
        if sample.fingerprint is not None and sample.face is not None:
            self._patches.append(cut_patch(sample.fingerprint, sample.face))
            self._widths.append(sample.face.width)

    @property
    def wish(self) -> Wish | None:
        """Return what is missing most; None if nothing is, or too little was seen to say."""
        if len(self._patches) < RECENT:
            return None
        inner = np.mean(self._patches[-RECENT:], axis=0)[EDGE:-EDGE, EDGE:-EDGE]
        left, right = np.hsplit(inner, 2)
        mean = float(inner.mean())
        if mean < DIM_MEAN or abs(float(left.mean() - right.mean())) > UNEVEN * mean:
            return Wish.MORE_LIGHT
        if np.mean(self._widths[-RECENT:]) < FAR_SHARE:
            return Wish.COME_CLOSER
        if len(self._patches) >= SAMPLES_COMPARED and self.spread < ALIKE:
            return Wish.TURN_SLIGHTLY
        return None

    @property
    def spread(self) -> float:
        """Return how much the two most different samples differ: 0 (equal) to 2."""
        inner = np.stack([patch[EDGE:-EDGE, EDGE:-EDGE].ravel() for patch in self._patches])
        inner -= inner.mean(axis=1, keepdims=True)
        inner /= np.maximum(np.linalg.norm(inner, axis=1, keepdims=True), 1e-6)
        return float(1 - (inner @ inner.T).min())
