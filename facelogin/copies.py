"""Live messages between the copies of facelogin, through Redis.

All of it runs in a thread with an event loop of its own: however slow Redis is, whatever name does
not resolve, no camera and no verdict waits for it. What cannot be published soon is dropped: pages
ask accounts anyway, and ended sessions are found in the database.
"""

import asyncio
import logging
import random
import threading
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from channels_redis.core import RedisChannelLayer
from django.conf import settings

from facelogin import metrics

logger = logging.getLogger(__name__)

Note = dict[str, Any]

GROUP = "live"  # all copies are in it; which page is meant each copy knows
MAX_WAITING = 1000  # notes of some 300 bytes; more means that Redis is away
NOTE_LIFE_SECONDS = 10  # what is older is of no use to a page, and must not stay in Redis
PUBLISH_WITHIN_SECONDS = 2.0
WAIT_FOR_NOTES_SECONDS = 3  # one blocking read; then the next
# Longer than a blocking read; a connection that says nothing for so long is dead.
SOCKET_TIMEOUT_SECONDS = 5.0
CONNECT_TIMEOUT_SECONDS = 2.0
HEALTH_CHECK_SECONDS = 10  # a connection unused for so long is asked before it is used
# A Redis that came back knows no groups: who is in one says so again and again.
JOIN_EVERY_SECONDS = 3.0
JOIN_LIFE_SECONDS = 60  # a copy that is gone is forgotten after this
# After a failure: doubling, so that a Redis that comes back is not run over.
FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.25, 5.0
STOP_WITHIN_SECONDS = 3.0


class Copies:
    """The ear and the mouth of one copy."""

    def __init__(self, url: str, hear: Callable[[Note], None]) -> None:
        self._hear = hear
        self._url = url
        self._name = f"live.{uuid.uuid4().hex}"
        self._loop = asyncio.new_event_loop()
        self._waiting: asyncio.Queue[tuple[float, Note]] = asyncio.Queue(MAX_WAITING)
        self._next: tuple[float, Note] | None = None  # taken out, and not published yet
        self._is_failing = False
        self._thread = threading.Thread(target=self._live, name="live", daemon=True)
        self._thread.start()

    def publish(self, note: Note) -> None:
        """Tell the other copies, if that can be; called in any thread, never waits."""
        with suppress(RuntimeError):  # the loop is closed: this process ends
            self._loop.call_soon_threadsafe(self._put, note | {"from": self._name})

    def stop(self) -> None:
        """End the thread; what still waits is dropped."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._end)
        self._thread.join(STOP_WITHIN_SECONDS)

    def _put(self, note: Note) -> None:
        try:
            self._waiting.put_nowait((time.monotonic(), note))
        except asyncio.QueueFull:
            metrics.LIVE_NOT_PUBLISHED.labels("queue_full").inc()

    def _end(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._talk())
        except asyncio.CancelledError:
            logger.debug("live messages end")
        finally:
            self._loop.run_until_complete(_end_the_rest())
            self._loop.close()

    async def _talk(self) -> None:
        options = {
            "socket_timeout": SOCKET_TIMEOUT_SECONDS,
            "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "health_check_interval": HEALTH_CHECK_SECONDS,
        }
        layer = RedisChannelLayer(
            hosts=[{"address": self._url, **options}],
            prefix="kubevision-live:",
            expiry=NOTE_LIFE_SECONDS,
            group_expiry=JOIN_LIFE_SECONDS,
            capacity=MAX_WAITING,
        )
        layer.brpop_timeout = WAIT_FOR_NOTES_SECONDS

        async def join() -> None:
            async with asyncio.timeout(PUBLISH_WITHIN_SECONDS):
                await layer.group_add(GROUP, self._name)
            self._note_joined()
            await asyncio.sleep(JOIN_EVERY_SECONDS)

        async def publish() -> None:
            # Tried again until it is too old: after a restart of Redis every connection of the
            # pool fails once.
            written_at, note = self._next = self._next or await self._waiting.get()
            if time.monotonic() - written_at <= NOTE_LIFE_SECONDS:
                async with asyncio.timeout(PUBLISH_WITHIN_SECONDS):
                    await layer.group_send(GROUP, note)
            else:
                metrics.LIVE_NOT_PUBLISHED.labels("redis").inc()
            self._next = None

        async def listen() -> None:
            note = await layer.receive(self._name)
            if note.get("from") != self._name:
                self._hear(note)

        try:
            await asyncio.gather(*(self._for_ever(work) for work in (join, publish, listen)))
        finally:
            await layer.close_pools()

    async def _for_ever(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it again and again; after a failure, whatever it is, wait a little longer each time.

        Everything is caught: channels-redis lets through what redis-py raises, and what asyncio
        raises when a connection breaks in the middle, and live messages must come back.
        """
        backoff = FIRST_BACKOFF_SECONDS
        while True:
            try:
                await work()
                backoff = FIRST_BACKOFF_SECONDS
            except Exception as error:
                self._note_failure(error)
                await asyncio.sleep(backoff * random.uniform(0.5, 1.0))  # noqa: S311  (no secret)
                backoff = min(2 * backoff, LONGEST_BACKOFF_SECONDS)

    def _note_failure(self, error: Exception) -> None:
        if not self._is_failing:  # one line for an outage, not one for each try
            logger.warning("no live messages between copies: %s: %s", type(error).__name__, error)
        self._is_failing = True

    def _note_joined(self) -> None:
        if self._is_failing:
            self._is_failing = False
            logger.info("live messages between copies are back")


async def _end_the_rest() -> None:
    """End what one cancellation did not: it is lost where a time limit passes in that moment."""
    while rest := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)


_copies: Copies | None = None


def start(hear: Callable[[Note], None]) -> None:
    """Begin to talk with the other copies, where there is a Redis to talk through."""
    global _copies  # noqa: PLW0603  (one thread a process)
    if settings.REDIS_URL:
        _copies = Copies(settings.REDIS_URL, hear)


def stop() -> None:
    """End it."""
    global _copies  # noqa: PLW0603  (as above)
    if _copies is not None:
        _copies.stop()
        _copies = None


def publish(note: Note) -> None:
    """Tell the other copies; without a Redis there are none that could hear."""
    if _copies is not None:
        _copies.publish(note)
