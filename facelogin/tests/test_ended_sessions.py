"""Accounts ends a session: what it does before the camera ends with it."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.test import Client
from django.utils import timezone

from facelogin import stores
from facelogin.models import EndedSession, OpenAttempt, Reference
from facelogin.services import attempts
from facelogin.tests.conftest import Accounts
from facelogin.tests.test_capture import Browser, face_frames

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/face/v1/session-ended"


def end(ticket: str) -> int:
    answer = Client().post(PATH, headers={"Authorization": f"Bearer {ticket}"})
    return int(answer.status_code)


async def end_session(accounts: Accounts, user_id: uuid.UUID, sid: str = "session hash") -> int:
    return await database_sync_to_async(end)(accounts.ticket("revoke", user_id, sid=sid))


async def test_a_capture_ends_with_its_session(accounts: Accounts, user_id: uuid.UUID) -> None:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    await browser.say(face_frames(1)[0])
    assert (await browser.hear())["verdict"] == "accepted"
    assert await end_session(accounts, user_id) == 204
    error = await browser.hear()
    assert (error["type"], error["code"]) == ("error", "session_ended")
    assert await browser.close_code() == 4410
    assert await end_session(accounts, user_id) == 204  # twice is once


async def test_the_capture_of_another_session_goes_on(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id, sid="the other session"))
    assert await end_session(accounts, user_id) == 204
    await asyncio.sleep(1.2)  # the attempt looks at its row once a second
    await browser.say(face_frames(1)[0])
    assert (await browser.hear())["verdict"] == "accepted"


async def test_a_ticket_that_comes_later_starts_nothing(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    ticket = accounts.ticket("enrol", user_id)
    await end_session(accounts, user_id)
    browser = Browser()
    answer = await browser.open(ticket)
    assert answer is not None and answer["code"] == "session_ended"
    assert await browser.close_code() == 4410
    assert not await database_sync_to_async(OpenAttempt.objects.exists)()


async def test_a_session_that_ends_before_the_verdict_leaves_no_reference(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is decided already looks at the row once more before the result is made."""
    made: list[Any] = []
    result = attempts.EnrolPerson.result

    async def watched(self: attempts.EnrolPerson) -> Any:
        made.append(self)
        return await result(self)

    monkeypatch.setattr(attempts.EnrolPerson, "result", watched)
    monkeypatch.setattr("facelogin.services.capture.LOOK_AT_ROW_SECONDS", 60.0)
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    frames = face_frames(40)
    await browser.say(frames[0])
    await browser.hear()
    await end_session(accounts, user_id)
    message: dict[str, Any] = {}
    for frame in frames[1:]:
        await browser.say(frame)
        message = await browser.hear()
        if message["type"] == "error":
            break
    assert message["code"] == "session_ended"
    assert made == []
    assert not await database_sync_to_async(Reference.objects.exists)()


def test_only_a_ticket_to_revoke_that_names_a_session_ends_one(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    assert end(accounts.ticket("erase", user_id)) == 401
    claims = {"sub": str(user_id), "purpose": "revoke"}
    without_session = accounts.signer.sign(
        claims, typ="kv-ticket+jwt", audience="facelogin", life_seconds=120
    )
    assert end(without_session) == 401
    for no_hash in ("", None, ["session hash"], "x" * 10_000):
        assert end(accounts.ticket("revoke", user_id, sid=no_hash)) == 401
    assert not EndedSession.objects.exists()
    ticket = accounts.ticket("revoke", user_id)
    assert end(ticket) == 204
    assert end(ticket) == 401  # spent
    assert Client().get(PATH).status_code == 405


def test_an_ended_session_is_forgotten_when_no_ticket_of_it_can_come(user_id: uuid.UUID) -> None:
    stores.end_session("old")
    EndedSession.objects.update(ended_at=timezone.now() - timedelta(minutes=11))
    stores.end_session("new")
    assert stores.remove_expired()["ended sessions"] == 1
    assert EndedSession.objects.get().session_hash == "new"
