"""Two copies of facelogin and a real Redis: live messages cross, and no sign-in needs them."""

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.product import free_port
from tests.redis_server import RedisServer, redis_server
from tests.test_drain import attempt
from tests.test_holes import VERIFY, Client, capture
from tests.three_rooms import Room, ThreeRooms, running_rooms, wait_until

WATCH = {"purpose": "watch"}
AWAY, BACK = "no live messages between copies", "live messages between copies are back"
_names = count(1)


@dataclass
class Copies:
    """The three rooms, the first copy of facelogin among them, a second copy, and their Redis."""

    rooms: ThreeRooms
    first: Room
    second: Room
    redis: RedisServer

    def says(self, words: str) -> bool:
        """Say whether both copies have logged this."""
        return all(any(words in line for line in copy.log) for copy in (self.first, self.second))


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    with redis_server() as redis:
        folder = tmp_path_factory.mktemp("live")
        with running_rooms(folder, facelogin={"REDIS_URL": redis.url}) as rooms:
            first = rooms.rooms["facelogin"]
            port = free_port()
            settings = first.settings | {"MANAGEMENT_PORT": str(port)}
            second = replace(
                first, port=free_port(), management_port=port, settings=settings, log=[]
            )
            try:
                second.start()
                yield Copies(rooms, first, second, redis)
            finally:
                second.stop()


@pytest.fixture(scope="module")
def frames(ada_jpegs: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(ada_jpegs.glob("*.jpg"))]


@pytest.fixture
def ada(copies: Copies, frames: list[bytes]) -> Client:
    """Ada with a face, signed in by it."""
    person = Client(copies.rooms, f"ada{next(_names)}").register()
    person.enrol(frames[:20])
    return person


def sign_in(person: Client, frames: list[bytes]) -> Client:
    """Sign in by password and face in a session of its own; everything must be as ever."""
    visitor = Client.__new__(Client)
    visitor.api, visitor.username, visitor.token = person.api, person.username, ""
    visitor.sign_in()
    result = capture(visitor.ticket(VERIFY), frames)
    assert result["outcome"] == "match", result
    shown = visitor.call("POST", "/session/factors/face", {"assertion": result["assertion"]})
    assert shown.json()["state"] == "active"
    visitor.token = shown.json()["token"]
    return visitor


@contextmanager
def page(person: Client, copy: Room) -> Iterator[ClientConnection]:
    """Open a page's live socket at one copy."""
    ticket = person.ticket(WATCH)
    assert ticket["websocket_url"].endswith("/face/v1/live")
    url = f"ws://127.0.0.1:{copy.port}/face/v1/live"
    before = listening(copy)
    with connect(url, subprotocols=[ticket["websocket_subprotocol"]], proxy=None) as opened:
        opened.send(json.dumps({"type": "live.start", "ticket": ticket["ticket"]}))
        wait_until(lambda: listening(copy) > before, "the page to listen")
        yield opened
    wait_until(lambda: listening(copy) == before, "the page to be forgotten")


def listening(copy: Room) -> float:
    return metric(copy, "kubevision_live_sockets")


def metric(copy: Room, name: str) -> float:
    lines = copy.ask("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def heard(opened: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(opened.recv(timeout=20))
    return message


def hears_nothing(opened: ClientConnection) -> bool:
    try:
        opened.recv(timeout=0.5)
    except TimeoutError:
        return True
    return False


def test_a_page_at_one_copy_hears_of_an_attempt_at_the_other(
    copies: Copies, ada: Client, frames: list[bytes]
) -> None:
    with page(ada, copies.second) as elsewhere, page(ada, copies.first) as here:
        sign_in(ada, frames[20:])
        message = heard(elsewhere)
        assert (message["type"], message["purpose"]) == ("attempt.finished", "verify")
        assert (message["outcome"], message["is_own_session"]) == ("match", False)
        assert heard(here) == message
        assert hears_nothing(elsewhere) and hears_nothing(here)  # once
    assert not [key for key in copies.redis.held() if "group" not in key]  # nothing stays there


def test_a_session_ended_at_one_copy_is_over_at_the_other(copies: Copies, ada: Client) -> None:
    with page(ada, copies.second) as opened:
        assert ada.call("DELETE", "/session").status_code == 204
        assert heard(opened) == {"type": "session.ended"}
        with pytest.raises(ConnectionClosed):
            opened.recv(timeout=20)
        assert opened.close_code == 4410


def test_redis_dies_and_comes_back(copies: Copies, ada: Client, frames: list[bytes]) -> None:
    waiting = Client.__new__(Client)
    waiting.api, waiting.username, waiting.token = ada.api, ada.username, ""
    waiting.sign_in()
    with page(ada, copies.second) as opened:
        with attempt(waiting) as (before_the_camera, ready):
            assert ready["type"] == "attempt.ready"
            message = ready
            copies.redis.kill()
            for frame in frames[20:]:
                before_the_camera.send(frame)
                message = json.loads(before_the_camera.recv(timeout=20))
                if message.get("progress") == 1.0:
                    message = json.loads(before_the_camera.recv(timeout=20))
                    break
            assert message["outcome"] == "match"
        wait_until(lambda: copies.says(AWAY), "both copies to say that it is away")
        another = sign_in(ada, frames[20:])
        wait_until(
            lambda: metric(copies.first, "kubevision_live_not_published_total") >= 1,
            "what was not published to be counted",
        )
        assert hears_nothing(opened)
        for copy in (copies.first, copies.second):
            assert copy.ready()[0] == 200
        with page(another, copies.second) as ended:  # found in the database meanwhile
            another.call("DELETE", "/session")
            assert heard(ended) == {"type": "session.ended"}
        copies.redis.start()
        wait_until(lambda: copies.says(BACK), "both copies to be back")
        sign_in(ada, frames[20:])
        assert heard(opened)["outcome"] == "match"  # the same socket, without a restart


def test_a_redis_that_hangs_holds_nobody_up(
    copies: Copies, ada: Client, frames: list[bytes]
) -> None:
    assert copies.redis.process is not None
    for copy in (copies.first, copies.second):
        copy.log.clear()
    with page(ada, copies.second) as opened:
        copies.redis.process.send_signal(signal.SIGSTOP)
        try:
            sign_in(ada, frames[20:])
            wait_until(lambda: copies.says(AWAY), "both copies to say that it is away")
            sign_in(ada, frames[20:])
        finally:
            copies.redis.process.send_signal(signal.SIGCONT)
        wait_until(lambda: copies.says(BACK), "both copies to be back")
        threading.Event().wait(1)  # what was sent meanwhile may arrive now, and is left aside
        while not hears_nothing(opened):
            pass
        sign_in(ada, frames[20:])
        assert heard(opened)["outcome"] == "match"


def test_redis_may_come_later_than_facelogin(
    copies: Copies, ada: Client, frames: list[bytes]
) -> None:
    for copy in (copies.first, copies.second):
        copy.stop()
    copies.redis.kill()
    for copy in (copies.first, copies.second):
        copy.start()  # ready, with nobody there
    wait_until(lambda: copies.says(AWAY), "both copies to say that it is away")
    with page(ada, copies.second) as opened:
        sign_in(ada, frames[20:])
        copies.redis.start()
        wait_until(lambda: copies.says(BACK), "both copies to be back")
        sign_in(ada, frames[20:])
        assert heard(opened)["outcome"] == "match"
