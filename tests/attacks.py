"""What is held up instead of a head: stills that are moved in every way paper moves, and clips.

The strongest that a photo can do is to answer: it hears what is asked and tilts, bends or slides to
that side.
"""

import random
from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from facelogin.evaluation.turning import FRAMES_A_SECOND
from facelogin.recognition import Frame as SeenFrame
from facelogin.recognition import Heading
from tests.drawn_faces import FRAME_HEIGHT, FRAME_WIDTH, Frame

FOCAL = 700.0  # px of a webcam at 640x480
NOISE = 1.5  # grey levels of 255; paper before a camera is never twice the same
SIDES = {Heading.LEFT: 1.0, Heading.RIGHT: -1.0, Heading.STRAIGHT: 0.0, Heading.BETWEEN: 0.0}
Matrix = npt.NDArray[np.float64]


class Still:
    """One picture that somebody moves before the camera, each way of moving with its own drift.

    Parameters
    ----------
    picture : (480, 640, 3) uint8
    way : str
        One of WAYS.
    seed : int
    """

    def __init__(self, picture: Frame, way: str, seed: int) -> None:
        self._picture = picture
        self._random = np.random.default_rng(seed)
        choice = random.Random(seed)
        self._move = {**WAYS, "moved slightly": _moved_slightly}[way]
        self._most = choice.uniform(0.5, 1.0)
        self._speed = choice.uniform(0.3, 1.2)  # swings a second
        self._to_side = choice.choice((-1.0, 1.0))
        self._answer = 0.0

    def frame(self, now: float, asked: Heading) -> SeenFrame:
        """Return what the camera takes while a position is asked for."""
        # Half a second to get there.
        self._answer += (SIDES[asked] - self._answer) * min(1.0, 2 / FRAMES_A_SECOND)
        swing = float(np.sin(2 * np.pi * self._speed * now))
        answer = self._answer * self._to_side
        shown = self._move(self._picture, self._most * swing, self._most * answer)
        shake = self._random.normal(0, 1.5, 2)
        moved = cv2.warpAffine(
            shown,
            np.array([[1, 0, shake[0]], [0, 1, shake[1]]]),
            (FRAME_WIDTH, FRAME_HEIGHT),
            borderMode=cv2.BORDER_REPLICATE,
        )
        noise = NOISE * self._random.standard_normal(moved.shape, dtype=np.float32)
        return SeenFrame.from_colour(np.asarray(np.clip(moved + noise, 0, 255), np.uint8))


