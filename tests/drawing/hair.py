"""Hair, neck and clothes: what stands round the face."""

import numpy as np
import numpy.typing as npt

from tests.drawing.head import CRANIUM
from tests.drawing.texture import Plane, bump, colour, noise, pair, step, strands
from tests.drawing.traits import Traits

Image = npt.NDArray[np.float32]


def hair(t: Traits, x: Plane, y: Plane) -> tuple[Image, Plane, Plane]:
    """Return the hair's picture, its cover before the face and its cover behind it."""
    random = np.random.default_rng([t.seed, 6])
    volume = {"short": 0.12, "parted": 0.18, "fringe": 0.18, "long": 0.22, "receding": 0.07}[
        t.style
    ]
    wobble = 0.012 * noise(random, x.shape, (60, 60)) + 0.006 * noise(random, x.shape, (9, 30))
    # Below the temples short hair lies close to the head.
    width = t.head_width + 0.7 * volume * step(y, 0.35, -0.6)
    u, v = x / width, y / (CRANIUM + volume)
    cap = (np.abs(u) ** 2.3 + np.abs(v) ** 2.3) ** (1 / 2.3) + wobble
    behind = step(cap, 1.02, 0.99) * step(y + 2 * wobble, 0.3, 0.24)
    if t.style == "long":
        width = t.head_width + 0.8 * volume + 0.12 * step(y, 0.0, 1.6)
        fall = step(np.abs(x) / width + 2 * wobble, 1.01, 0.97) * step(y, -0.5, -0.2)
        behind = np.maximum(behind, fall * step(y + 4 * wobble, 2.0, 1.9))
    jagged = 0.022 * noise(random, x.shape, (11, 110)) + 0.02 * noise(random, x.shape, (34, 200))
    front = behind * step(_hairline(t, x) + jagged - y, -0.03, 0.03)
    # Temples: the hairline comes down in front of the ears.
    temples = step(np.abs(x) + jagged, t.head_width - 0.14, t.head_width - 0.07)
    front = np.maximum(front, behind * temples * step(y, 0.12, -0.15))
    if t.style == "long":
        curtain = step(np.abs(x) + 0.5 * jagged, t.head_width - 0.1, t.head_width - 0.05)
        front = np.maximum(front, behind * curtain)
    return _strands(t, random, x, y), np.asarray(front, np.float32), np.asarray(behind, np.float32)


def _hairline(t: Traits, x: Plane) -> Plane:
    away = np.abs(x - t.parting)
    if t.style == "fringe":
        line = 0.78 * t.hairline + 0.05 * np.sin(5 * x + t.seed) + 0.12 * x * x
    elif t.style == "parted":
        line = t.hairline - 0.12 + 0.5 * away**1.5
    elif t.style == "receding":
        line = t.hairline - 0.1 - 0.16 * np.cos(4.2 * x) + 0.5 * x * x
    elif t.style == "long":
        line = t.hairline - 0.08 + 0.7 * away**1.7
    else:
        line = t.hairline + 0.3 * np.abs(x) ** 3
    return np.asarray(np.minimum(line, -0.58 + 0.35 * np.abs(x) ** 4), np.float32)


def _strands(t: Traits, random: np.random.Generator, x: Plane, y: Plane) -> Image:
    # Hair falls from a point above the head, so that no strand turns round within the picture.
    from_x, from_y = x - 0.6 * t.parting, y + 2.1
    radius = np.hypot(from_x, from_y).astype(np.float32)
    angle = np.arctan2(from_x, from_y).astype(np.float32) + t.hair_sweep * (radius - 1.2)
    wave = 0.012 * noise(random, x.shape, (60, 90)) * step(y, -1.6, -0.9)
    fine = strands(random, radius * 0.5, angle * 2.6 + wave, 1.0)
    locks = strands(random, radius * 0.3, angle * 1.0 + wave, 0.6)
    roundness = 1.12 - 0.45 * np.clip(np.abs(x) / (t.head_width + 0.2), 0, 1.3) ** 2
    shine = 0.4 * bump(x, y, (-0.3, -1.15), (0.5, 0.16))
    bright = (0.85 * roundness + shine) * (1 + 0.17 * fine + 0.12 * locks)
    bright *= 1 - 0.35 * step(y, -0.2, 0.6)
    return np.asarray(colour(t.hair) * np.clip(bright, 0.15, 2.2)[..., None], np.float32)


def ears(t: Traits, x: Plane, y: Plane) -> tuple[Plane, Plane]:
    """Return the ears' cover and light."""
    u, v = (np.abs(x) - t.head_width - 0.02) / 0.12, (y - 0.12) / 0.27
    radius = np.sqrt(u * u + v * v)
    fold = 0.75 + 0.25 * step(np.abs(radius - 0.6), 0.05, 0.3)
    return step(radius, 1.04, 0.94), np.asarray(0.72 * fold, np.float32)


def body(t: Traits, x: Plane, y: Plane) -> tuple[Image, Plane, Plane]:
    """Return neck and clothes: the clothes' picture and cover, the neck's cover."""
    random = np.random.default_rng([t.seed, 7])
    chin = t.chin_y
    width = np.abs(x)
    neck_width = 0.6 + 0.16 * step(y, chin, chin + 0.4)
    neck = step(neck_width - width, -0.015, 0.015) * step(y, 0.6, 0.8)
    slope = chin + 0.02 + 0.22 * width + 0.75 * np.clip(width - 1.55, 0, 3) ** 1.8
    neckline = chin + 0.5 - 0.75 * np.clip(width - 0.05, 0, 1) ** 2.2
    top = np.maximum(slope, neckline)
    cloth = step(y - top, -0.015, 0.015)
    folds = noise(random, x.shape, (150, 320)) + 0.6 * noise(random, x.shape, (420, 120))
    knit = 1 + 0.035 * noise(random, x.shape, (6, 10)) + 0.05 * folds
    hem = 1 - 0.3 * np.exp(-(((y - neckline - 0.09) / 0.012) ** 2)) * step(slope - y, 0.1, -0.1)
    round_shoulders = 0.6 + 0.4 * step(y - top, -0.05, 0.55)
    shade = (0.98 - 0.09 * x - 0.03 * x * x) * round_shoulders * knit * hem
    shade *= 1 - 0.3 * bump(x, y, (0.1, chin + 0.3), (0.55, 0.3))
    return (
        np.asarray(colour(t.cloth) * np.clip(shade, 0, 2)[..., None], np.float32),
        cloth,
        np.asarray(neck, np.float32),
    )


def neck_light(t: Traits, x: Plane, y: Plane) -> Plane:
    """Return the neck's brightness: round, and in the chin's shadow."""
    across = 0.9 - 0.35 * (x / 0.7) ** 2 - 0.14 * x
    chin_shadow = 0.5 * step(y, t.chin_y + 0.42, t.chin_y + 0.02)
    tendons = 0.05 * pair(x, y, (0.22 - 0.2 * (t.chin_y - 1.3), t.chin_y + 0.4), (0.04, 0.3))
    return np.asarray(np.clip(across - chin_shadow + tendons, 0.2, 1.2) * 0.88, np.float32)
