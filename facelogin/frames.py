"""The frames of one socket on their way to recognition: the newest waits, others are dropped."""

import asyncio
from dataclasses import dataclass

from facelogin.protocol import MAX_FRAME_BYTES, ErrorCode

# The contract allows a browser two unanswered frames. A burst beyond it is answered `dropped`;
# whoever has this many waiting is not a browser of ours.
MAX_WAITING = 20


class FrameRefused(Exception):  # noqa: N818  (an outcome)
    """A frame that ends the attempt; `code` says why."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Taken:
    """What waited: sequence numbers to answer as dropped, then the newest frame."""

    dropped: list[int]
    sequence: int
    jpeg: bytes


class FrameInbox:
    """Takes frames from the socket at once and holds no more than the newest.

    Daphne's own queue of incoming messages has no bound, so frames must not wait there.
    """

    def __init__(self) -> None:
        self._received = 0
        self._taken = 0
        self._answered = 0
        self._newest = b""
        self._arrived = asyncio.Event()

    def put(self, jpeg: bytes) -> None:
        """Take one frame from the socket.

        Raises
        ------
        FrameRefused
            If it is too large, or too many wait already.
        """
        if len(jpeg) > MAX_FRAME_BYTES:
            raise FrameRefused(ErrorCode.FRAME_TOO_LARGE)
        if self._received - self._taken >= MAX_WAITING:
            raise FrameRefused(ErrorCode.TOO_MANY_FRAMES)
        self._received += 1
        self._newest = jpeg
        self._arrived.set()

    def count(self) -> None:
        """Count a frame that came after the end was decided: it is answered and not looked at."""
        self._received += 1

    @property
    def received(self) -> int:
        """Return how many frames came so far."""
        return self._received

    async def take(self) -> Taken:
        """Wait for a frame; return it with the numbers of those it overtook."""
        await self._arrived.wait()
        self._arrived.clear()
        overtaken = list(range(self._taken + 1, self._received))
        self._taken = self._received
        return Taken(overtaken, self._received, self._newest)

    def mark_answered(self, sequence: int) -> None:
        """Note that all frames up to this one have their answer."""
        self._answered = sequence

    def unanswered(self) -> range:
        """Return the numbers of the frames that have no answer yet."""
        return range(self._answered + 1, self._received + 1)
