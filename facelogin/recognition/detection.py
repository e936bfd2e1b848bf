"""Finding the face: Viola-Jones (Haar) cascades at a reduced size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from facelogin.recognition.heading import SURELY_STRAIGHT, Heading, heading
from facelogin.recognition.search import Found, search
from facelogin.recognition.types import Box, FaceRegion, Grey

FRONTAL = "haarcascade_frontalface_default.xml"
PROFILE = "haarcascade_profileface.xml"

SEARCH_WIDTH = 320  # px; a frame of 640 is halved, which quarters the work
# Below the quality gate of 80 px in a frame of 640, so that somebody far away hears "come closer".
SMALLEST_SHARE = 0.1  # of the frame's width
# People walk past behind: a second face counts from this share of the largest one's width ...
SECOND_FACE_SHARE = 0.5
# ... and from this share of the surest one's votes. A cascade finds a real face at many places and
# scales at once; patterns in a background that fool it get under a third of the real face's votes.
SECOND_FACE_VOTES = 1 / 3
# Every second size first: on 1434 pictures the boxes are those of a search of all sizes.
FACE_STRIDE = 2
# A turned head is advice, not a box; every third size saw 1101 of 1109 that all sizes saw.
PROFILE_STRIDE = 3
# The second look: local contrast raised (Zuiderveld 1994), for a face against a bright window.
CLIP_LIMIT, TILES = 2.0, 8
# Following a face: how far around the last one to look, and how much smaller it may have become, as
# shares of its side.
MARGIN = 0.35
SMALLEST_NEXT, LARGEST_NEXT = 0.7, 1.5


def those_that_count(boxes: Sequence[Box]) -> list[Box]:
    """Return the faces among detections that count, the surest first.

    Votes say what is a face at all; among those the largest is the person before the camera, and
    what is much smaller is somebody behind, however sure the cascade is of them.
    """
    most_votes = max((box.votes for box in boxes), default=0)
    faces = [box for box in boxes if box.votes >= SECOND_FACE_VOTES * most_votes]
    largest = max((box.side for box in faces), default=0)
    counted = [box for box in faces if box.side >= SECOND_FACE_SHARE * largest]
    return sorted(counted, key=lambda box: -box.votes)


def load_cascade(xml: str) -> cv2.CascadeClassifier:
    """Return a cascade from its XML text.

    Raises
    ------
    ValueError
        If the text is no cascade.
    """
    cascade = cv2.CascadeClassifier()
    try:
        storage = cv2.FileStorage(xml, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
        is_cascade = cascade.read(storage.getFirstTopLevelNode())
    except (cv2.error, SystemError):  # OpenCV's constructor wraps its own error in SystemError
        is_cascade = False
    if not is_cascade:
        raise ValueError("this XML is no Haar cascade")
    return cascade


class Detector:
    """Finds faces with OpenCV's cascades.

    Parameters
    ----------
    cascades : mapping of str to str
        The XML texts of FRONTAL and PROFILE.
    face_stride, profile_stride, least_share
        What is looked at first, and what not at all (see `search`). Others than the defaults are
        for comparing with a search of all sizes.

    Source: Viola and Jones 2001, doi:10.1109/CVPR.2001.990517.
    """

    def __init__(
        self,
        cascades: Mapping[str, str],
        *,
        face_stride: int = FACE_STRIDE,
        profile_stride: int = PROFILE_STRIDE,
        least_share: float = SECOND_FACE_SHARE,
    ) -> None:
        self._frontal = load_cascade(cascades[FRONTAL])
        self._profile = load_cascade(cascades[PROFILE])
        self._face_stride, self._profile_stride = face_stride, profile_stride
        self._least_share = least_share
        self._clahe = cv2.createCLAHE(CLIP_LIMIT, (TILES, TILES))

    def faces(self, grey: Grey) -> list[Box]:
        """Return the frontal faces that count, the surest first."""
        found = self._detect(self._frontal, grey, self._face_stride, self._least_share)
        return those_that_count(found)

    def faces_in_bad_light(self, grey: Grey) -> list[Box]:
        """Look again with local contrast raised; what it finds need not be a face.

        Raised contrast makes faces out of backgrounds now and then: believe only what has eyes.
        """
        return self.faces(np.asarray(self._clahe.apply(grey), np.uint8))

    def face_near(self, grey: Grey, last: FaceRegion) -> Box | None:
        """Return the surest face around the place of the last one, of about its size."""
        around = _around(grey, last)
        return self._surest(self._frontal, around) if around else None

    def head_near(self, grey: Grey, last: FaceRegion) -> tuple[Box, Heading] | None:
        """Return the head around the place of the last one, and which way it is turned.

        None if none is seen there. The box is in pixels of the frame.
        """
        around = _around(grey, last)
        if around is None:
            return None
        frontal = self._surest(self._frontal, around)
        if frontal and frontal.votes >= SURELY_STRAIGHT:
            return frontal, Heading.STRAIGHT
        to_right = self._surest(self._profile, around)
        to_left = self._surest(self._profile, around.mirrored())
        votes = [box.votes if box else 0 for box in (frontal, to_left, to_right)]
        way = heading(*votes)
        seen = {Heading.LEFT: to_left, Heading.RIGHT: to_right}.get(way, frontal)
        seen = seen or to_left or to_right
        return (seen, way) if seen else None

    def _surest(self, cascade: cv2.CascadeClassifier, around: "_Around") -> Box | None:
        found = search(
            cascade,
            around.picture,
            around.smallest,
            largest=around.largest,
            stride=self._face_stride,
            least_share=self._least_share,
        )
        surest = max(found, key=lambda square: square.votes, default=None)
        return around.box(surest) if surest else None

    def is_profile(self, grey: Grey) -> bool:
        """Say whether a head turned to either side is seen."""
        mirrored = np.ascontiguousarray(grey[:, ::-1])
        return any(
            self._detect(self._profile, side, self._profile_stride) for side in (grey, mirrored)
        )

    @staticmethod
    def _detect(
        cascade: cv2.CascadeClassifier, grey: Grey, stride: int, least_share: float = 0.0
    ) -> list[Box]:
        height, width = grey.shape
        shrink = min(1.0, SEARCH_WIDTH / width)
        smallest = _smallest(width)
        if height * shrink < smallest:
            return []  # no face fits into so flat a frame, and its small copy may have no rows
        found = search(
            cascade, _reduced(grey, shrink), smallest, stride=stride, least_share=least_share
        )
        return [_box(each, shrink, grey) for each in found]


@dataclass(frozen=True)
class _Around:
    """A part of a frame, reduced, in which a face of a known size is looked for."""

    picture: Grey
    smallest: int
    largest: int
    shrink: float
    frame: Grey
    left: int
    top: int
    is_mirrored: bool = False

    def mirrored(self) -> "_Around":
        """Return the same part seen in a mirror; boxes found there are the frame's all the same."""
        flipped = np.ascontiguousarray(self.picture[:, ::-1])
        return replace(self, picture=flipped, is_mirrored=True)

    def box(self, found: Found) -> Box:
        """Return what was found, in pixels of the frame."""
        if self.is_mirrored:
            found = replace(found, x=self.picture.shape[1] - found.x - found.side)
        return _box(found, self.shrink, self.frame, self.left, self.top)


