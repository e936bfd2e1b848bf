"""Somebody is erased, or their session ends, just while an attempt of theirs reads or stores."""

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from facelogin import stores, workers
from facelogin.models import Extension, OpenAttempt, Person, Reference, SpentTicket
from facelogin.tests.conftest import Accounts, face_frames
from facelogin.tests.test_capture import Browser, enrol

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class End:
    """What accounts calls meanwhile, from a thread as in another copy."""

    accounts: Accounts
    user_id: uuid.UUID
    is_erasure: bool

    def __call__(self) -> None:
        method, path, purpose = (
            ("DELETE", "/face/v1/reference", "erase")
            if self.is_erasure
            else ("POST", "/face/v1/session-ended", "revoke")
        )
        ticket = self.accounts.ticket(purpose, self.user_id)
        answer = Client().generic(method, path, headers={"Authorization": f"Bearer {ticket}"})
        assert answer.status_code == 204


@pytest.fixture(params=["erased", "session ended"])
def end(request: pytest.FixtureRequest, accounts: Accounts, user_id: uuid.UUID) -> End:
    return End(accounts, user_id, is_erasure=request.param == "erased")


@pytest.fixture(autouse=True)
def no_look_by_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the looks around a verdict are left."""
    monkeypatch.setattr("facelogin.services.capture.LOOK_AT_ROW_SECONDS", 60.0)


def call_after(monkeypatch: pytest.MonkeyPatch, name: str, end: End) -> None:
    """Let it end just after a verb of the stores was done for the first time."""
    verb, calls = getattr(stores, name), [end]

    def with_end(*args: Any, **kwargs: Any) -> Any:
        answer = verb(*args, **kwargs)
        if calls:
            calls.pop()()
        return answer

    monkeypatch.setattr(stores, name, with_end)


async def ends_without_a_verdict(
    accounts: Accounts, user_id: uuid.UUID, purpose: str, frames: list[bytes]
) -> None:
    browser = Browser()
    ready = await browser.open(accounts.ticket(purpose, user_id))
    assert ready is not None and ready["type"] == "attempt.ready"
    _, last = await browser.show(frames)
    assert (last["type"], last["code"]) == ("error", "session_ended")
    assert "assertion" not in last
    assert await browser.close_code() == 4410
    assert not await stores.in_thread(OpenAttempt.objects.exists)
    # Accounts is told the same.
    told = await stores.in_thread(lambda: [row.report for row in SpentTicket.objects.all()])
    assert [report["outcome"] for report in told if report].count("session_ended") == 1


async def test_a_verification_gives_no_assertion(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch, end: End
) -> None:
    """It read the reference in time; it must not match with it."""
    await enrol(accounts, user_id, face_frames(20))
    call_after(monkeypatch, "current_reference", end)
    await ends_without_a_verdict(accounts, user_id, "verify", face_frames(14, seed=1))


async def test_an_attempt_that_was_just_told_it_may_start_ends(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch, end: End
) -> None:
    call_after(monkeypatch, "is_ended", end)
    await ends_without_a_verdict(accounts, user_id, "enrol", face_frames(20))


@pytest.mark.parametrize("moment", ["proven", "stored"])
async def test_an_enrolment_leaves_nothing(
    accounts: Accounts,
    user_id: uuid.UUID,
    monkeypatch: pytest.MonkeyPatch,
    end: End,
    moment: str,
) -> None:
    if moment == "stored":
        call_after(monkeypatch, "store_pending", end)
    else:
        end_after_the_proof(monkeypatch, end)
    await ends_without_a_verdict(accounts, user_id, "enrol", face_frames(20))
    for model in (Person, Reference):
        assert not await stores.in_thread(model.objects.exists)


@pytest.mark.parametrize("moment", ["proven", "stored"])
async def test_a_new_light_leaves_nothing(
    accounts: Accounts,
    user_id: uuid.UUID,
    monkeypatch: pytest.MonkeyPatch,
    end: End,
    moment: str,
) -> None:
    await enrol(accounts, user_id, face_frames(20), sid="of the enrolment")
    if moment == "stored":
        call_after(monkeypatch, "store_pending_extension", end)
    else:
        end_after_the_proof(monkeypatch, end)
    await ends_without_a_verdict(accounts, user_id, "extend", face_frames(20, seed=3))
    assert not await stores.in_thread(Extension.objects.exists)
    # The end of a session takes nothing from the reference that counts.
    current = await stores.in_thread(stores.current_reference, user_id)
    assert (current is None) is end.is_erasure


def end_after_the_proof(monkeypatch: pytest.MonkeyPatch, end: End) -> None:
    finish = workers.WorkerPool.finish_enrolment

    async def finish_and_end(*args: Any) -> Any:
        reference = await finish(*args)
        await stores.in_thread(end)
        return reference

    monkeypatch.setattr(workers.WorkerPool, "finish_enrolment", finish_and_end)


async def test_a_newer_attempt_leaves_no_reference_of_the_older(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = Browser(), Browser()
    finish = workers.WorkerPool.finish_enrolment

    async def finish_late(*args: Any) -> Any:
        await newer.open(accounts.ticket("enrol", user_id))
        return await finish(*args)

    monkeypatch.setattr(workers.WorkerPool, "finish_enrolment", finish_late)
    await older.open(accounts.ticket("enrol", user_id))
    _, last = await older.show(face_frames(20))
    assert last["code"] == "superseded"
    assert await older.close_code() == 4409
    assert not await stores.in_thread(Reference.objects.exists)
    # The newer one may be storing under this key now.
    assert await stores.in_thread(Person.objects.exists)
    monkeypatch.setattr(workers.WorkerPool, "finish_enrolment", finish)
    _, result = await newer.show(face_frames(20))
    assert result["outcome"] == "enrolled"
    (reference,) = await stores.in_thread(lambda: list(Reference.objects.all()))
    assert await stores.in_thread(stores.activate, user_id, reference.assertion_jti)
    assert await stores.in_thread(stores.current_reference, user_id) is not None
