"""Turning a face upright by its eyes, so that the same place holds the same part of everybody."""

from collections.abc import Mapping

import cv2
import numpy as np

from facelogin.recognition.detection import load_cascade
from facelogin.recognition.types import Box, Face, Grey, Point

# Named by the person's own eyes: the right one is on the picture's left.
ON_THE_LEFT = "haarcascade_righteye_2splits.xml"
ON_THE_RIGHT = "haarcascade_lefteye_2splits.xml"

SEARCH_SIDE = 120  # px; the face's box is brought to this width: each eye costs under a millisecond
TOP, BOTTOM = 0.15, 0.62  # where eyes are, as shares of the box's height ...
SHARE_OF_WIDTH = 0.6  # ... and of its width, from its own side
SMALLEST, LARGEST = 0.14, 0.4  # side of an eye's window, as shares of the box's
NEIGHBOURS = 1
# These cascades were trained on windows that hold the brow: the pupil is below their middle, and a
# little towards the nose. Shares of the window's side, checked on the public-domain portrait.
BELOW, INWARD = 0.17, 0.03
# Where eyes usually are in the detector's box, and how far from there they are believed.
USUAL = (0.305, 0.40)
SPREAD, FARTHEST = 0.06, 0.147
USUAL_DISTANCE = 1 - 2 * USUAL[0]
NEAREST_APART, FARTHEST_APART = 0.28, 0.50  # of a pair, as shares of the box's side
MOST_SLANT = 0.10  # difference in height, as a share of the box's side

_Place = tuple[float, float]  # shares of the box's side


class EyeFinder:
    """Finds the two eyes in a face's box, each with the cascade trained for it.

    Parameters
    ----------
    cascades : mapping of str to str
        The XML texts of ON_THE_LEFT and ON_THE_RIGHT.
    """

    def __init__(self, cascades: Mapping[str, str]) -> None:
        self._left = load_cascade(cascades[ON_THE_LEFT])
        self._right = load_cascade(cascades[ON_THE_RIGHT])

    def find(self, grey: Grey, box: Box, *, both: bool = False) -> tuple[Point, Point] | None:
        """Return the centres of the eyes, the one on the picture's left first.

        None if neither was seen: closed, behind dark glasses, or no face at all. Where only one was
        seen the other is at its usual distance, unless `both` must be seen.
        """
        scale = SEARCH_SIDE / box.side
        top, bottom = int(TOP * box.side), int(BOTTOM * box.side)
        upper = grey[box.y + top : box.y + bottom, box.x : box.x + box.side]
        if min(upper.shape) < 1:
            return None
        size = (SEARCH_SIDE, max(1, round(upper.shape[0] * scale)))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = np.asarray(cv2.resize(upper, size, interpolation=way), np.uint8)
        first_row = top / box.side
        width = int(SHARE_OF_WIDTH * SEARCH_SIDE)
        left = _surest(self._left, small[:, :width], first_row)
        right = _surest(self._right, small[:, -width:], first_row, is_right=True)
        pair = _plausible(left, right)
        if pair is None and not both:
            pair = _completed(left, right)
        if pair is None:
            return None
        (ax, ay), (bx, by) = pair
        return (
            (box.x + ax * box.side, box.y + ay * box.side),
            (box.x + bx * box.side, box.y + by * box.side),
        )


_Seen = tuple[float, _Place]  # how sure, and where


def _surest(
    cascade: cv2.CascadeClassifier, half: Grey, first_row: float, *, is_right: bool = False
) -> _Seen | None:
    """Return the eye that is seen best near where eyes are."""
    found, votes = cascade.detectMultiScale2(
        np.ascontiguousarray(half),
        scaleFactor=1.1,
        minNeighbors=NEIGHBOURS,
        minSize=(int(SMALLEST * SEARCH_SIDE),) * 2,
        maxSize=(int(LARGEST * SEARCH_SIDE),) * 2,
    )
    offset = SEARCH_SIDE - half.shape[1] if is_right else 0
    inward = -INWARD if is_right else INWARD
    usual = (1 - USUAL[0] if is_right else USUAL[0], USUAL[1])
    best: _Seen | None = None
    for (x, y, side, _), count in zip(found, votes, strict=True):
        place = (
            float(offset + x + side * (0.5 + inward)) / SEARCH_SIDE,
            float(y + side * (0.5 + BELOW)) / SEARCH_SIDE + first_row,
        )
        away = float(np.hypot(place[0] - usual[0], place[1] - usual[1]))
        if away > FARTHEST:
            continue
        sure = float(count) * float(np.exp(-0.5 * (away / SPREAD) ** 2))
        if best is None or sure > best[0]:
            best = (sure, place)
    return best


def _plausible(left: _Seen | None, right: _Seen | None) -> tuple[_Place, _Place] | None:
    """Return the pair if it can be one person's eyes."""
    if left is None or right is None:
        return None
    (ax, ay), (bx, by) = left[1], right[1]
    fits = NEAREST_APART < bx - ax < FARTHEST_APART and abs(by - ay) < MOST_SLANT
    return (left[1], right[1]) if fits else None


def _completed(left: _Seen | None, right: _Seen | None) -> tuple[_Place, _Place] | None:
    """Return the surer eye with the other where it usually is."""
    if left and (right is None or left[0] > right[0]):
        x, y = left[1]
        return (x, y), (x + USUAL_DISTANCE, y)
    if right:
        x, y = right[1]
        return (x - USUAL_DISTANCE, y), (x, y)
    return None


def usual_eyes(box: Box) -> tuple[Point, Point]:
    """Return where the eyes of a face in this box usually are."""
    row = box.y + USUAL[1] * box.side
    return (box.x + USUAL[0] * box.side, row), (box.x + (1 - USUAL[0]) * box.side, row)


def upright(grey: Grey, face: Face, side: int, eyes_at: tuple[float, float]) -> Grey:
    """Return the face turned and scaled so that its eyes are at fixed places.

    Parameters
    ----------
    grey : (height, width) uint8
    face : Face
        Without eyes the usual places in its box are taken.
    side : int
        Of the result in pixels.
    eyes_at : pair of float
        The left eye in the result, as shares of its side; the right one mirrors it.

    Returns
    -------
    (side, side) uint8
    """
    return warp(grey, upright_matrix(face, side, eyes_at), side)


def upright_matrix(
    face: Face, side: int, eyes_at: tuple[float, float]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the (2, 3) similarity that `upright` moves pixels by: turn, scale and shift."""
    (ax, ay), (bx, by) = face.eyes or usual_eyes(face.box)
    across, down = bx - ax, by - ay
    apart = max(float(np.hypot(across, down)), 1e-6)
    scale = (1 - 2 * eyes_at[0]) * side / apart
    cos, sin = across / apart * scale, down / apart * scale
    left, top = eyes_at[0] * side, eyes_at[1] * side
    return np.array(
        [[cos, sin, left - cos * ax - sin * ay], [-sin, cos, top + sin * ax - cos * ay]]
    )


def warp(
    picture: Grey, matrix: np.ndarray[tuple[int, ...], np.dtype[np.float64]], side: int
) -> Grey:
    """Return the (side, side) part of a picture that a (2, 3) matrix brings to it."""
    moved = cv2.warpAffine(
        picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.uint8)
