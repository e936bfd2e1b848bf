"""The prototype's holes, each through the product's own doors."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.product import Installation, Product

PASSWORD = "a sentence nobody guesses"
ENROL = {"purpose": "enrol", "consent_version": "2026-11.2"}
VERIFY = {"purpose": "verify"}


class Client:
    """A person's script: REST with a token, sockets with tickets."""

    def __init__(self, product: Installation, username: str) -> None:
        self.origin, self.api = product.origin, f"{product.origin}/auth/v1"
        self.username, self.token = username, ""

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx.request(method, f"{self.api}{path}", json=body, headers=headers, timeout=60)

    def register(self) -> "Client":
        who = {"username": self.username, "password": PASSWORD}
        assert self.call("POST", "/users", who).status_code == 201
        return self.sign_in()

    def sign_in(self) -> "Client":
        who = {"username": self.username, "password": PASSWORD}
        self.token = self.call("POST", "/sessions", who).json()["token"]
        return self

    def ticket(self, body: dict[str, str]) -> dict[str, Any]:
        answer = self.call("POST", "/session/face-ticket", body)
        assert answer.status_code == 201, answer.text
        ticket: dict[str, Any] = answer.json()
        return ticket

    def enrol(self, frames: list[bytes]) -> list[str]:
        result = capture(self.ticket(ENROL), frames, self.origin)
        answer = self.call("PUT", "/user/factors/face", {"assertion": result["assertion"]})
        assert answer.status_code == 200, answer.text
        codes: list[str] = answer.json()["recovery_codes"]
        return codes


def capture(
    ticket: dict[str, Any], frames: list[bytes], origin: str | None = None
) -> dict[str, Any]:
    """Show frames until the attempt ends; return its last message."""
    protocols, url = [ticket["websocket_subprotocol"]], ticket["websocket_url"]
    with connect(url, subprotocols=protocols, origin=origin, proxy=None) as socket:
        socket.send(json.dumps({"type": "attempt.start", "ticket": ticket["ticket"]}))
        heard = (m for m in map(json.loads, socket) if m["type"] != "capture.prompt")
        message = next(heard)
        for frame in frames:
            if message["type"] in {"attempt.result", "error"}:
                break
            socket.send(frame)
            message = next(heard)
            if message.get("progress") == 1.0:
                message = next(heard)
        return dict(message)


@pytest.fixture
def ada(product: Product, username: str) -> Client:
    return Client(product, username).register()


@pytest.fixture(scope="module")
def frames(ada_jpegs: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(ada_jpegs.glob("*.jpg"))]


@pytest.fixture
def waiting_ada(ada: Client, frames: list[bytes]) -> Client:
    """Ada with a face, signed in by password only."""
    ada.enrol(frames[:20])
    return ada.sign_in()


def test_a_cookie_written_by_the_visitor_is_nobody(product: Product, ada: Client) -> None:
    for value in (ada.username, "1", "x" * 4000, "é".encode().decode("latin-1")):
        for name in ("kv_session", "kv_pass", "username", "session"):
            cookie = f"{name}={value}".encode("latin-1")
            for path in ("/profile", "/train", "/confirm", "/facelogin", "/login/other"):
                answer = httpx.get(f"{product.origin}{path}", headers={b"Cookie": cookie})
                assert answer.status_code == 302, (name, path)
                assert answer.headers["Location"].startswith("/login?next="), (name, path)
            home = httpx.get(product.origin, headers={b"Cookie": cookie})
            assert home.status_code == 200 and "Create an account" in home.text


def test_a_socket_without_a_ticket_is_nobody(product: Product) -> None:
    url = f"ws://localhost:{product.port}/face/v1/capture"
    with connect(url, subprotocols=["kubevision.face.v1"], proxy=None) as socket:
        socket.send(json.dumps({"type": "attempt.start", "ticket": "made.up.ticket"}))
        assert json.loads(socket.recv())["code"] == "ticket_refused"
    assert socket.close_code == 4401
    with connect(url, subprotocols=["kubevision.face.v1"], proxy=None) as socket:
        socket.send(b"\xff\xd8\xff a frame, and no ticket before it")
        assert json.loads(socket.recv())["code"] == "bad_message"
    assert socket.close_code == 4400


