"""From files to frames, as a camera would have sent them."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from facelogin.evaluation.people import VIDEOS
from facelogin.recognition import Frame

# Pictures cut tightly around a face show no background, which the cascade needs, and faces smaller
# than the quality gate wants: bordered and enlarged they are seen as others are.
TIGHT_PIXELS = 160  # width or height
BORDER_PIXELS, ENLARGEMENT = 40, 2
FRAMES_A_SECOND = 5  # taken from a video; as many as a browser sends


def frames(file: str) -> Iterator[Frame | None]:
    """Yield a picture's one frame, or a video's five a second; None for what cannot be read."""
    path = Path(file)
    if path.suffix.lower() in VIDEOS:
        yield from _of_video(path)
        return
    try:
        frame = Frame.from_bytes(path.read_bytes())
    except OSError:
        frame = None
    yield frame if frame is None else _with_room(frame)


def _of_video(path: Path) -> Iterator[Frame | None]:
    video = cv2.VideoCapture(str(path))
    try:
        rate = video.get(cv2.CAP_PROP_FPS) or FRAMES_A_SECOND
        step, number, has_any = max(1, round(rate / FRAMES_A_SECOND)), 0, False
        while True:
            is_there, picture = video.read()
            if not is_there:
                break
            if number % step == 0:
                has_any = True
                yield Frame.from_colour(np.asarray(picture, np.uint8))
            number += 1
        if not has_any:
            yield None
    finally:
        video.release()


def _with_room(frame: Frame) -> Frame:
    if min(frame.grey.shape) >= TIGHT_PIXELS:
        return frame
    edge = (BORDER_PIXELS,) * 4
    wide = cv2.copyMakeBorder(frame.colour, *edge, cv2.BORDER_REPLICATE)
    size = (wide.shape[1] * ENLARGEMENT, wide.shape[0] * ENLARGEMENT)
    large = cv2.resize(wide, size, interpolation=cv2.INTER_CUBIC)
    return Frame.from_colour(np.asarray(large, np.uint8))
