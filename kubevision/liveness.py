"""Whether the part of this process that serves people still turns.

The management port answers from a thread of its own, which an event loop that hangs does not
stop. So the loop leaves a sign of life here; nothing else is asked.
"""

import time

BEAT_SECONDS = 1.0
# Long against a busy moment, and against being stopped for 10 s; short against a night.
STUCK_AFTER_SECONDS = 30.0

_last_beat: float | None = None  # monotonic seconds; None where no loop reports


def beat() -> None:
    """Leave a sign of life."""
    global _last_beat  # noqa: PLW0603  (one loop a process)
    _last_beat = time.monotonic()


def is_stuck() -> bool:
    """Say whether the loop has been silent for too long."""
    return _last_beat is not None and time.monotonic() - _last_beat > STUCK_AFTER_SECONDS
