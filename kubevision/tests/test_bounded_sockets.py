"""A socket whose application is behind stops reading; tests/ has the same with real clients."""

import queue
from types import SimpleNamespace
from typing import Any

import pytest
from daphne.ws_protocol import WebSocketProtocol

from kubevision import bounded_sockets
from kubevision.bounded_sockets import MAX_QUEUED, BoundedSocket


@pytest.fixture
def socket(monkeypatch: pytest.MonkeyPatch) -> Any:
    made: Any = BoundedSocket()
    made.state = made.STATE_OPEN
    made.application_queue = queue.Queue()
    made.calls, made.later = [], []
    made.transport = SimpleNamespace(
        pauseProducing=lambda: made.calls.append("pause"),
        resumeProducing=lambda: made.calls.append("resume"),
    )
    later = SimpleNamespace(callLater=lambda _seconds, work: made.later.append(work))
    monkeypatch.setattr(bounded_sockets, "reactor", later)
    monkeypatch.setattr(
        WebSocketProtocol, "onMessage", lambda self, payload, _: self.application_queue.put(payload)
    )
    return made


def _hear(socket: Any, count: int) -> None:
    for _ in range(count):
        socket.onMessage(b"frame", True)


def test_a_browser_is_never_paused(socket: Any) -> None:
    _hear(socket, MAX_QUEUED - 1)
    assert socket.calls == socket.later == []


def test_a_flood_is_paused_once_until_all_of_it_is_taken(socket: Any) -> None:
    _hear(socket, 3 * MAX_QUEUED)
    assert socket.calls == ["pause"]
    while not socket.application_queue.empty():
        socket.later.pop()()
        assert socket.calls == ["pause"] and socket.later
        socket.application_queue.get()
    socket.later.pop()()
    assert socket.calls == ["pause", "resume"] and not socket.later


def test_a_socket_that_closes_reads_on(socket: Any) -> None:
    _hear(socket, MAX_QUEUED)
    socket.state = socket.STATE_CLOSING
    socket.later.pop()()
    assert socket.calls == ["pause", "resume"]
