"""HTTP as bytes over TCP, for what no client library would send."""

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from email.parser import BytesParser

TIMEOUT_SECONDS = 20.0
MOST_BYTES = 1_000_000  # of an answer; ours are pages


@dataclass(frozen=True)
class Answer:
    """What came back first on a connection; status 0 if nothing did."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """Return the problem document's code, or nothing."""
        if not self.headers.get("content-type", "").startswith("application/problem+json"):
            return ""
        return str(json.loads(self.body)["code"])

    def __str__(self) -> str:
        """Say it as the table does."""
        if not self.status:
            return "connection closed"
        kind = self.headers.get("content-type", "").split(";")[0]
        if not self.body:
            return f"{self.status}, no body"
        if b"<h1" in self.body and b"</html>" in self.body and b"KubeVision" in self.body:
            return f"{self.status}, a page of ours"
        return f"{self.status} {self.code or kind}"


def exchange(port: int, sent: bytes, token: str = "") -> Answer:
    """Send bytes on a fresh connection and return the first answer.

    HOST and TOKEN in them stand for the product's name and for a session's token.
    """
    sent = sent.replace(b"HOST", b"localhost:%d" % port).replace(b"TOKEN", token.encode())
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
        # It may stop listening; what it said before that is still to be read.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
        return _read(connection)


def _read(connection: socket.socket) -> Answer:
    received = b""
    try:
        while not _is_whole(received) and len(received) < MOST_BYTES:
            piece = connection.recv(65536)
            if not piece:
                break
            received += piece
    except (ConnectionResetError, TimeoutError):
        pass
    if not received.startswith(b"HTTP/"):
        return Answer(0, {}, received)
    head, _, body = received.partition(b"\r\n\r\n")
    status_line, _, header_lines = head.partition(b"\r\n")
    headers = BytesParser().parsebytes(header_lines, headersonly=True)
    lowered = {name.lower(): str(value) for name, value in headers.items()}
    if lowered.get("transfer-encoding") == "chunked":
        body = _unchunked(body)
    return Answer(int(status_line.split()[1]), lowered, body)


def _is_whole(received: bytes) -> bool:
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return False
    if head.split(b" ")[1] in {b"101", b"304"}:
        return True
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
        if line.startswith(b"transfer-encoding: chunked"):
            return body.endswith(b"0\r\n\r\n")
    return False  # ends with the connection


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        whole += rest[:length]
        body = rest[length + 2 :]
        if not length:
            break
    return whole
