"""A head turned further than bending its picture can: its relief seen from the side.

Front and back of the head are clouds of coloured points, turned round the neck's axis; the nearest
of those that fall on a pixel is seen. Neck and clothes stay where they are.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tests.drawing.head import CRANIUM
from tests.drawing.texture import LEFT, PIXELS_PER_UNIT, TOP, Plane
from tests.drawing.traits import Traits

Image = npt.NDArray[np.float32]

STEP = 0.5 / PIXELS_PER_UNIT  # units between two points: two for each pixel of the canvas
REACH = (-1.45, 1.45, -1.8, 1.75)  # left, right, top, bottom of what turns, in units
BACK = 1.08  # units from the axis to the back of the skull
EAR = (-0.12, 0.12)  # depth and height of an ear's middle
EAR_SIZE = (0.17, 0.27)


@dataclass(frozen=True)
class Head:
    """What turns, and what does not.

    Attributes
    ----------
    front : (height, width, 3) float32
        Face and front hair, seen from the front.
    cover : (height, width) float32
        1 where there is head.
    relief : (height, width) float32
        How far the face stands out, in units.
    hair : (height, width, 3) float32
        Hair, everywhere.
    skin : (3,) float32
        Of ears and neck.
    behind : (height, width, 4) float32
        What does not turn: colour times cover, and cover.
    """

    front: Image
    cover: Plane
    relief: Plane
    hair: Image
    skin: npt.NDArray[np.float32]
    behind: Image


def turned(t: Traits, head: Head, degrees: float) -> Image:
    """Return the canvas with the head turned; positive degrees turn it to the picture's right."""
    x, y = np.meshgrid(
        np.arange(REACH[0], REACH[1], STEP, dtype=np.float32),
        np.arange(REACH[2], REACH[3], STEP, dtype=np.float32),
    )
    columns = ((x - LEFT) * PIXELS_PER_UNIT).astype(np.float32)
    rows = ((y - TOP) * PIXELS_PER_UNIT).astype(np.float32)

    def look_up(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.asarray(cv2.remap(plane, columns, rows, cv2.INTER_LINEAR), np.float32)

    colour, is_head = look_up(head.front), look_up(head.cover) > 0.5
    skull = np.sqrt(np.clip(1 - _radius(t, x, y) ** 2, 0, 1))
    is_head &= skull > 0
    depth = np.maximum(look_up(head.relief), 0.9 * skull)
    # The back of the head: hair above the nape, skin below it; darker, the lamp is in front.
    nape = np.where(y > 0.55, 1.0, 0.0).astype(np.float32)[..., None]
    back = 0.8 * (look_up(head.hair) * (1 - nape) + head.skin * 0.7 * nape)
    clouds = [
        (x[is_head], y[is_head], depth[is_head], colour[is_head]),
        (x[is_head], y[is_head], -BACK * skull[is_head], back[is_head]),
        *_ears(t, head.skin),
    ]
    angle = np.deg2rad(degrees)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    across = np.concatenate([x * cos + z * sin for x, _, z, _ in clouds])
    near = np.concatenate([z * cos - x * sin for x, _, z, _ in clouds])
    down = np.concatenate([y for _, y, _, _ in clouds])
    colours = np.concatenate([colour for *_, colour in clouds])
    picture, seen = _splat(across, down, near, colours, head.behind.shape[:2])
    soft = np.asarray(cv2.GaussianBlur(seen, (0, 0), 1.0), np.float32)[..., None]
    result = head.behind * (1 - soft)
    result[..., :3] += picture * soft
    result[..., 3:] += soft
    return np.asarray(result, np.float32)


def _radius(t: Traits, x: Plane, y: Plane) -> Plane:
    """Return 0 on the head's axis to 1 at its edge, hair included."""
    width = t.head_width * (1 - 0.8 * t.jaw_taper * np.clip(y / t.chin_y, 0, 1.2) ** 2.2) + 0.04
    height = np.where(y > 0, t.chin_y + 0.02, CRANIUM + 0.16)
    return np.asarray(
        (np.abs(x / width) ** 2.3 + np.abs(y / height) ** 2.3) ** (1 / 2.3), np.float32
    )


def _ears(
    t: Traits, skin: npt.NDArray[np.float32]
) -> list[tuple[Plane, Plane, Plane, npt.NDArray[np.float32]]]:
    """Return both ears: discs on the sides of the head, standing out a little behind."""
    u, v = np.meshgrid(np.linspace(-1, 1, 120, dtype=np.float32), np.linspace(-1, 1, 180))
    radius = np.hypot(u, v)
    is_ear = radius < 1
    fold = 0.6 + 0.25 * np.clip(np.abs(radius - 0.6) / 0.3, 0, 1)
    z = (EAR[0] - EAR_SIZE[0] * u)[is_ear].astype(np.float32)
    y = (EAR[1] + EAR_SIZE[1] * v)[is_ear].astype(np.float32)
    out = (t.head_width + 0.03 + 0.08 * (u + 1) / 2)[is_ear].astype(np.float32)
    shade = (skin * fold[is_ear][:, None]).astype(np.float32)
    return [(side * out, y, z, shade) for side in (-1, 1)]


def _splat(
    x: Plane, y: Plane, near: Plane, colours: npt.NDArray[np.float32], shape: tuple[int, ...]
) -> tuple[Image, Plane]:
    """Return the nearest point's colour on each pixel, and where there is one."""
    columns = np.rint((x - LEFT) * PIXELS_PER_UNIT).astype(np.int32)
    rows = np.rint((y - TOP) * PIXELS_PER_UNIT).astype(np.int32)
    order = np.argsort(near, kind="stable")  # the nearest is written last
    places = (rows * shape[1] + columns)[order]
    image = np.zeros((shape[0] * shape[1], 3), np.float32)
    seen = np.zeros(shape[0] * shape[1], np.float32)
    image[places] = colours[order]
    seen[places] = 1
    picture, is_seen = image.reshape(*shape[:2], 3), seen.reshape(shape[:2])
    # Steep slopes leave gaps of a pixel: what is round them closes them.
    whole = np.asarray(cv2.morphologyEx(is_seen, cv2.MORPH_CLOSE, np.ones((5, 5))), np.float32)
    around = cv2.blur(is_seen, (5, 5)) + np.float32(1e-6)
    filled = cv2.blur(picture, (5, 5)) / around[..., None]
    picture = np.where(is_seen[..., None] > 0, picture, filled)
    return np.asarray(picture, np.float32), whole
