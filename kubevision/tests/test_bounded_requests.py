"""Daphne's requests, driven as Twisted drives them; tests/ has the same over TCP."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from daphne.http_protocol import WebRequest
from twisted.internet.address import IPv4Address
from twisted.web.http_headers import Headers

from kubevision.bounded_requests import MAX_BODY_BYTES, BoundedRequest


@pytest.fixture
def request_(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A request whose headers have come; what Daphne would go on with is noted."""
    monkeypatch.setattr(WebRequest, "process", lambda self: self.passed_on.append(self))
    peer = IPv4Address("TCP", "127.0.0.1", 1)
    server = SimpleNamespace(protocol_connected=lambda _request: None)
    channel = SimpleNamespace(
        factory=SimpleNamespace(server=server),
        transport=None,
        getPeer=lambda: peer,
        getHost=lambda: peer,
    )
    made: Any = BoundedRequest(channel)
    made.passed_on, made.errors = [], []
    made.requestHeaders = Headers()
    made.basic_error = lambda *error: made.errors.append(error)
    made.gotLength(None)
    yield made
    made.content.close()


def test_a_body_within_the_limit_is_kept(request_: Any) -> None:
    request_.handleContentChunk(b"x" * MAX_BODY_BYTES)
    request_.process()
    assert request_.content.tell() == MAX_BODY_BYTES and request_.passed_on
    assert not request_.requestHeaders.hasHeader(b"content-length")


def test_a_longer_one_is_forgotten_and_its_length_told(request_: Any) -> None:
    for _ in range(20):
        request_.handleContentChunk(b"x" * (MAX_BODY_BYTES // 4))
    request_.process()
    request_.content.seek(0, 2)
    assert request_.content.tell() == 0
    told = request_.requestHeaders.getRawHeaders(b"content-length")
    assert told == [b"%d" % (5 * MAX_BODY_BYTES)] and request_.passed_on


def test_nobody_sets_the_prefix_of_our_addresses(request_: Any) -> None:
    request_.requestHeaders.addRawHeader(b"Daphne-Root-Path", b"//evil.example")
    request_.process()
    assert not request_.requestHeaders.hasHeader(b"daphne-root-path") and request_.passed_on


def test_a_subprotocol_that_is_no_token_is_refused(request_: Any) -> None:
    request_.requestHeaders.addRawHeader(b"Sec-WebSocket-Protocol", b"\xff")
    request_.process()
    assert request_.errors[0][0] == 400 and not request_.passed_on
