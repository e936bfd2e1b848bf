"""Daphne's sockets, reading no faster than the application takes what was read.

Daphne puts every message into a queue without an end: a client that sent 192 MB as fast as it could
grew the server by 128 MiB.
"""

from typing import Any

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import reactor as twisted_reactor

reactor: Any = twisted_reactor  # Twisted types the module, not the reactor it is replaced by

# Messages; a browser of ours has at most two under way. With the longest ones (256 KiB) 4 MiB.
MAX_QUEUED = 16
# For the way of the last message and back, after which the connection is reset. Autobahn's one
# second took the verdict back from whoever had it not yet: a slow network, a busy machine.
CLOSE_WITHIN_SECONDS = 10
LOOK_SECONDS = 0.01  # how often a paused socket looks whether its queue is empty


class BoundedSocket(WebSocketProtocol):  # type: ignore[misc]  # Daphne ships no types
    """A socket that stops reading while its application is behind; TCP tells the sender."""

    is_paused = False
    closeHandshakeTimeout = CLOSE_WITHIN_SECONDS  # noqa: N815  (Autobahn's)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803  (Autobahn's)
        """Queue a message; once many wait, let no more in."""
        super().onMessage(payload, isBinary)
        if not self.is_paused and self.application_queue.qsize() >= MAX_QUEUED:
            self.is_paused = True
            self.transport.pauseProducing()
            reactor.callLater(LOOK_SECONDS, self.look_again)

    def look_again(self) -> None:
        """Go on reading when the queue is empty, or when there is nothing to wait for."""
        if self.application_queue.empty() or self.state != self.STATE_OPEN:
            self.is_paused = False
            self.transport.resumeProducing()
        else:
            reactor.callLater(LOOK_SECONDS, self.look_again)


def install() -> None:
    """Make Daphne use these sockets; it has no setting for that."""
    WebSocketFactory.protocol = BoundedSocket