@pytest.mark.parametrize(
    ("protocols", "origin"),
    [(None, None), (["other.v1"], None), (["kubevision.face.v1"], "https://evil.example")],
)
def test_strangers_pages_get_no_socket(product: Product, protocols: Any, origin: Any) -> None:
    url = f"ws://localhost:{product.port}/face/v1/capture"
    with pytest.raises(InvalidStatus) as refused:
        connect(url, subprotocols=protocols, origin=origin, proxy=None)
    assert refused.value.response.status_code == 403


def test_nobody_enrols_in_somebody_elses_name(
    product: Product, ada: Client, username: str, frames: list[bytes]
) -> None:
    bob = Client(product, f"{username}-bob").register()
    assertion = capture(bob.ticket(ENROL), frames)["assertion"]
    stolen = ada.call("PUT", "/user/factors/face", {"assertion": assertion})
    assert (stolen.status_code, stolen.json()["code"]) == (401, "assertion_refused")
    for thief in (ada, bob):  # an enrolment is no sign-in either
        answer = thief.call("POST", "/session/factors/face", {"assertion": assertion})
        assert answer.json()["code"] == "assertion_refused"
    factors = ada.call("GET", "/user?include=factors").json()["factors"]
    assert factors["face"] is None


def test_a_password_alone_gets_nothing(product: Product, waiting_ada: Client) -> None:
    refused: list[tuple[str, str, Any]] = [
        ("GET", "/user", None),
        ("POST", "/session/face-ticket", ENROL),
        ("PUT", "/user/factors/face", {"assertion": "x"}),
        ("POST", "/user/factors/recovery-codes", None),
        ("POST", "/session/reauthentication", {"password": PASSWORD}),
    ]
    for method, path, body in refused:
        answer = waiting_ada.call(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required"), path
    cookies = {"kv_session": waiting_ada.token}
    for path in ("/", "/profile", "/train", "/confirm"):
        answer = httpx.get(f"{product.origin}{path}", cookies=cookies)
        assert answer.status_code == 302 and "/facelogin" in answer.headers["Location"], path
    admin = httpx.get(f"{product.origin}/auth/admin/", cookies={"kv_pass": waiting_ada.token})
    assert admin.headers["Location"].startswith("/login")


def test_training_without_signing_in(product: Product) -> None:
    with httpx.Client(base_url=product.origin) as nobody:
        assert nobody.get("/train").headers["Location"] == "/login?next=%2Ftrain"
        token = nobody.get("/login").text.split('csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"csrfmiddlewaretoken": token, "consent": "2026-11.2"}
        headers = {"Origin": product.origin}
        answer = nobody.post("/train/ticket", data=form, headers=headers)
        assert answer.status_code == 401 and "ticket" not in answer.json()
        assert nobody.post("/train/ticket", data={"consent": "2026-11.2"}).status_code == 403


def _twenty_at_once(work: Callable[[], int]) -> list[int]:
    start = threading.Barrier(20)

    def wait_and_work(_number: int) -> int:
        start.wait()
        return work()

    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(wait_and_work, range(20)))


def test_an_assertion_replayed_twenty_times_at_once_opens_one(
    product: Product, waiting_ada: Client, frames: list[bytes]
) -> None:
    assertion = capture(waiting_ada.ticket(VERIFY), frames[20:])["assertion"]
    headers = {"Authorization": f"Bearer {waiting_ada.token}"}
    url = f"{product.origin}/auth/v1/session/factors/face"

    def replay() -> int:
        body = {"assertion": assertion}
        return httpx.post(url, json=body, headers=headers, timeout=60).status_code

    assert sorted(_twenty_at_once(replay)) == [200] + [401] * 19


def test_a_recovery_code_shown_twenty_times_at_once_opens_one(
    product: Product, ada: Client, frames: list[bytes]
) -> None:
    code = ada.enrol(frames[:20])[0]
    sessions = [Client(product, ada.username).sign_in() for _ in range(20)]

    def show() -> int:
        return (
            sessions.pop()
            .call("POST", "/session/factors/recovery-code", {"code": code})
            .status_code
        )

    # One opens; five wrong ones in a row, and the rest have to wait.
    assert sorted(_twenty_at_once(show)) == [200] + [401] * 5 + [429] * 14


def test_twenty_guesses_at_once_are_judged_one_after_another(product: Product, ada: Client) -> None:
    def guess() -> int:
        body = {"username": ada.username, "password": "not it at all"}
        return httpx.post(f"{product.origin}/auth/v1/sessions", json=body, timeout=60).status_code

    assert sorted(_twenty_at_once(guess)) == [401] * 5 + [429] * 15


def test_the_camera_stops_with_the_session(
    product: Product, waiting_ada: Client, frames: list[bytes]
) -> None:
    ticket = waiting_ada.ticket(VERIFY)
    with connect(
        ticket["websocket_url"], subprotocols=[ticket["websocket_subprotocol"]], proxy=None
    ) as socket:
        socket.send(json.dumps({"type": "attempt.start", "ticket": ticket["ticket"]}))
        assert json.loads(socket.recv())["type"] == "attempt.ready"
        assert waiting_ada.call("DELETE", "/session").status_code == 204
        assert json.loads(socket.recv(timeout=30))["code"] == "session_ended"
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=30)
        assert socket.close_code == 4410


