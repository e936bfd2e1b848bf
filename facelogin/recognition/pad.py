"""Presentation attacks that need no knowledge of faces: frames shown more than once."""

import numpy as np

from facelogin.recognition.types import Fingerprint

# Mean difference of two reduced frames, in grey levels of 255, under which they are one picture.
# Measured: a frame packed anew as JPEG of quality 80 differs by up to 0.18 (60 of 60 webcam frames
# caught; quality 70 up to 0.32, quality 60 never caught). Honest frames of one webcam session
# differ by 0.65 or more (468 frames, 8 people), camera noise of 2.5 levels alone by 0.30.
REPEAT_LIMIT = 0.25
MAX_REMEMBERED = 400  # a minute at five frames a second, with room; 3 KiB each


class FrameHistory:
    """The frames of one attempt, each in 3 KiB; knows one it has seen before."""

    def __init__(self) -> None:
        self._seen = np.empty((MAX_REMEMBERED, 48, 64), np.int16)
        self._count = 0

    def is_repeat(self, frame: Fingerprint) -> bool:
        """Say whether this attempt has seen the frame, and remember it."""
        current = frame.astype(np.int16)
        seen = self._seen[: min(self._count, MAX_REMEMBERED)]
        nearest = np.abs(seen - current).mean(axis=(1, 2)).min(initial=np.inf)
        if nearest <= REPEAT_LIMIT:
            return True
        self._seen[self._count % MAX_REMEMBERED] = current
        self._count += 1
        return False