def _warp(picture: Frame, matrix: Matrix) -> Frame:
    size = (FRAME_WIDTH, FRAME_HEIGHT)
    warped = cv2.warpPerspective(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def _held(degrees: float, axis: int, roll: float = 0.0, scale: float = 1.0) -> Matrix:
    """Return how a sheet looks that is turned round its own axis: 0 tilts it, 1 turns it."""
    angle, spin = np.deg2rad(degrees), np.deg2rad(roll)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    turn = np.array([[1, 0], [0, cos], [0, sin]] if axis == 0 else [[cos, 0], [0, 1], [sin, 0]])
    flat = np.array([[np.cos(spin), -np.sin(spin)], [np.sin(spin), np.cos(spin)]])
    axes = turn @ flat * scale
    middle = np.array([[1, 0, -FRAME_WIDTH / 2], [0, 1, -FRAME_HEIGHT / 2], [0, 0, 1]])
    plane = np.column_stack([axes, [0, 0, FOCAL]])
    camera = np.array([[FOCAL, 0, FRAME_WIDTH / 2], [0, FOCAL, FRAME_HEIGHT / 2], [0, 0, 1]])
    return np.asarray(camera @ plane @ middle, np.float64)


def _moved(picture: Frame, swing: float, answer: float) -> Frame:
    shift = np.array([[1, 0, 90 * answer + 20 * swing], [0, 1, 12 * swing], [0, 0, 1]], float)
    return _warp(picture, shift)


def _moved_slightly(picture: Frame, swing: float, _answer: float) -> Frame:
    return _moved(picture, 0.3 * swing, 0.0)


def _rotated(picture: Frame, swing: float, answer: float) -> Frame:
    return _warp(picture, _held(0, 1, roll=35 * answer + 10 * swing))


def _turned(picture: Frame, swing: float, answer: float) -> Frame:
    return _warp(picture, _held(65 * answer + 8 * swing, 1))


def _tilted(picture: Frame, swing: float, answer: float) -> Frame:
    return _warp(picture, _held(40 * swing, 0, roll=15 * answer))


def _nearer(picture: Frame, swing: float, answer: float) -> Frame:
    return _warp(picture, _held(25 * answer, 1, scale=1.15 + 0.3 * swing))


def _lit(picture: Frame, swing: float, answer: float) -> Frame:
    across = np.linspace(-1, 1, FRAME_WIDTH, dtype=np.float32)[None, :, None]
    lit = picture * (0.9 + 0.35 * swing + 0.6 * answer * across)
    return np.asarray(np.clip(lit, 0, 255), np.uint8)


def _bent(picture: Frame, swing: float, answer: float) -> Frame:
    """Return the sheet wound round a post of a head's size and turned with it."""
    radius = 190 + 60 * swing
    x = (np.arange(FRAME_WIDTH, dtype=np.float32) - FRAME_WIDTH / 2) / radius
    around = np.arcsin(np.clip(x, -0.999, 0.999)) - np.float32(np.deg2rad(50 * answer))
    columns = np.tile(radius * around + FRAME_WIDTH / 2, (FRAME_HEIGHT, 1)).astype(np.float32)
    rows = np.tile(np.arange(FRAME_HEIGHT, dtype=np.float32)[:, None], (1, FRAME_WIDTH))
    bent = cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(bent, np.uint8)


def _all_at_once(picture: Frame, swing: float, answer: float) -> Frame:
    bent = _bent(picture, swing, 0.6 * answer)
    return _warp(bent, _held(45 * answer, 1, roll=12 * swing, scale=1 + 0.1 * swing))


WAYS: dict[str, Callable[[Frame, float, float], Frame]] = {
    "moved aside": _moved,
    "rotated": _rotated,
    "turned about its axis": _turned,
    "tilted": _tilted,
    "brought nearer": _nearer,
    "lit from the side": _lit,
    "bent round a post": _bent,
    "all at once": _all_at_once,
}


class Prints:
    """Pictures of one person, from the front and from both sides, shown as they are asked for.

    What can be had on a screen, or of paper by quick hands: each takes the place of the last within
    a frame, at the same place and size.

    Parameters
    ----------
    pictures : dict of Heading to (480, 640, 3) uint8
        Straight, left and right.
    seed : int
    """

    def __init__(self, pictures: Mapping[Heading, Frame], seed: int) -> None:
        self._stills = {
            way: Still(picture, "moved slightly", seed) for way, picture in pictures.items()
        }
        self._takes = random.Random(seed).uniform(0.5, 1.2)  # seconds to hear and to swap
        self._shown = self._asked = Heading.STRAIGHT
        self._asked_at = 0.0

    def frame(self, now: float, asked: Heading) -> SeenFrame:
        """Return what the camera takes while a position is asked for."""
        if asked is not self._asked:
            self._asked, self._asked_at = asked, now
        if now - self._asked_at >= self._takes:
            self._shown = self._asked
        return self._stills[self._shown].frame(now, Heading.STRAIGHT)


def frozen(clip: Sequence[SeenFrame], seed: int) -> list[SeenFrame]:
    """Return a clip that stops: its first half, then one frame again and again."""
    choice = random.Random(seed)
    stop = choice.randrange(1, len(clip) // 2)
    return [*clip[:stop], *[clip[stop]] * (300 - stop)]


def looped(clip: Sequence[SeenFrame], seed: int) -> list[SeenFrame]:
    """Return a piece of a clip again and again."""
    choice = random.Random(seed)
    start, length = choice.randrange(len(clip) // 2), choice.randrange(10, 40)
    piece = clip[start : start + length]
    return [piece[number % len(piece)] for number in range(300)]


def backwards(clip: Sequence[SeenFrame], seed: int) -> list[SeenFrame]:
    """Return a clip played from one of its last frames to its first."""
    choice = random.Random(seed)
    return list(clip[: len(clip) - choice.randrange(10)])[::-1]
