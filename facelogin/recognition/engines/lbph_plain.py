"""OpenCV's LBPH on the detector's own box: what every other engine is compared with."""

import cv2
import numpy as np
import numpy.typing as npt

from facelogin.recognition.frame import Frame
from facelogin.recognition.imaging import tan_triggs
from facelogin.recognition.types import Box, Face, Grey, Template

RADIUS = 2
NEIGHBOURS = 8
GRID = 8
CELLS, BINS = GRID**2, 2**NEIGHBOURS
FACE_SIDE = 96  # px; tried 64 to 128: the widest gap between people within one light
# OpenCV loses `RADIUS` pixels at each edge and cuts the rest into cells of equal whole pixels.
CELL_PIXELS = ((FACE_SIDE - 2 * RADIUS) // GRID) ** 2


def chi_square(probe: Template, templates: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Dissimilarity of one template to each of several.

    Parameters
    ----------
    probe : (cells, bins) uint8
    templates : (samples, cells, bins) uint8
        Counts of local binary patterns, one row per grid cell.

    Returns
    -------
    (samples,) float32
        Unitless, 0 (equal) to 4 * cells; smaller is more alike.

    Raises
    ------
    ValueError
        If the shapes do not fit; the message gives both.

    Source: Ahonen, Hadid, Pietikainen 2006, doi:10.1109/TPAMI.2006.244; OpenCV
    HISTCMP_CHISQR_ALT on histograms that each sum to 1.
    """
    if templates.shape[1:] != probe.shape:
        raise ValueError(f"a probe of {probe.shape} does not fit templates of {templates.shape}")
    a = probe.astype(np.float32)
    b = templates.astype(np.float32)
    total = a + b
    squared = np.square(a - b)
    # An empty bin on both sides adds nothing; the 1 only keeps 0/0 away.
    np.divide(squared, np.where(total > 0, total, 1), out=squared)
    return np.asarray(2 / CELL_PIXELS * squared.sum(axis=(1, 2)), dtype=np.float32)


class PlainLbphEngine:
    """OpenCV's LBPH on the inner box with its light normalised; no alignment, no edges."""

    name = "lbph_plain"

    def __init__(self) -> None:
        self._recognizer = cv2.face.LBPHFaceRecognizer.create(RADIUS, NEIGHBOURS, GRID, GRID)

    def template(self, frame: Frame, face: Face) -> Template:
        """Return the (64, 256) uint8 counts of local binary patterns, by cell of an 8x8 grid."""
        inner = inner_face(face.box).cut(frame.grey)
        square = cv2.resize(inner, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_AREA)
        return self.counts(tan_triggs(square.astype(np.uint8, copy=False)))

    def counts(self, image: Grey) -> Template:
        """Return OpenCV's histograms of a normalised (96, 96) face as exact counts.

        OpenCV divides each cell's histogram by its pixels, 121 at these sizes; multiplied back it
        is whole numbers that fit a byte. The only way to them is training on a single image.
        """
        self._recognizer.train([image], np.zeros(1, np.int32))
        histogram = self._recognizer.getHistograms()[0]
        return np.rint(histogram * CELL_PIXELS).astype(np.uint8).reshape(CELLS, BINS)

    def dissimilarities(
        self, probe: Template, templates: npt.NDArray[np.generic]
    ) -> npt.NDArray[np.float32]:
        """Return the chi-square distance to each of several templates."""
        return chi_square(probe, templates.astype(np.uint8, copy=False))


def inner_face(box: Box) -> Box:
    """Return the part of a Haar box that is face on everybody: without hair, ears, background."""
    margin = box.side // 10
    return Box(box.x + margin, box.y + margin, box.side - 2 * margin)
