"""The capture socket: text and frames in, messages out. What they mean the services decide."""

import asyncio
import contextlib
import logging
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from facelogin import metrics
from facelogin.frames import FrameInbox, FrameRefused
from facelogin.protocol import (
    CLOSE_AFTER_RESULT,
    CLOSE_CODES,
    SUBPROTOCOL,
    AttemptCancel,
    AttemptReady,
    AttemptResult,
    AttemptStart,
    BadMessage,
    CaptureFeedback,
    Error,
    ErrorCode,
    Message,
    decode,
)
from facelogin.services import capture
from kubevision import draining

logger = logging.getLogger(__name__)

# Between a decision and its result frames still arrive, some of them in Daphne's queue already: the
# time until those are heard, and how often to wait for somebody who sends with every answer.
ROUND_SECONDS, MOST_ROUNDS = 0.01, 5
START_WITHIN_SECONDS = 5.0  # a socket that asks for nothing must not hold a place


class CaptureConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels ships no types
    """One attempt before one camera."""

    # No channel layer: a consumer bound to one dies with Redis, and signing in must not.
    channel_layer_alias = "none"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._socket = capture.Socket(FrameInbox(), self._send)
        self._task: asyncio.Task[None] | None = None
        self._has_started = False
        self._is_over = False
        self._purpose = "none"  # until a ticket says it

    async def connect(self) -> None:
        """Accept sockets that speak our protocol; others get HTTP 403."""
        if SUBPROTOCOL not in self.scope["subprotocols"]:
            await self.close()
            return
        await self.accept(SUBPROTOCOL)
        self._task = asyncio.create_task(self._expect_start())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take one message at once; nothing here waits for recognition."""
        if self._is_over:
            return
        if self._socket.stopped.is_set():
            # What was on its way when the attempt ended is still answered, nothing more.
            if bytes_data is not None:
                self._socket.inbox.count()
            return
        try:
            if bytes_data is not None:
                self._take_frame(bytes_data)
            else:
                self._take_text(text_data or "")
        except BadMessage:
            await self._refuse(ErrorCode.BAD_MESSAGE)
        except FrameRefused as refused:
            await self._refuse(refused.code)

    async def disconnect(self, code: int) -> None:
        """Stop the attempt of a browser that has gone."""
        self._is_over = True
        if self._task is not None:
            self._task.cancel()
            # Let it close its row before this consumer is gone.
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def _take_frame(self, jpeg: bytes) -> None:
        if not self._has_started:
            raise BadMessage("a frame before attempt.start")
        self._socket.inbox.put(jpeg)

    def _take_text(self, text: str) -> None:
        message = decode(text)
        match message:
            case AttemptStart(ticket) if not self._has_started:
                self._has_started = True
                if self._task is not None:
                    self._task.cancel()
                self._task = asyncio.create_task(self._run(ticket))
            case AttemptCancel() if self._has_started:
                self._socket.stop()
            case _:
                raise BadMessage("not now")

    async def _expect_start(self) -> None:
        await asyncio.sleep(START_WITHIN_SECONDS)
        await self._finish(capture.explain(ErrorCode.TOO_SLOW))

    async def _refuse(self, code: ErrorCode) -> None:
        """End the socket; an attempt that runs says so itself, and reports it."""
        if self._has_started:
            self._socket.stop(code)
        else:
            await self._finish(capture.explain(code))

    async def _run(self, ticket: str) -> None:
        with draining.unfinished_work():
            try:
                last = await capture.run(ticket, self._socket)
            except Exception:  # a fault of ours must not leave anybody before a silent camera
                logger.exception("an attempt broke")
                last = capture.explain(ErrorCode.TEMPORARILY_UNAVAILABLE)
            await self._answer_the_rest()
            await self._finish(last)

    async def _answer_the_rest(self) -> None:
        """Answer frames that nobody will look at: each gets its answer, and none after the end."""
        for _round in range(MOST_ROUNDS):
            await self._drop_unanswered()
            await asyncio.sleep(ROUND_SECONDS)
            if not self._socket.inbox.unanswered():
                return
        await self._drop_unanswered()  # sending to Daphne never waits, so none comes after this

    async def _drop_unanswered(self) -> None:
        inbox = self._socket.inbox
        for sequence in inbox.unanswered():
            await self._send(capture.dropped(sequence))
            inbox.mark_answered(sequence)

    async def _send(self, message: Message) -> None:
        self._count(message)
        if not self._is_over:
            await self.send(text_data=message.encode())

    def _count(self, message: Message) -> None:
        match message:
            case AttemptReady(purpose=purpose):
                self._purpose = purpose
            case CaptureFeedback(verdict=verdict):
                metrics.FRAMES.labels(verdict).inc()
            case AttemptResult(outcome=outcome) | Error(code=outcome):
                metrics.ATTEMPTS.labels(self._purpose, outcome).inc()

    async def _finish(self, last: Message) -> None:
        """Send the last message and close with the code that belongs to it."""
        if self._is_over:
            return
        self._is_over = True
        self._count(last)
        await self.send(text_data=last.encode())
        code = CLOSE_CODES[last.code] if isinstance(last, Error) else CLOSE_AFTER_RESULT
        await self.close(code=code)
