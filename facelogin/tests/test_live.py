"""The live socket: who may listen, what is heard, and how it ends."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator

from facelogin import listeners, live_consumer, protocol, stores
from facelogin.listeners import Listener
from facelogin.models import EndedSession
from facelogin.services import live
from facelogin.tests.conftest import Accounts, face_frames, other_face_frames
from facelogin.tests.test_capture import ORIGIN, Browser, application, enrol, verify
from facelogin.tests.test_ended_sessions import end_session
from kubevision import draining

pytestmark = pytest.mark.django_db(transaction=True)


class Page(Browser):
    """An open page, as its script speaks."""

    def __init__(self, protocols: tuple[str, ...] = (protocol.LIVE_SUBPROTOCOL,)) -> None:
        super().__init__()
        self.socket = WebsocketCommunicator(
            application, "/face/v1/live", headers=[ORIGIN], subprotocols=list(protocols)
        )

    async def connect(self) -> None:
        connected, subprotocol = await self.socket.connect(timeout=10)
        assert connected and subprotocol == protocol.LIVE_SUBPROTOCOL

    async def start(self, ticket: str) -> None:
        await self.say({"type": "live.start", "ticket": ticket})

    async def refusal(self) -> tuple[str, int]:
        """The error that ends this page's socket, and its close code."""
        error = await self.hear()
        assert error["type"] == "error"
        return error["code"], await self.close_code()


@asynccontextmanager
async def listening(
    accounts: Accounts, user_id: uuid.UUID, sid: str = "session hash"
) -> AsyncIterator[Page]:
    page, listens, listen = Page(), asyncio.Event(), live.listen

    async def listen_and_say_so(listener: Listener) -> None:
        await listen(listener)
        listens.set()

    # The page is told nothing when it listens. That it is on the list is too early to go by: its
    # session is looked up after that, and one that ends in between is refused instead of told.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(live, "listen", listen_and_say_so)
        await page.connect()
        await page.start(accounts.ticket("watch", user_id, sid=sid))
        await asyncio.wait_for(listens.wait(), timeout=10)
    try:
        yield page
    finally:
        await page.socket.disconnect()


@pytest.fixture(autouse=True)
def nobody_listens() -> Any:
    yield
    assert listeners.everybody() == []


async def test_a_page_hears_that_its_session_ended(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 60.0)  # told, not found
    async with (
        listening(accounts, user_id) as page,
        listening(accounts, user_id) as other_tab,
        listening(accounts, user_id, "another session") as elsewhere,
    ):
        assert await end_session(accounts, user_id) == 204
        for tab in (page, other_tab):
            assert await tab.hear() == {"type": "session.ended"}
            assert await tab.close_code() == 4410
        assert await elsewhere.socket.receive_nothing(timeout=0.3)


