"""The live socket: an open page listens until its session ends, or its time does."""

import asyncio
import contextlib
import logging
import random
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError

from facelogin import listeners, stores
from facelogin.listeners import Listener
from facelogin.protocol import (
    CLOSE_AFTER_RESULT,
    CLOSE_CODES,
    LIVE_SUBPROTOCOL,
    BadMessage,
    ErrorCode,
    LiveStart,
    Message,
    SessionEnded,
    decode,
)
from facelogin.services import live
from facelogin.services.capture import explain
from facelogin.tokens import KeysUnavailable, TokenRefused
from kubevision import draining

logger = logging.getLogger(__name__)

START_WITHIN_SECONDS = 5.0  # a socket that asks for nothing must not hold a place
# A page that comes back shows that its session lives; accounts counts on no longer than this.
LIFE_SECONDS = 15 * 60.0
# Pages that came back together after a restart must not come back together for ever.
SHORTEST_LIFE = 0.8
DRAINING_LOOK_SECONDS = 1.0


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels ships no types
    """One open page of one session."""

    # No channel layer here either: Redis has a thread of its own (facelogin.copies).
    channel_layer_alias = "none"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._listener: Listener | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._telling: set[asyncio.Task[None]] = set()
        self._is_over = False

    async def connect(self) -> None:
        """Accept sockets that speak our protocol; others get HTTP 403."""
        if LIVE_SUBPROTOCOL not in self.scope["subprotocols"]:
            await self.close()
            return
        await self.accept(LIVE_SUBPROTOCOL)
        self._end_after(START_WITHIN_SECONDS, ErrorCode.TOO_SLOW)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take the ticket; a page has nothing else to say."""
        if self._is_over:
            return
        try:
            if bytes_data is not None or self._task is not None:
                raise BadMessage("not now")
            match decode(text_data or ""):
                case LiveStart(ticket):
                    self._task = asyncio.create_task(self._start(ticket))
                case _:
                    raise BadMessage("not here")
        except BadMessage:
            await self._refuse(ErrorCode.BAD_MESSAGE)

    async def disconnect(self, code: int) -> None:
        """Forget a page that has gone."""
        self._leave()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _start(self, token: str) -> None:
        try:
            ticket = await stores.in_thread(live.take_ticket, token)
            loop = asyncio.get_running_loop()

            def hear(message: Message) -> None:
                with contextlib.suppress(RuntimeError):  # the loop has ended, and the page with it
                    loop.call_soon_threadsafe(self._hear, message)

            self._listener = Listener(str(ticket.user_id), ticket.session_hash, hear)
            await live.listen(self._listener)
        except TokenRefused as refused:
            logger.info("ticket refused: %s", refused)
            await self._refuse(ErrorCode.TICKET_REFUSED)
        except live.Refused as refused:
            await self._refuse(refused.code)
        except (KeysUnavailable, DatabaseError) as error:
            logger.warning("a live socket was lost: %s: %s", type(error).__name__, error)
            await self._refuse(ErrorCode.TEMPORARILY_UNAVAILABLE)
        else:
            self._end_after(LIFE_SECONDS * random.uniform(SHORTEST_LIFE, 1.0), None)  # noqa: S311

    def _end_after(self, seconds: float, code: ErrorCode | None) -> None:
        """End the socket then, with an error or, after a full life, without a word."""
        if self._timer is not None:
            self._timer.cancel()
        end = asyncio.get_running_loop().time() + seconds

        def look() -> None:
            left = end - asyncio.get_running_loop().time()
            if draining.is_draining():
                self._tell(self._refuse(ErrorCode.SERVER_DRAINING))
            elif left <= 0:
                self._tell(self._refuse(code) if code else self._finish(CLOSE_AFTER_RESULT))
            else:
                wait = min(left, DRAINING_LOOK_SECONDS)
                self._timer = asyncio.get_running_loop().call_later(wait, look)

        look()

    def _hear(self, message: Message) -> None:
        """Take a message for this page, in its loop."""
        if isinstance(message, SessionEnded):
            code = CLOSE_CODES[ErrorCode.SESSION_ENDED]
            self._tell(self._finish(code, message))
        elif not self._is_over:
            self._tell(self.send(text_data=message.encode()))

    def _tell(self, work: Any) -> None:
        """Do it soon; a task that nobody holds may be gone before it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _refuse(self, code: ErrorCode) -> None:
        await self._finish(CLOSE_CODES[code], explain(code))

    async def _finish(self, close_code: int, last: Message | None = None) -> None:
        """Send the last message, if there is one, and close."""
        if self._is_over:
            return
        self._leave()
        if last is not None:
            await self.send(text_data=last.encode())
        await self.close(code=close_code)

    def _leave(self) -> None:
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._listener is not None:
            listeners.remove(self._listener)