def _around(grey: Grey, last: FaceRegion) -> _Around | None:
    """Return the surroundings of the last face; None if no face of its size fits in there."""
    height, width = grey.shape
    side = last.width * width
    margin = MARGIN * side
    left, right = _within(last.x * width - margin, last.x * width + side + margin, width)
    top, bottom = _within(last.y * height - margin, last.y * height + side + margin, height)
    shrink = min(1.0, SEARCH_WIDTH / width)
    smallest = max(_smallest(width), int(SMALLEST_NEXT * side * shrink))
    if min(bottom - top, right - left) * shrink < smallest:
        return None
    picture = _reduced(grey[top:bottom, left:right], shrink)
    return _Around(picture, smallest, int(LARGEST_NEXT * side * shrink), shrink, grey, left, top)


def _smallest(width: int) -> int:
    """Return the side in pixels of the smallest face looked for, in the reduced frame."""
    return max(24, int(SMALLEST_SHARE * min(width, SEARCH_WIDTH)))


def _reduced(grey: Grey, shrink: float) -> Grey:
    if shrink >= 1:
        return grey
    small = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _within(low: float, high: float, size: int) -> tuple[int, int]:
    """Return a span cut to 0..size; empty if it lies outside."""
    return min(max(int(low), 0), size), min(max(int(high), 0), size)


def _box(found: Found, shrink: float, grey: Grey, left: int = 0, top: int = 0) -> Box:
    """Return what was found in the reduced frame, or a part of it, in pixels of the frame."""
    height, width = grey.shape
    x, y = left + int(found.x / shrink), top + int(found.y / shrink)
    # Rounding may push a box over the edge by a pixel.
    return Box(x, y, min(int(found.side / shrink), width - x, height - y), found.votes)