def test_a_removed_face_is_gone_from_both_rooms(
    product: Product, ada: Client, frames: list[bytes]
) -> None:
    ada.enrol(frames[:20])
    assert ada.call("DELETE", "/user/factors/face").status_code == 204
    factors = ada.call("GET", "/user?include=factors").json()["factors"]
    assert factors == {"face": None, "totp": None, "recovery_codes": {"remaining": 0}}
    assert Client(product, ada.username).sign_in().call("GET", "/user").status_code == 200
    database = product.folder / "facelogin.sqlite3"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as rows:
        user_id = ada.call("GET", "/user").json()["id"].replace("-", "")
        for table in ("person", "reference", "extension"):
            query = f"SELECT count(*) FROM facelogin_{table} WHERE user_id = ?"
            assert rows.execute(query, [user_id]).fetchone() == (0,)


def test_a_ticket_sent_twenty_times_at_once_opens_one(ada: Client) -> None:
    ticket = ada.ticket(ENROL)

    async def use() -> str:
        async with connect_async(
            ticket["websocket_url"], subprotocols=[ticket["websocket_subprotocol"]], proxy=None
        ) as socket:
            await socket.send(json.dumps({"type": "attempt.start", "ticket": ticket["ticket"]}))
            answer: str = json.loads(await socket.recv())["type"]
            return answer

    async def use_all() -> list[str]:
        return await asyncio.gather(*(use() for _ in range(20)))

    assert sorted(asyncio.run(use_all())) == ["attempt.ready"] + ["error"] * 19


def test_nothing_secret_stands_in_the_log(
    product: Product, waiting_ada: Client, frames: list[bytes]
) -> None:
    ticket = waiting_ada.ticket(VERIFY)
    assertion = capture(ticket, frames[20:])["assertion"]
    waiting_ada.call("POST", "/session/factors/face", {"assertion": assertion})
    log = "\n".join(product.log)
    assert "to verify: match" in log
    for secret in (ticket["ticket"], assertion, waiting_ada.token, PASSWORD):
        assert secret not in log
    for part in (ticket["ticket"], assertion):
        assert part.split(".")[2] not in log


def test_no_frame_stays_on_disk(product: Product, waiting_ada: Client, frames: list[bytes]) -> None:
    capture(waiting_ada.ticket(VERIFY), frames[20:])
    pieces = [frame[len(frame) // 2 :][:64] for frame in frames]
    files = [file for file in product.folder.rglob("*") if file.is_file()]
    assert any(file.name == "facelogin.sqlite3" for file in files)
    for file in files:
        try:
            content = file.read_bytes()
        except FileNotFoundError:  # SQLite's own, gone since with its last connection
            continue
        assert not any(piece in content for piece in pieces), file
        assert b"JFIF" not in content, file  # three bytes of a marker occur in ciphertext