async def test_an_end_that_no_message_told_is_found_in_the_database(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    async with listening(accounts, user_id) as page:
        # As another copy does whose word does not get through.
        await database_sync_to_async(EndedSession.objects.create)(session_hash="session hash")
        assert await page.hear() == {"type": "session.ended"}
        assert await page.close_code() == 4410


async def test_one_query_looks_for_all_pages(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[set[str]] = []
    ended_among = stores.ended_among

    def counted(sessions: list[str]) -> list[str]:
        looks.append(set(sessions))
        return ended_among(sessions)

    monkeypatch.setattr(stores, "ended_among", counted)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.05)
    async with listening(accounts, user_id, "a"), listening(accounts, user_id, "b"):
        while {"a", "b"} not in looks:
            await asyncio.sleep(0.05)
        assert looks.index({"a", "b"}) == len(looks) - 1


async def test_a_persons_pages_hear_of_attempts_and_nothing_of_the_face(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    await enrol(accounts, user_id, face_frames(20))
    async with (
        listening(accounts, user_id) as own,
        listening(accounts, user_id, "elsewhere") as elsewhere,
        listening(accounts, uuid.uuid4()) as somebody_else,
    ):
        await verify(accounts, user_id, face_frames(20, seed=5))
        heard = await own.hear()
        assert heard == {
            "type": "attempt.finished",
            "attempt_id": heard["attempt_id"],
            "purpose": "verify",
            "outcome": "match",
            "is_own_session": True,
        }
        assert await elsewhere.hear() == heard | {"is_own_session": False}
        await verify(accounts, user_id, other_face_frames(20))
        assert (await elsewhere.hear())["outcome"] == "non_match"
        assert await somebody_else.socket.receive_nothing(timeout=0.1)


async def test_a_ticket_to_listen_is_good_once(accounts: Accounts, user_id: uuid.UUID) -> None:
    ticket = accounts.ticket("watch", user_id)
    pages = [Page(), Page()]
    for page in pages:
        await page.connect()
    await pages[0].start(ticket)
    while not listeners.everybody():
        await asyncio.sleep(0.02)
    await pages[1].start(ticket)
    assert await pages[1].refusal() == ("ticket_refused", 4401)
    await pages[0].socket.disconnect()


@pytest.mark.parametrize("purpose", ["verify", "enrol", "extend", "revoke", "status"])
async def test_a_ticket_for_something_else_opens_nothing(
    accounts: Accounts, user_id: uuid.UUID, purpose: str
) -> None:
    page = Page()
    await page.connect()
    await page.start(accounts.ticket(purpose, user_id))
    assert await page.refusal() == ("ticket_refused", 4401)


async def test_a_ticket_without_a_session_opens_nothing(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    page = Page()
    await page.connect()
    await page.start(accounts.ticket("watch", user_id, sid=""))
    assert await page.refusal() == ("ticket_refused", 4401)


async def test_a_ticket_to_listen_opens_no_camera(accounts: Accounts, user_id: uuid.UUID) -> None:
    browser = Browser()
    answer = await browser.open(accounts.ticket("watch", user_id))
    assert answer is not None and answer["code"] == "ticket_refused"
    assert await browser.close_code() == 4401


async def test_a_session_that_is_over_is_not_listened_for(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    await end_session(accounts, user_id)
    page = Page()
    await page.connect()
    await page.start(accounts.ticket("watch", user_id))
    assert await page.refusal() == ("session_ended", 4410)


@pytest.mark.parametrize(
    "said", [b"\xff\xd8\xff", b"", "{}", "nonsense", '{"type": "attempt.cancel"}', "[" * 5000]
)
async def test_anything_else_is_a_bad_message(accounts: Accounts, said: str | bytes) -> None:
    page = Page()
    await page.connect()
    await page.say(said)
    assert await page.refusal() == ("bad_message", 4400)


async def test_a_page_has_nothing_to_say_twice(accounts: Accounts, user_id: uuid.UUID) -> None:
    async with listening(accounts, user_id) as page:
        await page.start(accounts.ticket("watch", user_id))
        assert await page.refusal() == ("bad_message", 4400)


async def test_a_page_that_asks_for_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_consumer, "START_WITHIN_SECONDS", 0.05)
    page = Page()
    await page.connect()
    assert await page.refusal() == ("too_slow", 4408)


@pytest.mark.parametrize("protocols", [(), (protocol.SUBPROTOCOL,), ("kubevision.live.v2",)])
async def test_without_the_subprotocol_no_socket_opens(protocols: tuple[str, ...]) -> None:
    page = Page(protocols)
    connected, _code = await page.socket.connect(timeout=10)
    assert not connected


async def test_accounts_away_is_said(accounts: Accounts, user_id: uuid.UUID, settings: Any) -> None:
    settings.ACCOUNTS_URL = "http://127.0.0.1:9"
    page = Page()
    await page.connect()
    await page.start(accounts.ticket("watch", user_id))
    assert await page.refusal() == ("temporarily_unavailable", 4500)


@pytest.mark.parametrize("bound", ["MAX_LISTENERS", "MAX_LISTENERS_OF_A_SESSION"])
async def test_too_many_pages_are_told_so(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(listeners, bound, 1)
    async with listening(accounts, user_id):
        page = Page()
        await page.connect()
        await page.start(accounts.ticket("watch", user_id))
        assert await page.refusal() == ("server_full", 4503)
    async with listening(accounts, user_id):
        pass  # the place is free again


async def test_a_socket_that_was_open_long_enough_ends_without_a_word(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_consumer, "LIFE_SECONDS", 0.5)
    async with listening(accounts, user_id) as page:
        assert await page.close_code() == 1000


async def test_pages_are_sent_to_another_copy_when_this_one_stops(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    try:
        async with listening(accounts, user_id) as page:
            draining.begin()
            assert await page.refusal() == ("server_draining", 4512)
        page = Page()
        await page.connect()
        assert await page.refusal() == ("server_draining", 4512)
    finally:
        draining.forget()


def test_what_a_newer_copy_says_is_left_out() -> None:
    for note in ({}, {"type": "news"}, {"type": "session.ended"}, {"type": "attempt.finished"}):
        live.hear(note)


def test_the_examples_are_what_is_sent() -> None:
    from kubevision import contracts

    assert json.loads(protocol.SessionEnded().encode()) == contracts.example(
        "messages/session.ended"
    )
    example = contracts.example("messages/attempt.finished.match")
    values = {name: value for name, value in example.items() if name != "type"}
    assert json.loads(protocol.AttemptFinished(**values).encode()) == example
