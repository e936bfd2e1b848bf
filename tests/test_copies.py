"""Two copies of each room behind nginx, on MongoDB.

What one is told holds on the other, and one that goes takes nobody's sign-in with it.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests import browser
from tests.copies import Copies, kill, running_copies
from tests.mongod import running_mongod
from tests.test_browser import enrol_somebody
from tests.test_holes import ENROL, VERIFY, Client, capture
from tests.three_rooms import Room, wait_until

# No try may finish on a copy that stops: what happens to those that do not is what is looked at.
AT_ONCE = {"facelogin": {"DRAIN_SECONDS": "0"}}


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    folder = tmp_path_factory.mktemp("copies")
    with (
        running_mongod(folder / "mongod") as mongod,
        running_copies(folder / "rooms", mongod, **AT_ONCE) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def frames(ada_jpegs: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(ada_jpegs.glob("*.jpg"))]


@pytest.fixture
def ada(copies: Copies, username: str, frames: list[bytes]) -> Client:
    """Ada with a face, signed in by password only."""
    somebody = Client(copies, username).register()
    somebody.enrol(frames[:20])
    return somebody.sign_in()


@contextmanager
def gone(room: Room, end: Callable[[Room], None]) -> Iterator[None]:
    """End a copy while the block looks on; start it again after it."""
    ending = threading.Thread(target=end, args=(room,))
    ending.start()
    try:
        yield
    finally:
        ending.join()
        room.start()


@pytest.mark.parametrize(
    ("end", "said"),
    [(Room.stop, "is being restarted"), (kill, "The connection was lost")],
    ids=["stopped", "killed"],
)
def test_a_sign_in_whose_copy_goes_is_finished_on_the_other(
    copies: Copies,
    feeds: dict[str, Path],
    username: str,
    end: Callable[[Room], None],
    said: str,
) -> None:
    enrol_somebody(copies, feeds["ada"], username)
    with browser.browser(feeds["ada again"]) as page:
        browser.show_password(page, copies.origin, username)
        page.wait_for_url(f"{copies.origin}/facelogin*")
        browser.start_camera(page)
        page.wait_for_selector("[data-capture-state=capturing]")
        room = copies.with_a_capture()
        with gone(room, end):
            expect(page.locator("#capture-message")).to_contain_text(said)
            page.wait_for_url(f"{copies.origin}/", timeout=browser.CAMERA_TIMEOUT_MS)
            page.goto(f"{copies.origin}/profile")
            expect(page.locator("#username")).to_have_text(username)
        if end is kill:  # it could not tell, so another copy does after ten minutes
            copies.let_reports_be_due()
        wait_until(lambda: copies.tries_of(username) == 0, "the lost try to be given back")


@contextmanager
def open_capture(copies: Copies, copy: int, ticket: dict[str, Any]) -> Iterator[ClientConnection]:
    """Start an attempt on one copy; the block gets the socket after its first message."""
    address = f"ws://127.0.0.1:{copies.rooms['facelogin'][copy].port}/face/v1/capture"
    protocols = [ticket["websocket_subprotocol"]]
    # Past the ingress, which would choose the copy itself.
    with connect(address, subprotocols=protocols, proxy=None, origin=copies.origin) as socket:  # type: ignore[arg-type]
        socket.send(json.dumps({"type": "attempt.start", "ticket": ticket["ticket"]}))
        assert json.loads(socket.recv())["type"] == "attempt.ready"
        yield socket


def end_of(socket: ClientConnection) -> int | None:
    """Return the close code of a socket that the server ends."""
    try:
        while True:
            socket.recv(timeout=20)
    except ConnectionClosed:
        return socket.close_code


def test_one_attempt_of_a_person_runs_on_all_copies_together(copies: Copies, ada: Client) -> None:
    with (
        open_capture(copies, 0, ada.ticket(VERIFY)) as first,
        open_capture(copies, 1, ada.ticket(VERIFY)) as second,
    ):
        assert end_of(first) == 4409
        assert second.close_code is None


def test_a_session_that_ends_closes_its_capture_on_any_copy(copies: Copies, ada: Client) -> None:
    for copy in (0, 1):
        ada.sign_in()
        with open_capture(copies, copy, ada.ticket(VERIFY)) as socket:
            assert ada.call("DELETE", "/session").status_code == 204
            assert end_of(socket) == 4410


def signed_in(ada: Client, frames: list[bytes]) -> Client:
    result = capture(ada.ticket(VERIFY), frames[20:])
    assert result["outcome"] == "match", result
    answer = ada.call("POST", "/session/factors/face", {"assertion": result["assertion"]})
    ada.token = answer.json()["token"]
    return ada


def show(copies: Copies, copy: int, ticket: dict[str, Any], frames: list[bytes]) -> Any:
    """Show frames to one copy; return how the attempt ended."""
    with open_capture(copies, copy, ticket) as socket:
        for frame in frames:
            socket.send(frame)
            while (message := json.loads(socket.recv()))["type"] == "capture.prompt":
                pass
            if message["type"] == "attempt.result":
                return message["outcome"]
            if message.get("progress") == 1.0:
                return json.loads(socket.recv())["outcome"]
    return None


def test_a_face_replaced_or_removed_on_one_copy_is_so_on_the_other(
    copies: Copies, ada: Client, frames: list[bytes], feeds: dict[str, Path]
) -> None:
    from tests.drawn_faces import Person
    from tests.drawn_faces import frames as drawn
    from tests.feeds import jpeg

    other = [jpeg(image) for image in drawn(Person(4), 40, seed=5)]
    signed_in(ada, frames)
    result = capture(ada.ticket(ENROL), other[:20])
    assert (
        ada.call("PUT", "/user/factors/face", {"assertion": result["assertion"]}).status_code == 200
    )
    for copy in (0, 1):
        ada.sign_in()
        assert show(copies, copy, ada.ticket(VERIFY), frames[20:]) == "non_match"
        assert show(copies, copy, ada.ticket(VERIFY), other[20:]) == "match"
    signed_in(ada, other)
    with open_capture(copies, 1, ada.ticket(VERIFY)) as socket:
        assert ada.call("DELETE", "/user/factors/face").status_code == 204
        assert end_of(socket) in {4409, 4410}
    assert ada.call("POST", "/session/face-ticket", VERIFY).status_code == 409


@pytest.mark.parametrize("name", ["accounts", "dashboard"])
def test_a_copy_that_is_stopped_under_load_costs_nobody_an_answer(
    copies: Copies, ada: Client, name: str
) -> None:
    """As in a rolling update: the copy leaves well, the other one goes on."""
    room = copies.rooms[name][0]
    statuses: list[int] = []
    is_over = threading.Event()
    address = "/auth/v1/session" if name == "accounts" else "/login"
    headers = {"Authorization": f"Bearer {ada.token}"}

    def ask() -> None:
        while not is_over.is_set():
            answer = httpx.get(f"{copies.origin}{address}", headers=headers, timeout=30)
            statuses.append(answer.status_code)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    try:
        room.stop()
        assert room.process is not None and room.process.returncode == 0
        room.start()
    finally:
        is_over.set()
        for asker in askers:
            asker.join()
    assert set(statuses) == {200} and len(statuses) > 20
