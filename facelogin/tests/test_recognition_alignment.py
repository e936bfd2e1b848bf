"""Eyes found where they are, and faces turned upright by them."""

import cv2
import numpy as np
import pytest

from facelogin.recognition import Box, Face
from facelogin.recognition.alignment import EyeFinder, upright, usual_eyes
from facelogin.recognition.detection import Detector
from facelogin.recognition.types import Grey
from facelogin.tests import pictures
from facelogin.workers import read_cascades

FINDER = EyeFinder(read_cascades())
# Centres of the irises in the portrait, read off an enlargement with a grid, px.
LEFT_IRIS, RIGHT_IRIS = (203.5, 101.5), (247.0, 103.5)


def where(point: tuple[float, float], scale: float, degrees: float) -> np.ndarray:
    """A place of the portrait in the frame that `pictures.portrait` makes of it."""
    matrix = cv2.getRotationMatrix2D(pictures.FACE_AT, degrees, scale)
    matrix[:, 2] += np.array([320, 240]) - pictures.FACE_AT
    return matrix @ np.array([*point, 1])


def the_face(frame: Grey) -> Box:
    (box,) = Detector(read_cascades()).faces(frame)
    return box


@pytest.mark.parametrize("scale", [1.3, 2.0, 3.0])
@pytest.mark.parametrize("degrees", [-8, 0, 8])
def test_eyes_are_found_where_they_are(scale: float, degrees: float) -> None:
    frame = pictures.portrait(scale, degrees=degrees)
    eyes = FINDER.find(frame, the_face(frame), both=True)
    assert eyes is not None
    irises = [where(iris, scale, degrees) for iris in (LEFT_IRIS, RIGHT_IRIS)]
    apart = float(np.hypot(*(irises[1] - irises[0])))
    for eye, iris in zip(eyes, irises, strict=True):
        assert np.hypot(*(np.array(eye) - iris)) < 0.12 * apart


def test_one_hidden_eye_is_put_at_its_usual_distance() -> None:
    frame = pictures.portrait(2.0)
    box = the_face(frame)
    both = FINDER.find(frame, box, both=True)
    assert both is not None
    hidden = frame.copy()
    x, y = (round(n) for n in both[1])
    hidden[y - 30 : y + 30, x - 35 : x + 40] = 90
    assert FINDER.find(hidden, box, both=True) is None
    completed = FINDER.find(hidden, box)
    assert completed is not None
    assert completed[0] == pytest.approx(both[0], abs=3)
    assert completed[1] == pytest.approx(both[1], abs=0.1 * box.side)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_no_eyes_are_found_where_none_are(level: int) -> None:
    assert FINDER.find(np.full((480, 640), level, np.uint8), Box(200, 100, 200)) is None


@pytest.mark.parametrize("side", [1, 2, 7, 24])
def test_a_tiny_box_does_no_harm(side: int) -> None:
    random = np.random.default_rng(side)
    FINDER.find(random.integers(0, 256, (30, 30), dtype=np.uint8), Box(3, 3, side))


@pytest.mark.parametrize("degrees", [-20, -7, 0, 7, 20])
def test_a_head_held_aslant_is_turned_upright(degrees: float) -> None:
    """The same face, whatever way it was held, once its eyes are known."""
    straight, aslant = pictures.portrait(2.0), pictures.portrait(2.0, degrees=degrees)
    squares = []
    for frame, turn in ((straight, 0.0), (aslant, degrees)):
        (ax, ay), (bx, by) = (where(iris, 2.0, turn) for iris in (LEFT_IRIS, RIGHT_IRIS))
        face = Face(Box(0, 0, 1), ((ax, ay), (bx, by)))
        squares.append(upright(frame, face, 96, (0.31, 0.38)).astype(int))
    assert np.abs(squares[0] - squares[1]).mean() < 3
    moved = np.abs(straight.astype(int) - aslant)[150:330, 230:410].mean()
    assert degrees == 0 or moved > 3


def test_eyes_come_to_their_places() -> None:
    frame = np.zeros((200, 300), np.uint8)
    left, right = (120, 80), (180, 110)
    for x, y in (left, right):
        cv2.circle(frame, (x, y), 3, 255, -1)
    square = upright(frame, Face(Box(0, 0, 1), (left, right)), 100, (0.3, 0.4))
    for x in (30, 70):
        assert square[40, x] > 200
    assert square[40, 50] == 0


def test_without_eyes_the_box_says_where_they_usually_are() -> None:
    frame, box = pictures.portrait(2.0), Box(200, 110, 240)
    known = upright(frame, Face(box, usual_eyes(box)), 96, (0.31, 0.38))
    assert np.array_equal(upright(frame, Face(box), 96, (0.31, 0.38)), known)


@pytest.mark.parametrize("eyes", [((5, 5), (5, 5)), ((-900, 4), (4000, 80)), ((50, 9), (10, 9))])
def test_impossible_eyes_do_no_harm(eyes: tuple[tuple[float, float], tuple[float, float]]) -> None:
    square = upright(pictures.portrait(), Face(Box(0, 0, 9), eyes), 96, (0.31, 0.38))
    assert square.shape == (96, 96) and square.dtype == np.uint8
