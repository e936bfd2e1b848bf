"""Finding the face: Viola-Jones (Haar) cascades at a reduced size."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from facelogin.recognition.search import search
from facelogin.recognition.types import Box, Grey

FRONTAL = "haarcascade_frontalface_default.xml"
PROFILE = "haarcascade_profileface.xml"
CASCADES = (FRONTAL, PROFILE)

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
        The XML texts named in CASCADES.
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

    def faces(self, grey: Grey) -> list[Box]:
        """Return the frontal faces that count, the surest first."""
        found = self._detect(self._frontal, grey, self._face_stride, self._least_share)
        return those_that_count(found)

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
        smallest = max(24, int(SMALLEST_SHARE * min(width, SEARCH_WIDTH)))
        if height * shrink < smallest:
            return []  # no face fits into so flat a frame, and its small copy may have no rows
        small = (
            cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            if shrink < 1
            else grey
        )
        boxes = []
        for found in search(
            cascade, np.asarray(small, np.uint8), smallest, stride=stride, least_share=least_share
        ):
            # Rounding may push a box over the edge by a pixel.
            left, top = int(found.x / shrink), int(found.y / shrink)
            fits = min(int(found.side / shrink), width - left, height - top)
            boxes.append(Box(left, top, fits, found.votes))
        return boxes
