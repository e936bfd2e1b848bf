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
        data = path.read_bytes()
    except OSError:
        data = b""
    frame = Frame.from_bytes(data)
    yield frame if frame is None else _with_room(_turned(frame, data))


def _turned(frame: Frame, data: bytes) -> Frame:
    """Turn a phone's picture as it says it was held; frames of a camera say nothing of it."""
    held = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if held is None or np.array_equal(held, frame.colour):
        return frame
    return Frame.from_colour(np.asarray(held, np.uint8))


def _of_video(path: Path) -> Iterator[Frame | None]:
    video = cv2.VideoCapture(str(path))
    taken = 0
    try:
        while video.grab():
            # By the clock of each frame: the rate that files of browsers name is often wrong.
            if video.get(cv2.CAP_PROP_POS_MSEC) * FRAMES_A_SECOND < 1000 * taken:
                continue
            is_there, picture = video.retrieve()
            if is_there:
                taken += 1
                yield Frame.from_colour(np.asarray(picture, np.uint8))
        if not taken:
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
