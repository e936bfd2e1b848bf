"""The search that skips sizes finds what OpenCV's own search of all sizes finds."""

from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest

from facelogin.recognition.detection import FACE_STRIDE, FRONTAL, SECOND_FACE_SHARE, load_cascade
from facelogin.recognition.search import Found, search
from facelogin.recognition.types import Grey
from facelogin.tests import pictures
from facelogin.workers import read_cascades

SMALLEST = 32

Squares = list[tuple[int, int, int, int]]


@cache
def frontal() -> cv2.CascadeClassifier:
    return load_cascade(read_cascades()[FRONTAL])


def small(picture: Grey) -> Grey:
    return np.asarray(cv2.resize(picture, (320, 240), interpolation=cv2.INTER_AREA), np.uint8)


def of_opencv(picture: Grey) -> Squares:
    """What OpenCV finds by itself, with the numbers that the calibration table was made with."""
    found, votes = frontal().detectMultiScale2(
        picture, scaleFactor=1.1, minNeighbors=5, minSize=(SMALLEST, SMALLEST)
    )
    boxes = [(*map(int, box[:3]), int(count)) for box, count in zip(found, votes, strict=True)]
    return sorted(boxes)  # type: ignore[arg-type]  # four numbers each


def of_ours(picture: Grey, stride: int, least_share: float = 0.0) -> Squares:
    found = search(frontal(), picture, SMALLEST, stride=stride, least_share=least_share)
    return sorted((box.x, box.y, box.side, box.votes) for box in found)


FACES = [
    (scale, (x, y), degrees)
    for scale in (0.75, 1.0, 1.35, 1.9, 2.6)
    for (x, y), degrees in (((320, 240), 0), ((250, 190), 6), ((400, 260), -5))
]
# Half out of the frame: OpenCV cuts single hits at the edge, but not those it merges.
AT_THE_EDGE = [(1.7, (544, 200), 0), (2.2, (544, 240), 0), (2.6, (488, 200), 0)]


@pytest.mark.parametrize(("scale", "centre", "degrees"), FACES + AT_THE_EDGE)
@pytest.mark.parametrize("stride", [1, FACE_STRIDE])
def test_boxes_and_votes_are_opencvs(
    scale: float, centre: tuple[int, int], degrees: float, stride: int
) -> None:
    picture = small(pictures.portrait(scale, centre, degrees))
    assert of_opencv(picture)
    assert of_ours(picture, stride) == of_opencv(picture)


def test_what_counts_is_found_and_what_is_too_small_to_count_may_be_missing() -> None:
    near, other = pictures.portrait(2.2, (200, 250)), pictures.portrait(0.7, (530, 240))
    picture = small(np.hstack([near[:, :400], other[:, 400:]]))
    both = of_opencv(picture)
    assert len(both) == 2
    largest = max(side for _, _, side, _ in both)
    assert of_ours(picture, FACE_STRIDE, SECOND_FACE_SHARE) == [b for b in both if b[2] == largest]
    assert of_ours(picture, FACE_STRIDE, 0.3) == both


class Seen:
    """A cascade that sees squares of the sizes given, and notes at which sizes it was asked."""

    def __init__(self, **votes_by_size: int) -> None:
        self.votes = {int(name.removeprefix("px")): votes for name, votes in votes_by_size.items()}
        self.asked: list[int] = []

    def getOriginalWindowSize(self) -> tuple[int, int]:  # noqa: N802  (OpenCV's name)
        return 24, 24

    def detectMultiScale2(self, _: Grey, *, minSize: Any, **__: Any) -> Any:  # noqa: N802, N803
        side = minSize[0]
        self.asked.append(side)
        votes = self.votes.get(side, 0)
        return np.array([[10, 10, side, side]] * votes).reshape(-1, 4), np.ones(votes)


EMPTY = np.zeros((240, 320), np.uint8)
SIZES = [
    *(32, 35, 39, 43, 47, 51, 57, 62, 68, 75, 83),
    *(91, 100, 110, 121, 133, 147, 161, 178, 195, 215, 236),
]


def asked(seen: Seen, stride: int, least_share: float = 0.0) -> tuple[list[Found], list[int]]:
    found = search(seen, EMPTY, SMALLEST, stride=stride, least_share=least_share)  # type: ignore[arg-type]
    return found, sorted(seen.asked)


def test_an_empty_picture_is_looked_at_in_every_second_size_once() -> None:
    assert asked(Seen(), 2) == ([], SIZES[::2])
    assert asked(Seen(), 1) == ([], SIZES)


def test_around_a_hit_every_size_is_looked_at_and_on_from_there() -> None:
    found, sizes = asked(Seen(px100=4, px91=4), 2)
    (face,) = found
    assert face.votes == 8 and 91 < face.side < 100
    near = [size for size in SIZES if 68 <= size <= 133]
    assert sizes == sorted({*SIZES[::2], *near})


def test_below_half_of_the_surest_face_nothing_is_looked_for() -> None:
    _, sizes = asked(Seen(px100=9), 2, 0.5)
    assert min(sizes) == 47  # every second one is looked at until the next is under 50


@pytest.mark.parametrize(("apart", "faces"), [(20, 1), (21, 2)])
def test_hits_are_merged_within_a_fifth_of_their_size(apart: int, faces: int) -> None:
    class TwoPlaces(Seen):
        def detectMultiScale2(self, _: Grey, *, minSize: Any, **__: Any) -> Any:  # noqa: N802, N803
            votes = 7 if minSize[0] == 100 else 0
            places = [[10, 10, 100, 100], [10 + apart, 10, 100, 100]] * votes
            return np.array(places).reshape(-1, 4), np.ones(2 * votes)

    assert len(asked(TwoPlaces(), 2)[0]) == faces


def test_too_few_hits_are_no_face_and_stop_nothing() -> None:
    found, sizes = asked(Seen(px100=5), 2, 0.5)
    assert found == []
    assert min(sizes) == 32


def test_a_picture_smaller_than_the_smallest_face_is_not_looked_at() -> None:
    seen = Seen()
    assert search(seen, EMPTY[:20], SMALLEST, stride=2) == []  # type: ignore[arg-type]
    assert seen.asked == []
