"""The head as a relief under a lamp, and the skin on it."""

import cv2
import numpy as np
import numpy.typing as npt

from tests.drawing.texture import (
    PIXELS_PER_UNIT,
    Plane,
    bump,
    colour,
    grain,
    noise,
    pair,
    step,
)
from tests.drawing.traits import Traits

LAMP = (-0.36, -0.5, 0.79)  # towards the lamp: from the person's upper right, in front
CRANIUM = 1.5  # units from the nose's root to the top of the skull


def outline(t: Traits, x: Plane, y: Plane) -> Plane:
    """Return 0 in the middle of the face, 1 at its edge, more outside."""
    down = np.clip(y / t.chin_y, 0, 1.2)
    width = t.head_width * (1 - t.jaw_taper * down**2.2)
    v = np.where(y > 0, y / t.chin_y, y / CRANIUM)
    u = np.abs(x) / np.maximum(width, 0.2)
    power = t.squareness
    return np.asarray((u**power + np.abs(v) ** power) ** (1 / power), np.float32)


def depth(t: Traits, x: Plane, y: Plane) -> Plane:
    """Return how far the bare head stands out towards the camera, in units; 0 outside it."""
    ball = 0.95 * np.sqrt(np.clip(1 - outline(t, x, y) ** 2, 0, 1))
    return np.asarray(cv2.GaussianBlur(ball.astype(np.float32), (0, 0), 5), np.float32)


def relief(t: Traits, x: Plane, y: Plane) -> Plane:
    """Return the head with nose, sockets, cheeks, lips and chin, in units."""
    z = 0.95 * np.sqrt(np.clip(1 - outline(t, x, y) ** 2, 0.004, 1))
    z += 0.05 * pair(x, y, (0.4, t.brow_y + 0.02), (0.24, 0.07))
    z -= 0.13 * pair(x, y, (t.eye_x - 0.06, -0.08), (0.2, 0.12))
    z += 0.06 * pair(x, y, (t.eye_x, -0.01), (0.15, 0.1))
    tip = t.nose_length
    ramp = step(y, -0.3, tip) * step(y, tip + 0.2, tip - 0.04)
    ridge_width = t.nose_width * (0.075 + 0.06 * step(y, -0.1, tip))
    z += 0.27 * t.nose_height * ramp * np.exp(-((x / ridge_width) ** 2) / 2)
    z += 0.11 * t.nose_height * bump(x, y, (0, tip - 0.03), (0.095 * t.nose_width, 0.08))
    z += 0.09 * pair(x, y, (0.15 * t.nose_width, tip + 0.03), (0.055, 0.055))
    z += 0.07 * t.cheekbones * pair(x, y, (0.55, 0.3), (0.25, 0.17))
    fold = np.abs(x) - (0.2 * t.nose_width + 0.32 * (y - tip))
    z -= 0.022 * (0.4 + t.age) * np.exp(-((fold / 0.035) ** 2)) * bump(x, y, (0, 0.62), (2, 0.1))
    lips = t.lip_fullness
    z += 0.05 * lips * bump(x, y, (0, t.mouth_y - 0.05), (t.mouth_half_width * 0.6, 0.04))
    z += 0.07 * lips * bump(x, y, (0, t.mouth_y + 0.075), (t.mouth_half_width * 0.5, 0.05))
    z -= 0.05 * bump(x, y, (0, t.mouth_y + 0.2), (0.24, 0.05))
    z += 0.09 * bump(x, y, (0, t.chin_y - 0.2), (0.22, 0.12))
    z -= 0.02 * bump(x, y, (0, t.mouth_y - 0.17), (0.035, 0.08))  # philtrum
    return np.asarray(cv2.GaussianBlur(z.astype(np.float32), (0, 0), 1.6), np.float32)


