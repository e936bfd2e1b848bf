"""Daphne that announces itself, and on SIGTERM lets running attempts finish before it ends."""

import asyncio
import logging
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from daphne.server import Server  # installs Twisted's reactor
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings
from twisted.internet import reactor as twisted_reactor
from twisted.internet.interfaces import IListeningPort
from twisted.python.failure import Failure

from kubevision import bounded_connections, bounded_requests, bounded_sockets, draining, liveness
from kubevision.asgi import application

logger = logging.getLogger(__name__)

reactor: Any = twisted_reactor  # Twisted types the module, not the reactor it is replaced by

MAX_MESSAGE_BYTES = 2 * 131_072  # twice the largest frame: one over the limit still gets its answer
# Below what proxies allow a silent socket (nginx 60 s, clouds' balancers 30 to 60 s).
PING_EVERY_SECONDS = 20
PONG_WITHIN_SECONDS = 30  # a browser that is gone without a word is forgotten after both
LOOK_SECONDS = 0.1  # how often a drain looks whether the last attempt is over
# For what waits for a database or another room, so that no camera does. One for each attempt of a
# copy with two workers; a database's driver holds twice as many connections.
BLOCKING_THREADS = 32
# For those cut off at the end: their last message, their close frame and their row in the database.
CLOSING_SECONDS = 2.0


class DrainingServer(Server):  # type: ignore[misc]  # Daphne ships no types
    """Says where to click once it listens, what to do if it cannot, and leaves politely."""

    failed = False

    def __init__(self, host: str, port: int) -> None:
        self.address = f"{host}:{port}"
        self._listening: Any = None  # Twisted's port, once there is one
        self._ends_at: float | None = None  # monotonic; None unless draining
        self._is_closing = False
        self._was_idle = False
        bounded_connections.install()
        bounded_requests.install()
        bounded_sockets.install()
        super().__init__(
            application,
            endpoints=[f"tcp:port={port}:interface={host}"],
            # A WebSocket message of more than this drops the connection (contract section 3).
            websocket_max_message_size=MAX_MESSAGE_BYTES,
            websocket_max_frame_size=MAX_MESSAGE_BYTES,
            ping_interval=PING_EVERY_SECONDS,
            ping_timeout=PONG_WITHIN_SECONDS,
            server_name="kubevision",
        )

    def listen_success(self, port: IListeningPort) -> None:
        """Announce the address once signals are heard: before that, one would end us unfinished."""
        super().listen_success(port)
        self._listening = port
        reactor.callWhenRunning(self._be_ready)

    def _be_ready(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._hear)
        asyncio.get_event_loop().set_default_executor(
            ThreadPoolExecutor(BLOCKING_THREADS, thread_name_prefix="blocking")
        )
        self._beat()
        print(
            f"KubeVision is ready: open {settings.PUBLIC_ORIGINS[0]} (Ctrl-C stops it)", flush=True
        )

    def listen_error(self, failure: Failure) -> None:
        """Say in words that the address is taken."""
        print(
            f"KubeVision cannot listen on {self.address}: {failure.getErrorMessage()}\n"
            "If another program uses this port, choose one: "
            "PUBLIC_ORIGINS=http://localhost:8001 make run",
            file=sys.stderr,
        )
        self.failed = True
        super().listen_error(failure)

    def _beat(self) -> None:
        liveness.beat()
        reactor.callLater(liveness.BEAT_SECONDS, self._beat)

    # -- the end ----------------------------------------------------------------------------------

    def _hear(self, number: int, _frame: Any) -> None:
        """Take a signal: the first begins the drain, the second ends everything at once."""
        # A handler runs between any two lines of Python; the work is done in the loop.
        reactor.callFromThread(self._drain, number)

    def _drain(self, number: int) -> None:
        if self._ends_at is not None:
            self.stop()
            return
        # Ctrl-C is a person at a keyboard who does not want to wait.
        limit = 0 if number == signal.SIGINT else settings.DRAIN_SECONDS
        self._ends_at = time.monotonic() + limit
        draining.begin()
        # Whoever stands before us sends new people to another copy from now on; whoever comes
        # directly finds nobody, and has spent no ticket.
        if self._listening is not None:
            self._listening.stopListening()
        if waited_for := self._unfinished():
            logger.info("stopping: %d still running, waiting %d s for them", waited_for, limit)
        self._look()

    def _look(self) -> None:
        """End when nothing runs any more; at the limit cut off what does."""
        assert self._ends_at is not None
        time_is_up = time.monotonic() >= self._ends_at
        is_idle = self._unfinished() == 0
        # Idle twice: what an attempt wrote last is on its way by then.
        if (is_idle and self._was_idle) or (time_is_up and self._is_closing):
            self.stop()
            return
        self._was_idle = is_idle
        if time_is_up and not is_idle:
            logger.warning("stopping: %d cut off at the limit", self._unfinished())
            self._is_closing = True
            self._ends_at += CLOSING_SECONDS
            draining.end()
        reactor.callLater(LOOK_SECONDS, self._look)

    def _unfinished(self) -> int:
        """Count attempts and HTTP requests that run; an idle socket is neither."""
        requests = [
            details
            for protocol, details in self.connections.items()
            if not isinstance(protocol, WebSocketProtocol)
            and "disconnected" not in details
            and "application_instance" in details
            and not details["application_instance"].done()
        ]
        return draining.unfinished() + len(requests)

    def kill_all_applications(self) -> Any:
        """End what is left; Daphne's own trips over connections whose application is over."""
        for protocol, details in list(self.connections.items()):
            if "application_instance" not in details:
                del self.connections[protocol]
        return super().kill_all_applications()
