"""People who never lived, before a webcam: for tests, the demo and screenshots.

Each is painted once from its number, three halves larger than a frame shows it, and moved,
turned, lit and made noisy frame by frame, as an honest person before a camera is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from tests.drawing import features, head
from tests.drawing import hair as around
from tests.drawing.room import paint_room
from tests.drawing.texture import (
    LEFT,
    PIXELS_PER_UNIT,
    TOP,
    Plane,
    canvas,
    colour,
    over,
    pair,
    step,
)
from tests.drawing.traits import Traits, draw_traits
from tests.drawing.turning import Head, turned

Frame = npt.NDArray[np.uint8]
"""(480, 640, 3) uint8, blue, green, red."""

FRAME_WIDTH, FRAME_HEIGHT = 640, 480
UNIT = 90.0  # pixels of a frame for half a head's width at scale 1: a Haar box of about 200
CENTRE = (320.0, 218.0)  # where the nose's root is at rest
NOISE = 2.2  # grey levels of 255, standard deviation of a webcam indoors
# How a sitting person moves: standard deviations round the resting pose.
SWAY_PIXELS, SWAY_SCALE, SWAY_ROLL, SWAY_YAW = 5.0, 0.02, 1.4, 1.8
TURN_STEP = 5.0  # degrees between two painted turns
CALM = 0.9  # of the last frame's offset is left in the next: about a second at ten frames a second


@dataclass(frozen=True)
class Person:
    """A drawn person; equal seeds are the same person."""

    seed: int

    @property
    def traits(self) -> Traits:
        """Return what this person looks like."""
        return draw_traits(self.seed)


@dataclass(frozen=True)
class Pose:
    """One moment before the camera.

    Parameters
    ----------
    x, y : float
        Pixels away from the middle of the picture.
    scale : float
        1 is an arm's length away; larger is nearer.
    roll, yaw : float
        Degrees; positive roll tilts the head clockwise, positive yaw turns it to the right of the
        picture. The picture is bent, not turned: good for up to about 20 degrees of yaw.
    turn : float
        Degrees by which the head is turned beyond that, up to 90: to the right of the picture,
        which is the person's own left, if positive. In steps of five, each painted once.
    blink, smile : float
        0..1 and -1..1.
    gain, side_light : float
        Brightness, and how much brighter the picture's right edge is than its left.
    noise_seed : int
        Two poses that differ in nothing else still differ in the camera's noise.
    """

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    roll: float = 0.0
    yaw: float = 0.0
    turn: float = 0.0
    blink: float = 0.0
    smile: float = 0.0
    gain: float = 1.0
    side_light: float = 0.0
    noise_seed: int = 0


@dataclass(frozen=True)
class _Painting:
    """A person on the canvas: colour times cover, and cover, as (height, width, 4) float32."""

    eyes_open: npt.NDArray[np.float32]
    eyes_closed: npt.NDArray[np.float32]
    depth: Plane
    mouth_corners: Plane
    room: npt.NDArray[np.float32]
    head: Head


@lru_cache(maxsize=8)  # a painting is about 40 MB
def _paint(person: Person) -> _Painting:
    t = person.traits
    x, y = canvas()
    edge = head.outline(t, x, y)
    relief = head.relief(t, x, y)
    lit = head.light(relief)
    skin = head.skin(t, x, y)
    hair, hair_front, hair_behind = around.hair(t, x, y)
    cloth, cloth_cover, neck_cover = around.body(t, x, y)
    ear_cover, ear_light = around.ears(t, x, y)

    behind = hair * 0.78
    behind = over(behind, skin * around.neck_light(t, x, y)[..., None], neck_cover)
    behind = over(behind, cloth, cloth_cover)
    still_cover = np.maximum.reduce([hair_behind * step(y, 0.4, 0.9), neck_cover, cloth_cover])
    still = np.dstack([np.clip(behind, 0, 1) * still_cover[..., None], still_cover])
    behind = over(behind, skin * ear_light[..., None], ear_cover)
    cover = np.maximum.reduce([hair_behind, neck_cover, cloth_cover, ear_cover])
    face_cover = step(edge, 1.012, 0.988)
    cover = np.maximum(cover, face_cover)

    hair_shadow = 1 - 0.25 * cv2.GaussianBlur(hair_front, (0, 0), 9)
    face = skin * (lit * head.shadows(t, x, y) * hair_shadow)[..., None]
    face = features.mouth(t, face, x, y)
    face = features.beard(t, face, x, y, edge)
    face = features.brows(t, face, x, y)

    def finish(closed: bool) -> npt.NDArray[np.float32]:
        image = features.eyes(t, face, x, y, lit, closed=closed)
        image = over(behind, image, face_cover)
        image = np.clip(over(image, hair, hair_front), 0, 1)
        return np.dstack([image * cover[..., None], cover]).astype(np.float32)

    corners = pair(x, y, (t.mouth_half_width, t.mouth_y), (0.12, 0.1))
    room = paint_room(person.seed, FRAME_WIDTH, FRAME_HEIGHT)
    eyes_open = finish(False)
    shown = eyes_open[..., :3] / np.maximum(eyes_open[..., 3:], 1e-3)
    return _Painting(
        eyes_open,
        finish(True),
        head.depth(t, x, y),
        corners,
        room,
        Head(
            front=np.asarray(shown, np.float32),
            cover=np.maximum(face_cover, np.maximum(hair_front, hair_behind * step(y, 0.4, 0.3))),
            relief=relief,
            hair=hair,
            skin=colour(t.skin),
            behind=still.astype(np.float32),
        ),
    )


@lru_cache(maxsize=48)  # 8 MB each
def _turned(person: Person, degrees: float) -> npt.NDArray[np.float16]:
    return turned(person.traits, _paint(person).head, degrees).astype(np.float16)


def portrait(person: Person, pose: Pose | None = None) -> Frame:
    """Return the frame that a webcam takes of the person at that moment."""
    pose = pose or Pose()
    painting = _paint(person)
    layer = painting.eyes_open
    degrees = TURN_STEP * round(pose.turn / TURN_STEP)
    if degrees:
        layer = _turned(person, degrees).astype(np.float32)
    elif pose.blink > 0:
        closed = np.float32(pose.blink)
        layer = layer * (1 - closed) + painting.eyes_closed * closed
    seen = _look(painting, layer, pose)
    image = painting.room * (1 - seen[..., 3:]) + seen[..., :3]
    return _expose(image, pose)


def _look(
    painting: _Painting, layer: npt.NDArray[np.float32], pose: Pose
) -> npt.NDArray[np.float32]:
    """Cut the frame out of the canvas as the pose says."""
    zoom = PIXELS_PER_UNIT / (UNIT * pose.scale)
    angle = np.deg2rad(pose.roll)
    cos, sin = float(np.cos(angle)) * zoom, float(np.sin(angle)) * zoom
    centre_x, centre_y = CENTRE[0] + pose.x, CENTRE[1] + pose.y
    to_canvas = np.array(
        [
            [cos, sin, -LEFT * PIXELS_PER_UNIT - cos * centre_x - sin * centre_y],
            [-sin, cos, -TOP * PIXELS_PER_UNIT + sin * centre_x - cos * centre_y],
        ]
    )
    size = (FRAME_WIDTH, FRAME_HEIGHT)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    bend = cv2.warpAffine(painting.depth, to_canvas, size, flags=flags)
    lift = cv2.warpAffine(painting.mouth_corners, to_canvas, size, flags=flags)
    rows, columns = np.mgrid[0:FRAME_HEIGHT, 0:FRAME_WIDTH].astype(np.float32)
    (a, b, c), (d, e, f) = to_canvas.astype(np.float32)
    map_x = a * columns + b * rows + c
    map_y = d * columns + e * rows + f
    map_x -= np.float32(np.sin(np.deg2rad(pose.yaw)) * PIXELS_PER_UNIT) * bend
    map_y += np.float32(0.035 * pose.smile * PIXELS_PER_UNIT) * lift
    return np.asarray(
        cv2.remap(layer, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )


def _expose(image: npt.NDArray[np.float32], pose: Pose) -> Frame:
    """Do what the camera does: light, softness, noise."""
    across = np.linspace(-0.5, 0.5, FRAME_WIDTH, dtype=np.float32)[None, :, None]
    lit = image * (255 * pose.gain * (1 + pose.side_light * across))
    soft = cv2.GaussianBlur(lit.astype(np.float32), (0, 0), 0.6)
    random = np.random.default_rng([pose.noise_seed, 9])
    noisy = soft + NOISE * random.standard_normal(soft.shape, dtype=np.float32)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def frames(person: Person, count: int, seed: int = 0) -> Iterator[Frame]:
    """Yield frames of one go at the camera, about ten a second; no two are equal.

    Equal arguments give equal frames; another seed is another go of the same person.
    """
    for pose in poses(count, seed):
        yield portrait(person, pose)


def poses(count: int, seed: int = 0) -> Iterator[Pose]:
    """Yield the poses of somebody who sits still as well as people can."""
    random = np.random.default_rng([seed, 10])
    rest = random.standard_normal(7) * (1.5, 1.0, 1.5, 0.8, 0.8, 0.5, 0.8)
    sway = random.standard_normal(7)
    blinking = 0
    for number in range(count):
        sway = CALM * sway + np.sqrt(1 - CALM**2) * random.standard_normal(7)
        x, y, scale, roll, yaw, smile, light = rest + sway
        blinking = 2 if random.random() < 0.025 else max(0, blinking - 1)
        yield Pose(
            x=SWAY_PIXELS * x,
            y=SWAY_PIXELS * y,
            scale=1 + SWAY_SCALE * scale,
            roll=SWAY_ROLL * roll,
            yaw=SWAY_YAW * yaw,
            blink=blinking / 2,
            smile=float(np.clip(0.4 * smile, -1, 1)),
            gain=1 + 0.025 * light,
            side_light=0.02 * light,
            noise_seed=seed * 100_003 + number,
        )


def empty_room(count: int, seed: int = 0) -> Iterator[Frame]:
    """Yield frames of the room of person number `seed` with nobody in it."""
    room = paint_room(seed, FRAME_WIDTH, FRAME_HEIGHT)
    for pose in poses(count, seed):
        yield _expose(room, pose)
