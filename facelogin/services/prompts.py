"""When an enrolment tells the person what it lacks: seldom enough to be read and followed."""

import time
from collections.abc import Callable

from facelogin.protocol import CapturePrompt
from facelogin.recognition import Wish

LEAST_SECONDS = 1.0  # between two prompts; a sentence is read in about that time


class Prompter:
    """Turns wishes into messages: each when it changes, none too soon after another."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._said: Wish | None = None
        self._said_at = float("-inf")

    def say(self, wish: Wish | None) -> CapturePrompt | None:
        """Return the message for a wish; None if there is nothing new to say, or not yet."""
        now = self._seconds()
        if wish is None or wish == self._said or now - self._said_at < LEAST_SECONDS:
            return None
        self._said, self._said_at = wish, now
        return CapturePrompt(wish.value)
