"""Two copies of accounts that share a database only: what may happen once happens once.

A stand-in signs facelogin's words, which the contract's checks hold to the contract: a thousand
sign-ins before a camera would take an hour.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest

from accounts.tests.conftest import Facelogin, standing_in
from tests.mongod import running_mongod
from tests.product import free_port
from tests.three_rooms import Room, copy_of, make_room

PASSWORD = "a sentence nobody guesses"
AT_ONCE, ROUNDS = 20, 50
ENROL = {"purpose": "enrol", "consent_version": "2026-11.2"}
VERIFY = {"purpose": "verify"}


@dataclass
class Copies:
    """Two copies of accounts, and who stands in for facelogin."""

    rooms: list[Room]
    facelogin: Facelogin
    clients: list[httpx.Client]

    def call(self, copy: int, method: str, path: str, **options: object) -> httpx.Response:
        return self.clients[copy].request(method, f"/auth/v1{path}", **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=["SQLite", "MongoDB"])
def copies(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Copies]:
    with ExitStack() as running:
        facelogin = running.enter_context(standing_in())
        shared = {
            "PUBLIC_ORIGINS": "http://localhost:8000",
            "ACCOUNTS_URL": "http://127.0.0.1:8000",
            "FACELOGIN_URL": facelogin.url,
            "FACELOGIN_PUBLIC_URL": "http://localhost:8000",
        }
        if request.param == "MongoDB":
            server = running.enter_context(running_mongod(tmp_path_factory.mktemp("mongod")))
            shared["DATABASE_URL"] = server.url("accounts")
        first = make_room("accounts", tmp_path_factory.mktemp("copies"), free_port(), shared)
        first.manage("prepare")
        rooms = [first, copy_of(first)]
        for room in rooms:
            running.callback(room.stop)
            room.start()
        clients = [
            running.enter_context(
                httpx.Client(base_url=f"http://127.0.0.1:{room.port}", timeout=60, trust_env=False)
            )
            for room in rooms
        ]
        yield Copies(rooms, facelogin, clients)


def sign_in(copies: Copies, username: str, copy: int = 0) -> dict[str, str]:
    who = {"username": username, "password": PASSWORD}
    opened = copies.call(copy, "POST", "/sessions", json=who)
    assert opened.status_code == 201, opened.text
    return {"Authorization": f"Bearer {opened.json()['token']}"}


def registered(copies: Copies, username: str) -> dict[str, str]:
    who = {"username": username, "password": PASSWORD}
    assert copies.call(0, "POST", "/users", json=who).status_code == 201
    return sign_in(copies, username)


def at_once(work: Callable[[int], int]) -> Counter[int]:
    """Do the same twenty times at once, on the two copies in turn."""
    start = threading.Barrier(AT_ONCE)

    def wait_and_work(number: int) -> int:
        start.wait()
        return work(number % 2)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(wait_and_work, range(AT_ONCE)))


def test_twenty_replays_at_once_fifty_times_open_fifty_sessions(copies: Copies) -> None:
    person = registered(copies, "ada")
    ticket = copies.call(0, "POST", "/session/face-ticket", json=ENROL, headers=person).json()
    assertion = {"assertion": copies.facelogin.assertion(ticket["ticket"], "enrolled")}
    enrolled = copies.call(0, "PUT", "/user/factors/face", json=assertion, headers=person)
    assert enrolled.status_code == 200
    total: Counter[int] = Counter()
    for round_number in range(ROUNDS):
        waiting = sign_in(copies, "ada", round_number % 2)
        ticket = copies.call(0, "POST", "/session/face-ticket", json=VERIFY, headers=waiting).json()
        body = {"assertion": copies.facelogin.assertion(ticket["ticket"], "match")}

        def replay(
            copy: int, body: dict[str, str] = body, waiting: dict[str, str] = waiting
        ) -> int:
            answer = copies.call(copy, "POST", "/session/factors/face", json=body, headers=waiting)
            return answer.status_code

        answers = at_once(replay)
        assert answers == {200: 1, 401: AT_ONCE - 1}, round_number
        total += answers
    assert total[200] == ROUNDS


def test_a_lock_outlives_a_restart_and_holds_on_every_copy(copies: Copies) -> None:
    registered(copies, "eve")
    # Every try comes from one address, told by who may tell it.
    headers = {"X-Forwarded-For": "203.0.113.7"}

    def guess(copy: int, password: str = "not it at all") -> int:
        who = {"username": "eve", "password": password}
        return copies.call(copy, "POST", "/sessions", json=who, headers=headers).status_code

    # Ten wrong ones, waiting as told: the next wait is half a minute.
    wrong = 0
    while wrong < 10:
        who = {"username": "eve", "password": "not it at all"}
        answer = copies.call(wrong % 2, "POST", "/sessions", json=who, headers=headers)
        if answer.status_code == 429:
            threading.Event().wait(int(answer.headers["Retry-After"]))
            continue
        assert answer.status_code == 401
        wrong += 1
    assert [guess(0, PASSWORD), guess(1, PASSWORD)] == [429, 429]
    for room in copies.rooms:
        room.stop()
        room.start()
    assert [guess(0, PASSWORD), guess(1, PASSWORD)] == [429, 429]
    headers = {"X-Forwarded-For": "198.51.100.20"}
    assert guess(1, PASSWORD) == 201
