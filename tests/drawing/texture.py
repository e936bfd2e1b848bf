"""What everything is painted with: soft shapes and noise, all float32 and all repeatable."""

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
"""(height, width) float32: one value for each pixel."""

Colour = tuple[float, float, float]
"""Blue, green, red, each 0..1."""

PIXELS_PER_UNIT = 128  # of the canvas; one unit is half the width of an average head
LEFT, TOP, WIDTH, HEIGHT = -4.2, -2.9, 8.4, 7.0  # of the canvas, in units; 0, 0 is the nose's root

GRAIN_DIRECTIONS = 8


def canvas() -> tuple[Plane, Plane]:
    """Return x (to the right) and y (down) in units for each pixel of the canvas."""
    rows, columns = round(HEIGHT * PIXELS_PER_UNIT), round(WIDTH * PIXELS_PER_UNIT)
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32) / PIXELS_PER_UNIT
    return x + LEFT, y + TOP


def bump(x: Plane, y: Plane, centre: tuple[float, float], spread: tuple[float, float]) -> Plane:
    """Return a Gaussian hill of height 1."""
    u, v = (x - centre[0]) / spread[0], (y - centre[1]) / spread[1]
    return np.asarray(np.exp(-(u * u + v * v) / 2), np.float32)


def pair(x: Plane, y: Plane, centre: tuple[float, float], spread: tuple[float, float]) -> Plane:
    """Return a hill on each side of the face."""
    return bump(x, y, centre, spread) + bump(x, y, (-centre[0], centre[1]), spread)


def step(value: npt.NDArray[np.floating], start: float, end: float) -> Plane:
    """Return 0 before start, 1 after end and a smooth way between; start may be the larger."""
    t = np.clip((value - start) / (end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def noise(
    random: np.random.Generator, shape: tuple[int, ...], wavelength: tuple[float, float]
) -> Plane:
    """Return smooth noise of mean 0 and deviation 1; wavelengths (x, y) in pixels."""
    coarse = (
        max(4, round(shape[0] / wavelength[1] * 2)),
        max(4, round(shape[1] / wavelength[0] * 2)),
    )
    grid = random.standard_normal(coarse, dtype=np.float32)
    fine = cv2.resize(grid, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray((fine - fine.mean()) / fine.std(), np.float32)


def grain(random: np.random.Generator, shape: tuple[int, ...], turns: Plane) -> Plane:
    """Return noise drawn out along a direction, mean 0 and deviation 1.

    `turns` is the direction at each pixel in half turns: 0 along x, 0.25 along a diagonal. Width
    and length of the grain are drawn as well.
    """
    width = float(random.uniform(8, 16))
    length = width * float(random.uniform(4.5, 7))
    height, breadth = shape
    side = int(np.hypot(height, breadth)) + 2
    middle = (side / 2, side / 2)
    total = np.zeros(shape, np.float32)
    for number in range(GRAIN_DIRECTIONS):
        straight = noise(random, (side, side), (length, width))
        turn = cv2.getRotationMatrix2D(middle, -180 * number / GRAIN_DIRECTIONS, 1)
        turn[:, 2] -= np.array([(side - breadth) / 2, (side - height) / 2])
        turned = cv2.warpAffine(straight, turn, (breadth, height), flags=cv2.INTER_LINEAR)
        near = np.cos(np.pi * (turns - number / GRAIN_DIRECTIONS))
        total += turned * near**12
    return np.asarray(total / total.std(), np.float32)


def strands(random: np.random.Generator, along: Plane, across: Plane, fineness: float) -> Plane:
    """Return hair: noise that hardly changes along it and quickly across it, deviation 1.

    `along` and `across` say how far along and across the hair a pixel is, in units.
    """
    table = noise(random, (64, 2048), (4.0, 16.0))
    table += 0.6 * noise(random, (64, 2048), (24.0, 32.0))
    columns = np.mod(across * fineness * 40, 2047).astype(np.float32)
    rows = np.mod(along * 14, 63).astype(np.float32)
    return np.asarray(cv2.remap(table, columns, rows, cv2.INTER_LINEAR), np.float32)


def colour(value: Colour) -> npt.NDArray[np.float32]:
    """Return a colour that multiplies with planes of shape (height, width, 1)."""
    return np.array(value, np.float32)


def over(
    image: npt.NDArray[np.float32], paint: npt.NDArray[np.float32], cover: Plane
) -> npt.NDArray[np.float32]:
    """Lay paint over an image where cover (0..1) says."""
    return np.asarray(image + cover[..., None] * (paint - image), np.float32)
