"""The rooms apart, each with a database and credentials of its own on a real mongod that fails."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from pymongo.errors import OperationFailure

from tests.mongod import Mongod, running_mongod
from tests.product import STOP_TIMEOUT_SECONDS
from tests.test_drain import attempt, closing_of
from tests.test_holes import PASSWORD, VERIFY, Client, capture
from tests.three_rooms import Room, ThreeRooms, running_rooms, wait_until

PASSWORDS = {"accounts": "the accounts' own", "facelogin": "facelogin's own: {}&%"}


@dataclass
class Rooms:
    """The rooms, and the server both databases are on."""

    rooms: ThreeRooms
    mongod: Mongod

    def ready(self, name: str) -> bool:
        return self.rooms.rooms[name].ready()[0] == 200


@pytest.fixture(scope="module")
def on_mongodb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rooms]:
    folder = tmp_path_factory.mktemp("mongodb")
    settings = {}
    with running_mongod(folder / "server", **PASSWORDS) as mongod:
        for name, password in PASSWORDS.items():
            file = folder / f"{name}.password"
            file.write_text(password + "\n")
            settings[name] = {
                # Less patient than the product: the tests wait for many of these.
                "DATABASE_URL": mongod.url(name) + "&timeoutMS=1500",
                "DATABASE_PASSWORD_FILE": str(file),
            }
        with running_rooms(folder / "rooms", **settings) as rooms:
            yield Rooms(rooms, mongod)


@pytest.fixture(scope="module")
def frames(ada_jpegs: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(ada_jpegs.glob("*.jpg"))]


@pytest.fixture
def ada(on_mongodb: Rooms, username: str, frames: list[bytes]) -> Client:
    """Ada with a face, signed in by password only."""
    somebody = Client(on_mongodb.rooms, username).register()
    somebody.enrol(frames[:20])
    return somebody.sign_in()


def match(ada: Client, frames: list[bytes]) -> dict[str, str]:
    result = capture(ada.ticket(VERIFY), frames[20:])
    assert result["outcome"] == "match", result
    return {"assertion": result["assertion"]}


def test_password_and_face_open_the_account(ada: Client, frames: list[bytes]) -> None:
    answer = ada.call("POST", "/session/factors/face", match(ada, frames))
    assert answer.status_code == 200
    assert answer.json()["amr"] == ["pwd", "face", "mfa"]


def test_one_rooms_credentials_open_nothing_of_the_other(on_mongodb: Rooms, ada: Client) -> None:
    for own, other in (("accounts", "facelogin"), ("facelogin", "accounts")):
        who = {"username": own, "password": PASSWORDS[own], "authSource": own}
        with on_mongodb.mongod.client(**who) as client:
            assert client[own].list_collection_names()
            with pytest.raises(OperationFailure):
                client[other].list_collection_names()
    with on_mongodb.mongod.chief() as client:
        # Faces are where they belong, as ciphertext, and nowhere else.
        assert client["facelogin"]["facelogin_reference"].count_documents({})
        assert not [n for n in client["accounts"].list_collection_names() if "facelogin" in n]


@contextmanager
def server_away(on_mongodb: Rooms, how: str) -> Iterator[None]:
    """Take the server away for a block: it stands still, or is gone."""
    server = on_mongodb.mongod
    assert server.process is not None
    if how == "frozen":
        server.process.send_signal(signal.SIGSTOP)
    else:
        server.kill()
    try:
        yield
    finally:
        if how == "frozen":
            server.process.send_signal(signal.SIGCONT)
        else:
            server.start()
        for name in ("accounts", "facelogin"):
            wait_until(lambda name=name: on_mongodb.ready(name), f"{name} to be ready again")


def probed(room: Room) -> subprocess.CompletedProcess[str]:
    """Ask as a container's probe does, which has less patience than a browser."""
    return subprocess.run(
        [sys.executable, "-m", "kubevision.probe", "readyz"],
        check=False,
        env=os.environ | {"MANAGEMENT_PORT": str(room.management_port)},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("how", ["frozen", "killed"])
def test_a_server_that_is_away_is_said_and_nothing_is_lost(
    on_mongodb: Rooms, ada: Client, frames: list[bytes], how: str
) -> None:
    assertion = match(ada, frames)
    guess = {"username": ada.username, "password": "not it at all"}
    assert [ada.call("POST", "/sessions", guess).status_code for _ in range(3)] == [401] * 3
    ticket = ada.ticket(VERIFY)
    with server_away(on_mongodb, how):
        for method, path, body in (
            ("GET", "/session", None),
            ("POST", "/session/factors/face", assertion),
            ("POST", "/sessions", {"username": ada.username, "password": PASSWORD}),
            ("POST", "/sessions", guess),
        ):
            answer = ada.call(method, path, body)
            assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")
            assert answer.headers["Retry-After"] == "5"
        assert capture(ticket, frames[20:])["code"] == "temporarily_unavailable"
        for name in ("accounts", "facelogin"):
            status, said = on_mongodb.rooms.rooms[name].ready()
            assert status == 503 and "database" in str(said)
            assert "password" not in str(said) and "mongodb://" not in str(said)
            probe = probed(on_mongodb.rooms.rooms[name])
            assert probe.returncode == 1 and probe.stdout.startswith("database: ")
            live = on_mongodb.rooms.rooms[name].ask("/livez")
            assert live.status_code == 200  # nobody restarts it for this
        page = httpx.get(f"{on_mongodb.rooms.origin}/login", timeout=20)
        assert page.status_code == 200 and "<h1" in page.text
    # Wrong tries from before still count, those that got no answer do not: the fourth and fifth
    # are judged, the sixth has to wait.
    wrong = [ada.call("POST", "/sessions", guess).status_code for _ in range(3)]
    assert wrong == [401, 401, 429]
    on_mongodb.rooms.rooms["accounts"].log.clear()
    # The ticket of the try that got no answer was never spent, or its try came back.
    fresh = match(ada, frames)
    answers = [
        ada.call("POST", "/session/factors/face", fresh).status_code,
        ada.call("POST", "/session/factors/face", fresh).status_code,
    ]
    assert answers[0] == 200 and answers[1] == 401


def test_a_spent_assertion_stays_spent_through_a_power_cut(
    on_mongodb: Rooms, ada: Client, frames: list[bytes]
) -> None:
    assertion = match(ada, frames)
    opened = ada.call("POST", "/session/factors/face", assertion)
    assert opened.status_code == 200
    ada.token = opened.json()["token"]
    with server_away(on_mongodb, "killed"):
        pass
    assert ada.call("GET", "/session").json()["state"] == "active"
    assert ada.call("POST", "/session/factors/face", assertion).status_code == 401


def test_a_primary_that_steps_down_comes_back(on_mongodb: Rooms, ada: Client) -> None:
    """With one member nobody takes over: for some seconds there is no primary at all."""
    gone = threading.Event()

    def guess() -> int:
        who = {"username": ada.username, "password": "not it at all"}
        return ada.call("POST", "/sessions", who).status_code

    assert [guess() for _ in range(2)] == [401, 401]
    with on_mongodb.mongod.chief() as client:
        client.admin.command("replSetStepDown", 8, secondaryCatchUpPeriodSecs=0, force=True)
    assert guess() in {503, 401}  # the answer of an election that was quick
    answers: list[int] = []

    def is_refused() -> bool:
        answers.append(guess())
        return answers[-1] == 429 or gone.is_set()

    wait_until(is_refused, "the sixth wrong try")
    # Of those that were judged none was lost and none counted twice.
    assert 2 + answers.count(401) in {4, 5}, answers
    assert set(answers) <= {401, 503, 429}


@pytest.mark.parametrize("name", ["accounts", "facelogin"])
def test_a_room_whose_database_is_lost_can_leave(
    on_mongodb: Rooms, ada: Client, frames: list[bytes], name: str
) -> None:
    room, server = on_mongodb.rooms.rooms[name], on_mongodb.mongod.process
    assert room.process is not None and server is not None
    with attempt(ada) as (opened, ready), server_away(on_mongodb, "frozen"):
        assert ready["type"] == "attempt.ready"
        opened.send(frames[20])
        room.process.send_signal(signal.SIGTERM)
        # Thirty seconds are a cluster's patience before it kills.
        assert room.process.wait(timeout=STOP_TIMEOUT_SECONDS) == 0
        if name == "facelogin":
            assert closing_of(opened)[1] in {4500, 4512}
        server.send_signal(signal.SIGCONT)
        room.start()
    assert ada.call("GET", "/session").status_code == 200


def test_nothing_of_the_server_is_in_the_log(on_mongodb: Rooms) -> None:
    for room in on_mongodb.rooms.rooms.values():
        text = "\n".join(room.log)
        assert "Traceback" not in text
        assert not [password for password in PASSWORDS.values() if password in text]
