"""Camera feeds: files that Chromium plays instead of a camera, and who is seen in them.

Chromium's `--use-file-for-fake-video-capture=FILE.mjpeg` plays JPEGs laid end to end at a fixed 30
a second and starts again at the end. A file is opened anew each time a page opens the camera, so
one path can hold one person now and another later.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from tests.drawn_faces import FRAME_HEIGHT, FRAME_WIDTH, Frame, Person, Pose, portrait, poses

# Chromium plays 30 a second (kMJpegFrameRate in media/capture/video/file_video_capture_device).
HELD_FOR_TEN_A_SECOND = 3  # times each frame is written; drawn frames are about ten a second
HELD_FOR_HALF_A_SECOND = 15  # for folders with few frames


def write_mjpeg(
    path: Path, frames: Iterable[Frame], *, quality: int = 90, hold: int = HELD_FOR_TEN_A_SECOND
) -> Path:
    """Write a feed and return its path; it plays `hold` / 30 seconds a frame, then starts again.

    Parameters
    ----------
    path : Path
        Its name must end in `.mjpeg`. Replaced in one step: a camera that is running keeps the old.
    frames : iterable of (480, 640, 3) uint8
    quality : int
        Of the JPEGs, 1..100.
    hold : int
        How often each frame is written: `hold` of 3 shows ten different ones a second.

    Raises
    ------
    ValueError
        If the name ends otherwise (Chromium would read it as Y4M) or there are no frames.
    """
    if path.suffix != ".mjpeg":
        raise ValueError(f"a feed's name ends in .mjpeg, not {path.name!r}")
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        for frame in frames:
            file.write(jpeg(frame, quality) * hold)
    if not unfinished.stat().st_size:
        unfinished.unlink()
        raise ValueError("a feed without frames plays nothing")
    unfinished.replace(path)
    return path


def jpeg(frame: Frame, quality: int = 90) -> bytes:
    """Return the frame as a JPEG."""
    return cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def frames_of_folder(folder: Path) -> list[Frame]:
    """Return the pictures of a folder as 640x480 frames, in the order of their names' numbers.

    Raises
    ------
    FileNotFoundError
        If there is no picture in it.
    """
    pictures = [p for p in folder.iterdir() if p.suffix.lower() in {".jpg", ".jpeg", ".png"}]
    paths = sorted(pictures, key=lambda path: (len(path.name), path.name))  # 96 before 101
    if not paths:
        raise FileNotFoundError(f"no pictures in {folder}")
    return [_read(path) for path in paths]


def _read(path: Path) -> Frame:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"not a picture: {path}")
    return np.asarray(cv2.resize(image, (FRAME_WIDTH, FRAME_HEIGHT)), np.uint8)


def astronaut(count: int, seed: int = 0) -> Iterator[Frame]:
    """Yield frames of Eileen Collins: NASA's portrait, public domain, shipped with scikit-image.

    A photograph moved before a camera, not a person: poses and light change as for drawn people,
    blinking and turning do not happen.
    """
    picture = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)  # type: ignore[no-untyped-call]
    face_x, face_y, larger = 224.0, 112.0, 1.9  # a Haar box of about 180 pixels
    for pose in poses(count, seed):
        move = cv2.getRotationMatrix2D((face_x, face_y), -pose.roll, larger * pose.scale)
        move[:, 2] += np.array([320 + pose.x - face_x, 192 + pose.y - face_y])
        size = (FRAME_WIDTH, FRAME_HEIGHT)
        frame = cv2.warpAffine(picture, move, size, borderMode=cv2.BORDER_REFLECT)
        random = np.random.default_rng([pose.noise_seed, 11])
        lit = frame * pose.gain + 2 * random.standard_normal(frame.shape, dtype=np.float32)
        yield np.asarray(np.clip(lit, 0, 255), np.uint8)


def hardly_known(person: Person, other: Person, count: int) -> Iterator[Frame]:
    """Yield a person whom the camera hardly knows: shadows draw other features over theirs.

    With somebody far from them as the other, that is further away than a match and nearer than most
    strangers. A third of the picture is still the person.
    """
    for pose in poses(count, seed=5):
        yield in_shadows(person, other, pose)


def in_shadows(person: Person, other: Person, pose: Pose) -> Frame:
    """Return one moment of `hardly_known`."""
    own, drawn_over = portrait(person, pose), portrait(other, pose)
    return np.asarray(cv2.addWeighted(own, 0.35, drawn_over, 0.65, 0), np.uint8)
