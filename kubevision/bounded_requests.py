"""Daphne's HTTP requests, as large as ours are and no larger.

Twisted takes a request's whole body, however long, before anybody sees its first byte, and Daphne
puts it into a queue in memory. Under gunicorn Django stops reading at its own limit.
"""

from typing import Any

from daphne import http_protocol
from daphne.http_protocol import WebRequest

# Sixteen times what Django accepts (DATA_UPLOAD_MAX_MEMORY_SIZE): between the two limits Django
# refuses by the length alone; beyond this one the bytes are let fall, and it refuses the same way.
MAX_BODY_BYTES = 1024 * 1024
# Sets the prefix all addresses are made with, for whoever sends it: a proxy's business, and ours
# has none.
ROOT_PATH_HEADER = b"daphne-root-path"
SUBPROTOCOL_HEADER = b"sec-websocket-protocol"


class BoundedRequest(WebRequest):  # type: ignore[misc]  # Daphne ships no types
    """A request that keeps no more of its body than anybody may send."""

    received_bytes = 0

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802  (Twisted's name)
        """Keep a piece of the body; forget all of it once it is too long."""
        self.received_bytes += len(data)
        if self.received_bytes <= MAX_BODY_BYTES:
            super().handleContentChunk(data)
        elif self.content.tell():
            self.content.seek(0)
            self.content.truncate()

    def process(self) -> Any:
        """Take from the headers what Daphne believes or stumbles over, then go on."""
        headers = self.requestHeaders
        headers.removeHeader(ROOT_PATH_HEADER)
        if not all(value.isascii() for value in headers.getRawHeaders(SUBPROTOCOL_HEADER, [])):
            self.basic_error(400, b"Bad Request", "Invalid subprotocol")
            return None
        if self.received_bytes > MAX_BODY_BYTES:
            # In chunks a body comes without a length; Django judges by this header.
            headers.setRawHeaders(b"content-length", [b"%d" % self.received_bytes])
        return super().process()


def install() -> None:
    """Make Daphne use these requests; it has no setting for that."""
    http_protocol.WebRequest = BoundedRequest
