"""Stopping facelogin while somebody stands before a camera."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.test_holes import VERIFY, Client
from tests.three_rooms import Room, ThreeRooms, wait_until

# No test waits for this long: who stops earlier was not made to wait.
LONG_SECONDS = 300


@pytest.fixture(scope="module")
def frames(ada_jpegs: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(ada_jpegs.glob("*.jpg"))]


@pytest.fixture
def ada(three_rooms: ThreeRooms, username: str, frames: list[bytes]) -> Client:
    """Ada with a face, signed in by password only."""
    somebody = Client(three_rooms, username).register()
    somebody.enrol(frames[:20])
    return somebody.sign_in()


@contextmanager
def facelogin_that_waits(three_rooms: ThreeRooms, seconds: int) -> Iterator[Room]:
    """Run facelogin with another limit for its drain; as before afterwards."""
    room = three_rooms.rooms["facelogin"]
    room.stop()
    before = dict(room.settings)
    room.settings["DRAIN_SECONDS"] = str(seconds)
    room.start()
    try:
        yield room
    finally:
        room.stop()
        room.settings = before
        room.start()


@contextmanager
def started_again(room: Room) -> Iterator[None]:
    """Start a room again that the block stops."""
    try:
        yield
    finally:
        room.stop()
        room.start()


@contextmanager
def attempt(person: Client) -> Iterator[tuple[ClientConnection, dict[str, Any]]]:
    """Start a verification; the block gets the socket and its first message."""
    ticket = person.ticket(VERIFY)
    protocols = [ticket["websocket_subprotocol"]]
    with connect(ticket["websocket_url"], subprotocols=protocols, proxy=None) as opened:
        opened.send(json.dumps({"type": "attempt.start", "ticket": ticket["ticket"]}))
        yield opened, json.loads(opened.recv(timeout=20))


@contextmanager
def early(person: Client) -> Iterator[tuple[ClientConnection, str]]:
    """Open a socket and say nothing yet; the block gets it with a ticket for it."""
    ticket = person.ticket(VERIFY)
    protocols = [ticket["websocket_subprotocol"]]
    with connect(ticket["websocket_url"], subprotocols=protocols, proxy=None) as opened:
        yield opened, ticket["ticket"]


def closing_of(opened: ClientConnection) -> tuple[str, int | None]:
    """Return the last error and the close code of a socket that the server ends."""
    code = ""
    try:
        while True:
            code = json.loads(opened.recv(timeout=20)).get("code", "")
    except ConnectionClosed:
        return code, opened.close_code


def stopped(room: Room) -> int:
    """Wait for the end of a room; return its exit status."""
    assert room.process is not None
    return room.process.wait(timeout=60)


def test_sigterm_lets_a_running_attempt_finish(
    three_rooms: ThreeRooms, ada: Client, username: str, frames: list[bytes]
) -> None:
    late = Client(three_rooms, f"{username}late").register()
    late.enrol(frames[:20])
    late.sign_in()
    with (
        facelogin_that_waits(three_rooms, LONG_SECONDS) as room,
        socket.create_connection(("127.0.0.1", room.port)) as idle,
        attempt(ada) as (opened, ready),
        early(late) as (turned_away, ticket),
    ):
        assert ready["type"] == "attempt.ready"
        assert room.process is not None
        room.process.send_signal(signal.SIGTERM)
        wait_until(lambda: room.ready()[0] == 503, "readiness to turn off")
        assert list(room.ready()[1]["failing"]) == ["draining"]
        assert room.ask("/livez").status_code == 200
        # Whoever came before the signal is told; whoever comes now is somebody else's to serve.
        turned_away.send(json.dumps({"type": "attempt.start", "ticket": ticket}))
        assert closing_of(turned_away) == ("server_draining", 4512)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", room.port))
        message = ready
        for frame in frames[20:]:
            opened.send(frame)
            message = json.loads(opened.recv(timeout=20))
            if message["progress"] == 1.0:
                break
        result = json.loads(opened.recv(timeout=20))
        assert (result["type"], result["outcome"]) == ("attempt.result", "match")
        assert closing_of(opened)[1] == 1000
        assert stopped(room) == 0  # the idle connection held nothing up
        assert not any("Traceback" in line for line in room.log)
        idle.settimeout(10)
        assert idle.recv(1) == b""
        # Accounts has facelogin's keys: the assertion counts although facelogin has gone.
        answer = ada.call("POST", "/session/factors/face", {"assertion": result["assertion"]})
        assert answer.json()["state"] == "active"


def test_a_turned_away_ticket_is_spent(
    three_rooms: ThreeRooms, ada: Client, frames: list[bytes]
) -> None:
    with (
        facelogin_that_waits(three_rooms, LONG_SECONDS) as room,
        attempt(ada) as (_, ready),
        early(ada) as (first, ticket),
        early(ada) as (second, _another),
    ):
        assert ready["type"] == "attempt.ready"
        assert room.process is not None
        room.process.send_signal(signal.SIGTERM)
        wait_until(lambda: room.ready()[0] == 503, "readiness to turn off")
        codes = []
        for opened in (first, second):
            opened.send(json.dumps({"type": "attempt.start", "ticket": ticket}))
            codes.append(closing_of(opened))
        assert codes == [("server_draining", 4512), ("ticket_refused", 4401)]
        room.process.send_signal(signal.SIGTERM)


def test_what_runs_at_the_limit_is_told_to_come_back(three_rooms: ThreeRooms, ada: Client) -> None:
    with facelogin_that_waits(three_rooms, 1) as room, attempt(ada) as (opened, ready):
        assert ready["type"] == "attempt.ready"
        assert room.process is not None
        room.process.send_signal(signal.SIGTERM)
        assert closing_of(opened) == ("server_draining", 4512)
        assert stopped(room) == 0
        assert not any("Traceback" in line for line in room.log)
        assert any("cut off" in line for line in room.log)


def test_a_worker_that_hangs_keeps_nobody_from_leaving(
    three_rooms: ThreeRooms, ada: Client, frames: list[bytes]
) -> None:
    with facelogin_that_waits(three_rooms, 1) as room, attempt(ada) as (opened, ready):
        assert ready["type"] == "attempt.ready"
        assert room.process is not None
        workers = room.workers()
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        opened.send(frames[20])  # nobody will ever answer it
        room.process.send_signal(signal.SIGTERM)
        code, close_code = closing_of(opened)
        assert (code, close_code) in {
            ("server_draining", 4512),
            ("temporarily_unavailable", 4500),
        }
        assert stopped(room) == 0
        assert not set(workers) & set(room.processes())
        assert not any("Traceback" in line for line in room.log)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(
    three_rooms: ThreeRooms, ada: Client, second: signal.Signals
) -> None:
    with facelogin_that_waits(three_rooms, LONG_SECONDS) as room, attempt(ada) as (opened, ready):
        assert ready["type"] == "attempt.ready"
        assert room.process is not None
        room.process.send_signal(signal.SIGTERM)
        wait_until(lambda: room.ready()[0] == 503, "readiness to turn off")
        room.process.send_signal(second)
        with pytest.raises(ConnectionClosed):  # no result: the attempt was not waited for
            opened.recv(timeout=60)
        assert stopped(room) == 0
        assert not any("Traceback" in line for line in room.log)


def test_ctrl_c_does_not_wait_but_says_goodbye(three_rooms: ThreeRooms, ada: Client) -> None:
    with facelogin_that_waits(three_rooms, LONG_SECONDS) as room, attempt(ada) as (opened, ready):
        assert ready["type"] == "attempt.ready"
        assert room.process is not None
        room.process.send_signal(signal.SIGINT)
        assert closing_of(opened) == ("server_draining", 4512)
        assert stopped(room) == 0
        assert not any("Traceback" in line for line in room.log)


def test_gunicorn_says_not_ready_before_it_goes(three_rooms: ThreeRooms) -> None:
    room = three_rooms.rooms["dashboard"]
    # A connection that is kept open keeps the worker for a moment.
    with httpx.Client() as kept, started_again(room):
        assert kept.get(f"http://127.0.0.1:{room.port}/").status_code == 200
        assert room.process is not None
        room.process.send_signal(signal.SIGTERM)
        wait_until(lambda: room.ready()[0] == 503, "readiness to turn off")
        assert stopped(room) == 0


@pytest.mark.parametrize("name", ["accounts", "dashboard"])
def test_gunicorn_ends_with_zero(three_rooms: ThreeRooms, name: str) -> None:
    with three_rooms.without(name):
        room = three_rooms.rooms[name]
        assert stopped(room) == 0
        assert not any("Traceback" in line for line in room.log)
