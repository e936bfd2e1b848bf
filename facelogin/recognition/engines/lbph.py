"""Local binary patterns on the edges of an aligned face: OpenCV counts them, numpy compares them.

What light does to a face changes slowly across it; its edges stay. So patterns are taken not of the
brightness but of how strong edges of each direction are (POEM), on a face turned upright by its
eyes. Face and mirror image are counted together: light from one side then looks like light from the
other.
"""

import cv2
import numpy as np
import numpy.typing as npt

from facelogin.recognition.alignment import upright
from facelogin.recognition.engines.patterns import MIRRORED, UNIFORM, UNIFORM_BINS
from facelogin.recognition.frame import Frame
from facelogin.recognition.imaging import tan_triggs_band
from facelogin.recognition.types import Face, Grey, Template

FACE_SIDE = 96  # px
EYES_AT = (0.31, 0.38)  # shares of the upright face's side: the left eye; the right mirrors it
DIRECTIONS = 3  # of edges, over half a turn
EDGE_SIGMA = 2.5  # px; over which the strength of edges is summed up
RADIUS, NEIGHBOURS, GRID = 3, 8, 8
# OpenCV loses `RADIUS` pixels at each edge and cuts the rest into cells of equal whole pixels.
CELL_PIXELS = ((FACE_SIDE - 2 * RADIUS) // GRID) ** 2
# Face and mirror image together are the same on both sides, so one half of the columns is kept.
CELLS = DIRECTIONS * GRID * GRID // 2
MOST = 2 * CELL_PIXELS  # counts in a cell; fits a byte
_ROOTS = np.sqrt(np.arange(256, dtype=np.float32))  # of whatever a byte may hold


class LbphEngine:
    """Patterns of oriented edge magnitudes on the upright, light-normalised face.

    Sources: Vu and Caplier 2012, doi:10.1109/TIP.2011.2166974 (POEM); Tan and Triggs 2010,
    doi:10.1109/TIP.2010.2042645; Ojala, Pietikainen and Maenpaa 2002,
    doi:10.1109/TPAMI.2002.1017623 (uniform patterns).
    """

    name = "lbph"

    def __init__(self) -> None:
        self._counter = cv2.face.LBPHFaceRecognizer.create(RADIUS, NEIGHBOURS, GRID, GRID)

    def template(self, frame: Frame, face: Face) -> Template:
        """Return (96, 59) uint8: how often each uniform pattern occurs in each cell.

        A cell is one direction of edges in one place of the left half of the grid.
        """
        return self.counts(upright(frame.grey, face, FACE_SIDE, EYES_AT))

    def counts(self, square: Grey) -> Template:
        """Return the template of an upright (96, 96) face."""
        maps = np.stack([self._count(edges) for edges in edge_maps(tan_triggs_band(square))])
        # The mirror image has the same edges on the other side, leaning the other way.
        leaning = -np.arange(DIRECTIONS) % DIRECTIONS
        mirrored = maps[leaning][:, :, ::-1][..., MIRRORED]
        half = (maps + mirrored)[:, :, : GRID // 2]
        return half.reshape(CELLS, UNIFORM_BINS).astype(np.uint8)

    def _count(self, edges: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """Return OpenCV's histograms as exact counts of uniform patterns, (rows, columns, 59).

        OpenCV divides each cell's histogram by its pixels. The only way to it is training on a
        single image.
        """
        self._counter.train([edges], np.zeros(1, np.int32))
        shares = np.asarray(self._counter.getHistograms()[0]).reshape(GRID * GRID, -1)
        counts = np.rint(shares * CELL_PIXELS) @ UNIFORM
        return counts.astype(np.int64).reshape(GRID, GRID, UNIFORM_BINS)

    def dissimilarities(
        self, probe: Template, templates: npt.NDArray[np.generic]
    ) -> npt.NDArray[np.float32]:
        """Return the squared Hellinger distance to each of (samples, 96, 59) templates.

        0 (equal) to 1 (no pattern in common anywhere), unitless; (samples,) float32.

        Raises
        ------
        ValueError
            If the shapes do not fit; the message gives both.
        """
        if templates.shape[1:] != probe.shape or probe.shape != (CELLS, UNIFORM_BINS):
            raise ValueError(
                f"a probe of {probe.shape} does not fit templates of {templates.shape}"
            )
        difference = _ROOTS[templates.astype(np.uint8, copy=False)] - _ROOTS[probe]
        total = np.square(difference, out=difference).sum(axis=(1, 2))
        return np.asarray(total / (2 * CELLS * MOST), dtype=np.float32)


def edge_maps(picture: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
    """Return how strong the edges of each direction are around each pixel.

    An edge between two directions counts for both, in proportion.

    Parameters
    ----------
    picture : (height, width) float32

    Returns
    -------
    list of (height, width) float32
        One for each of DIRECTIONS.
    """
    across = cv2.Sobel(picture, cv2.CV_32F, 1, 0, ksize=1)
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1, ksize=1)
    strength, angle = cv2.cartToPolar(across, down)
    place = (np.asarray(angle) / np.pi * DIRECTIONS) % DIRECTIONS
    maps = []
    for direction in range(DIRECTIONS):
        away = np.abs(place - direction)
        share = np.maximum(1 - np.minimum(away, DIRECTIONS - away), 0)
        summed = cv2.GaussianBlur(strength * share, (0, 0), EDGE_SIGMA)
        maps.append(np.asarray(summed, np.float32))
    return maps
