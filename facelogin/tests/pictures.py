"""Made pictures: a public-domain face before a camera of 640x480, and what can go wrong with it.

The face is NASA's portrait of Eileen Collins, which scikit-image ships as `data.astronaut()`. All
pictures are grey (480, 640) uint8, as a decoded frame is.
"""

from functools import cache
from typing import Any

import cv2
import numpy as np

from facelogin.recognition import ENGINES, Box, Face, Frame, Grey, Recognizer, Template
from facelogin.workers import make_recognizer

WIDTH, HEIGHT = 640, 480
FACE_AT = (224.0, 110.0)  # the face's centre in the portrait, px
WALL = 128


@cache
def recognizer() -> Recognizer:
    """The product's recognizer, made once for all tests."""
    return make_recognizer()


@cache
def _portrait() -> Grey:
    from skimage import data

    astronaut: Any = data.astronaut  # scikit-image has no type hints
    return as_grey(cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY))


def as_grey(image: Any) -> Grey:
    return np.asarray(np.clip(image, 0, 255), dtype=np.uint8)


def encode(image: Any, suffix: str = ".jpg", *flags: int) -> bytes:
    """The picture as a file's bytes; a JPEG unless the suffix says otherwise."""
    return cv2.imencode(suffix, image, list(flags))[1].tobytes()


def at_quality(image: Any, quality: int) -> bytes:
    return encode(image, ".jpg", cv2.IMWRITE_JPEG_QUALITY, quality)


def portrait(
    scale: float = 1.3, centre: tuple[float, float] = (320, 240), degrees: float = 0
) -> Grey:
    """The face so many times its size in the portrait, its centre at this pixel of the frame."""
    move = cv2.getRotationMatrix2D(FACE_AT, degrees, scale)
    move[:, 2] += np.subtract(centre, FACE_AT)
    size = (WIDTH, HEIGHT)
    return as_grey(cv2.warpAffine(_portrait(), move, size, borderMode=cv2.BORDER_REPLICATE))


FACE_BOX = Box(232, 152, 176)
"""About where a detector finds the face that `portrait` puts in the middle."""


def face_of(image: Grey) -> Grey:
    """The face without hair, ears and background."""
    return image[170:310, 250:390]


def distance(one: Template, other: Template, engine: str = "lbph") -> float:
    """How far apart an engine finds two templates."""
    return float(ENGINES[engine]().dissimilarities(one, other[np.newaxis])[0])


def template_of(image: Grey, box: Box = FACE_BOX, engine: str = "lbph") -> Template:
    """What an engine makes of the face in a box."""
    return ENGINES[engine]().template(Frame(image), Face(box))


def stranger(image: Grey, seed: int) -> Grey:
    """Another face: this one bent until it is nobody's, in a different way for each seed."""
    random = np.random.default_rng(seed)
    grid_y, grid_x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    period_x, period_y = random.uniform(24, 34, 2)
    phase_x, phase_y = random.uniform(0, 2 * np.pi, 2)
    bent_x = (grid_x + 12 * np.sin(grid_y / period_x + phase_x)).astype(np.float32)
    bent_y = (grid_y + 12 * np.sin(grid_x / period_y + phase_y)).astype(np.float32)
    return as_grey(cv2.remap(image, bent_x, bent_y, cv2.INTER_LINEAR))


def lit(image: Grey, gain: float = 1.0, offset: float = 0.0) -> Grey:
    return as_grey(image * gain + offset)


def lit_from_one_side(image: Grey, darkest: float = 0.08) -> Grey:
    """A lamp at the left: the light falls off steeply over the middle of the frame."""
    across = np.linspace(-1, 1, image.shape[1])
    return as_grey(image * (darkest + (1 - darkest) / (1 + np.exp(25 * across))))


def burnt_out(image: Grey, darkest_lit: float = 160) -> Grey:
    """Far too much light: only eyes, brows and mouth are not white."""
    return as_grey(255 - 0.5 * np.maximum(0, darkest_lit - image.astype(np.float32)))


def blurred(image: Grey, sigma: float) -> Grey:
    return as_grey(cv2.GaussianBlur(image, (0, 0), sigma))


def two_faces() -> Grey:
    """The same face twice, as if two people sat side by side."""
    left, right = portrait(1.1, (180, 240)), portrait(1.1, (460, 240))
    return np.hstack([left[:, : WIDTH // 2], right[:, WIDTH // 2 :]])


def wall(seed: int = 0) -> Grey:
    """Nobody: an even wall and the camera's noise."""
    return as_grey(np.random.default_rng(seed).normal(WALL, 3, (HEIGHT, WIDTH)))


def half_hidden(side: str) -> Grey:
    """Half the face behind a board: what is left looks like a head turned away."""
    image = portrait(1.8)
    if side == "left":
        image[:, :350] = WALL
    else:
        image[:, 305:] = WALL
    return image


def frames(count: int, seed: int = 0) -> list[Grey]:
    """One person before a camera: every frame a little moved, lit and noisy in its own way."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        centre = (320 + random.uniform(-12, 12), 240 + random.uniform(-12, 12))
        still = portrait(random.uniform(1.25, 1.35), centre, random.uniform(-2, 2))
        made.append(
            as_grey(still * random.uniform(0.92, 1.08) + random.normal(0, 2.5, still.shape))
        )
    return made
