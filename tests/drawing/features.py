"""Eyes, brows, mouth and beard, laid over the lit skin."""

import numpy as np
import numpy.typing as npt

from tests.drawing.texture import Plane, bump, colour, noise, over, step, strands
from tests.drawing.traits import Traits

Image = npt.NDArray[np.float32]
SOFT = 0.012  # units; about one pixel of a frame


def eyes(t: Traits, image: Image, x: Plane, y: Plane, lit: Plane, *, closed: bool) -> Image:
    """Paint both eyes, open or closed."""
    for side in (-1, 1):
        u = (x - side * t.eye_x) * side / t.eye_half_width  # -1 at the nose, 1 at the temple
        v = y + t.eye_tilt * u
        arch = np.sqrt(np.clip(1 - u * u, 0, 1))
        upper = -t.eye_opening * arch ** (1.1)
        lower = 0.62 * t.eye_opening * arch
        inside = (np.abs(u) < 1).astype(np.float32)
        if closed:
            upper = lower - 0.012
        opening = step(v - upper, -SOFT, SOFT) * step(lower - v, -SOFT, SOFT) * inside
        if not closed:
            ball = _eyeball(t, side, x, y, upper)
            image = over(image, ball * (0.35 + 0.65 * lit[..., None]), opening)
        lash = np.exp(-(((v - upper + 0.012) / 0.02) ** 2)) * step(1.12 - np.abs(u), 0, 0.25)
        rim = 0.3 * np.exp(-(((v - lower) / 0.016) ** 2)) * inside
        crease_y = -t.eye_opening * 1.15 * arch - 0.055
        crease = 0.28 * np.exp(-(((v - crease_y) / 0.016) ** 2)) * step(1.05 - np.abs(u), 0, 0.4)
        image = image * (1 - crease - rim)[..., None]
        image = over(image, np.broadcast_to(colour(t.hair) * 0.4, image.shape), 0.85 * lash)
    return image


def _eyeball(t: Traits, side: int, x: Plane, y: Plane, upper: Plane) -> Image:
    centre = (side * t.eye_x, -0.018)
    radius = np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2)
    white = np.broadcast_to(colour((0.80, 0.82, 0.86)), (*x.shape, 3))
    shade = 0.62 + 0.38 * step(y - upper, 0.0, 0.09)
    shade *= 1 - 0.25 * step(np.abs(x - centre[0]), 0.1, t.eye_half_width)
    ball = white * shade[..., None]
    angle = np.arctan2(y - centre[1], x - centre[0])
    fibres = 1 + 0.16 * np.sin(angle * 17 + t.seed) * np.sin(angle * 7 + 2)
    iris = colour(t.iris) * (fibres * (0.75 + 2.5 * radius))[..., None]
    iris *= (1 - 0.6 * step(radius, 0.074, 0.1))[..., None]
    ball = over(ball, np.asarray(iris * shade[..., None], np.float32), step(radius, 0.106, 0.094))
    ball = over(ball, np.zeros_like(ball) + 0.03, step(radius, 0.05, 0.042))
    glint = bump(x, y, (centre[0] - 0.03, centre[1] - 0.04), (0.013, 0.013))
    return over(ball, np.ones_like(ball), np.clip(glint * 1.2, 0, 1))


def brows(t: Traits, image: Image, x: Plane, y: Plane) -> Image:
    """Paint the brows hair by hair."""
    random = np.random.default_rng([t.seed, 3])
    for side in (-1, 1):
        u = (x * side - t.eye_x - 0.02) / (t.eye_half_width * 1.45)
        middle = t.brow_y - t.brow_arch * (1 - (u - 0.25) ** 2) - t.brow_tilt * u
        thick = t.brow_thickness * (1.05 - 0.45 * step(u, -0.2, 1.0))
        band = np.exp(-(np.abs((y - middle) / thick) ** 2.6))
        band *= step(u, -1.1, -0.8) * step(u, 1.1, 0.7)
        hairs = strands(random, x, y - 0.5 * x * side, 3.2)
        cover = np.clip(band * (0.72 + 0.3 * hairs), 0, 0.92)
        image = over(image, np.broadcast_to(colour(t.hair) * 0.75, image.shape), cover)
    return image


def mouth(t: Traits, image: Image, x: Plane, y: Plane) -> Image:
    """Paint the lips over their relief."""
    random = np.random.default_rng([t.seed, 4])
    u = np.clip(x / t.mouth_half_width, -1.2, 1.2)
    ends = np.sqrt(np.clip(1 - u * u, 0, 1))
    line = t.mouth_y + 0.012 * np.cos(u * 7) - t.mouth_curve * u * u
    bow = 0.02 * np.exp(-((x / 0.05) ** 2))
    top = line - t.lip_fullness * (0.085 * ends**1.3 - bow * ends)
    bottom = line + t.lip_fullness * 0.115 * ends**1.15
    inside = (np.abs(u) < 1).astype(np.float32)
    lips = step(y - top, -SOFT, 2 * SOFT) * step(bottom - y, -SOFT, 3 * SOFT) * inside
    wrinkled = 1 + 0.05 * noise(random, x.shape, (7, 40))
    upper_dark = 1 - 0.16 * step(line - y, 0, 0.02)
    hue = colour((1 - 0.34 * t.lip_redness, 1 - 0.32 * t.lip_redness, 0.97))
    paint = image * hue * (wrinkled * upper_dark * 0.93)[..., None]
    image = over(image, np.asarray(paint, np.float32), 0.85 * lips)
    gap = np.exp(-(((y - line) / 0.016) ** 2)) * step(1.04 - np.abs(u), 0, 0.12)
    image = over(image, image * 0.32, np.asarray(0.85 * gap, np.float32))
    shine = bump(x, y, (-0.05, t.mouth_y + 0.07 * t.lip_fullness), (0.09, 0.016))
    return np.asarray(image + 0.06 * shine[..., None], np.float32)


def beard(t: Traits, image: Image, x: Plane, y: Plane, edge: Plane) -> Image:
    """Paint stubble to full beard: cheeks below a line, chin and upper lip, not the lips."""
    if not t.beard:
        return image
    random = np.random.default_rng([t.seed, 5])
    width: Plane = np.abs(x)
    cheek_line = t.mouth_y - 0.1 - 0.75 * np.clip(width - 0.35, 0, 1) ** 1.3
    area = step(y - cheek_line, 0.0, 0.16) * step(edge, 1.02, 0.97)
    upper_lip = bump(x, y, (0, t.mouth_y - 0.14), (0.28, 0.05))
    area = np.maximum(area * step(width + (y - t.mouth_y), 0.3, 0.46), np.minimum(upper_lip, 1))
    lips = bump(x, y, (0, t.mouth_y + 0.02), (t.mouth_half_width * 0.8, 0.085))
    area = np.clip(area - 1.4 * lips, 0, 1)
    hairs = 0.5 * strands(random, y, x + 0.3 * width * y, 2.4)
    hairs += 0.5 * noise(random, x.shape, (5, 9))
    cover = np.clip(area * t.beard * (0.62 + 0.28 * hairs), 0, 0.9)
    return over(image, np.broadcast_to(colour(t.hair) * 0.85, image.shape), cover)