def light(z: Plane) -> Plane:
    """Return the brightness of a relief under the room's lamp; 1 faces it."""
    dz_dx = cv2.Sobel(z, cv2.CV_32F, 1, 0, scale=PIXELS_PER_UNIT / 8)
    dz_dy = cv2.Sobel(z, cv2.CV_32F, 0, 1, scale=PIXELS_PER_UNIT / 8)
    length = np.sqrt(dz_dx**2 + dz_dy**2 + 1)
    facing = (-LAMP[0] * dz_dx - LAMP[1] * dz_dy + LAMP[2]) / length
    fill = (-0.5 * dz_dx + 0.86) / length  # a weaker, wide light from the other side
    return np.asarray(0.36 + 0.58 * np.clip(facing, 0, 1) + 0.18 * np.clip(fill, 0, 1), np.float32)


def skin(t: Traits, x: Plane, y: Plane) -> npt.NDArray[np.float32]:
    """Return the face's skin without light, (height, width, 3): tone, blotches, freckles, moles.

    The blotches are what a face keeps when light and sharpness change; they are this person's own.
    """
    random = np.random.default_rng([t.seed, 2])
    shape = x.shape
    # Wavelengths in pixels of the canvas; two thirds of that in a frame.
    turns = float(random.uniform(0, 1)) + 0.45 * noise(random, shape, (85, 85))
    busy = pair(x, y, (t.eye_x, 0), (0.3, 0.25)) + bump(x, y, (0, 0.65), (0.3, 0.35))
    creases = grain(random, shape, turns) * (1 + 0.8 * np.clip(busy, 0, 1))
    blotches = noise(random, shape, (26, 26))
    wrinkles = noise(random, shape, (60, 11)) * step(y, -0.3, -0.5)
    pores = noise(random, shape, (5, 5))
    # Nearly as many grey levels on dark skin as on fair: the noise is the same on both.
    strength = 0.0245 / (sum(t.skin) / 3) ** 0.75
    tone = 1 + strength * creases + 0.008 * blotches + 0.02 * t.age * wrinkles + 0.006 * pores
    red = 0.07 * pair(x, y, (0.55, 0.38), (0.24, 0.18)) + 0.06 * bump(
        x, y, (0, t.nose_length), (0.16, 0.12)
    )
    red += 0.012 * noise(random, shape, (60, 60))
    spots = step(noise(random, shape, (12, 12)), 1.7, 2.3) * (
        pair(x, y, (0.4, 0.3), (0.33, 0.2)) + 0.4 * step(-y, 0.3, 0.5)
    )
    tone -= 0.2 * t.freckles * spots
    for _ in range(int(random.integers(1, 5))):
        place = float(random.uniform(-0.8, 0.8)), float(random.uniform(-0.7, 1.15))
        size = float(random.uniform(0.01, 0.02))
        tone -= 0.5 * bump(x, y, place, (size, size))
    around_eyes = pair(x, y, (t.eye_x, 0.11), (0.19, 0.06))
    tone -= (0.05 + 0.08 * t.age) * around_eyes
    painted = colour(t.skin) * tone[..., None]
    painted[..., 0] *= 1 - 1.3 * red
    painted[..., 1] *= 1 - red
    return np.asarray(painted, np.float32)


def shadows(t: Traits, x: Plane, y: Plane) -> Plane:
    """Return what the lamp does not reach: beside and under the nose, in corners of the eyes."""
    tip = t.nose_length
    dark = 0.2 * bump(x, y, (0.06, tip + 0.16), (0.15 * t.nose_width, 0.05))
    dark += 0.1 * bump(x, y, (0.24 * t.nose_width, tip - 0.02), (0.06, 0.12))
    dark += 0.5 * pair(x, y, (0.085 * t.nose_width, tip + 0.09), (0.036, 0.018))  # nostrils
    dark += 0.22 * pair(x, y, (t.eye_x - t.eye_half_width - 0.05, -0.05), (0.05, 0.08))
    dark += 0.16 * pair(x, y, (t.eye_x, -0.15), (0.2, 0.05))
    dark += 0.16 * bump(x, y, (0.04, t.mouth_y + 0.19), (0.2, 0.035))
    return np.asarray(1 - np.clip(dark, 0, 0.8), np.float32)
