"""An office out of focus behind the person."""

import cv2
import numpy as np
import numpy.typing as npt

from tests.drawing.texture import noise


def paint_room(seed: int, width: int, height: int) -> npt.NDArray[np.float32]:
    """Return wall, window, shelf and plant, (height, width, 3) float32 0..1."""
    random = np.random.default_rng([seed, 8])
    wall = np.array([0.62, 0.66, 0.68]) * random.uniform(0.8, 1.1) + random.uniform(-0.04, 0.04, 3)
    image = np.empty((height, width, 3), np.float32)
    image[:] = wall
    image *= np.linspace(1.08, 0.86, height, dtype=np.float32)[:, None, None]
    mirrored = bool(random.random() < 0.5)
    _window(image, random)
    _shelf(image, random)
    _plant(image, random)
    if mirrored:
        image = np.ascontiguousarray(image[:, ::-1])
    image += 0.015 * noise(random, (height, width), (120, 90))[..., None]
    blurred = cv2.GaussianBlur(image, (0, 0), 9)
    return np.asarray(np.clip(blurred, 0, 1), np.float32)


def _window(image: npt.NDArray[np.float32], random: np.random.Generator) -> None:
    left, top = int(random.integers(-40, 30)), int(random.integers(10, 60))
    right, bottom = left + int(random.integers(120, 170)), top + int(random.integers(170, 230))
    cv2.rectangle(image, (left - 8, top - 8), (right + 8, bottom + 8), (0.72, 0.75, 0.76), -1)
    cv2.rectangle(image, (left, top), (right, bottom), (0.97, 0.93, 0.88), -1)
    middle = (left + right) // 2
    cv2.line(image, (middle, top), (middle, bottom), (0.72, 0.75, 0.76), 8)
    for y in range(top, bottom, 14):  # a half-closed blind
        cv2.line(image, (left, y), (right, y), (0.80, 0.80, 0.78), 4)


def _shelf(image: npt.NDArray[np.float32], random: np.random.Generator) -> None:
    left = int(random.integers(450, 500))
    cv2.rectangle(image, (left, 20), (660, 500), (0.32, 0.42, 0.52), -1)
    for board in range(30, 480, 105):
        cv2.rectangle(image, (left + 8, board), (660, board + 92), (0.20, 0.26, 0.32), -1)
        x = left + 10
        while x < 640:
            wide, tall = int(random.integers(9, 24)), int(random.integers(50, 88))
            back = random.uniform(0.25, 0.65) + random.uniform(-0.12, 0.12, 3)
            corner = (x + wide, board + 92)
            cv2.rectangle(image, (x, board + 92 - tall), corner, tuple(map(float, back)), -1)
            x += wide + int(random.integers(1, 7))


def _plant(image: npt.NDArray[np.float32], random: np.random.Generator) -> None:
    foot_x, foot_y = int(random.integers(30, 120)), 400
    cv2.rectangle(image, (foot_x - 28, foot_y), (foot_x + 28, 490), (0.45, 0.50, 0.58), -1)
    for _ in range(26):
        angle, reach = random.uniform(-2.9, -0.25), random.uniform(40, 120)
        end = int(foot_x + reach * np.cos(angle)), int(foot_y + reach * np.sin(angle))
        green = float(random.uniform(0.25, 0.5))
        cv2.line(image, (foot_x, foot_y), end, (green * 0.6, green, green * 0.55), 7)
