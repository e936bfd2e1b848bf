"""Adding a light through facelogin's own doors: the socket, then the calls of accounts."""

import uuid
from typing import Any

import cv2
import jwt
import numpy as np
import pytest
from django.test import Client

from facelogin import models, operating_point, stores
from facelogin.models import Extension
from facelogin.tests.conftest import Accounts, face_frames, jpeg, other_face_frames
from facelogin.tests.test_capture import Browser, enrol, verify

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/face/v1/reference"


def in_lamp_light(frames: list[bytes]) -> list[bytes]:
    """The same person under a lamp at one side."""
    lamp = np.linspace(0.45, 1.25, 640, dtype=np.float32)[None, :, None]
    lit = []
    for frame in frames:
        image = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR)
        lit.append(jpeg(np.clip(image * lamp, 0, 255).astype(np.uint8)))
    return lit


async def extend(
    accounts: Accounts, user_id: uuid.UUID, frames: list[bytes]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the attempt's first and last message."""
    browser = Browser()
    ready = await browser.open(accounts.ticket("extend", user_id))
    assert ready is not None
    _, result = await browser.show(frames)
    assert await browser.close_code() == 1000
    return ready, result


async def test_another_light_is_added(accounts: Accounts, user_id: uuid.UUID) -> None:
    await enrol(accounts, user_id, face_frames(20))
    ready, result = await extend(accounts, user_id, in_lamp_light(face_frames(20, seed=3)))
    assert (ready["purpose"], ready["frames_wanted"]) == ("extend", 7)
    assert result["outcome"] == "enrolled"
    claims = jwt.decode(result["assertion"], options={"verify_signature": False})
    status = await stores.in_thread(stores.reference_status, user_id)
    assert status is not None and status.samples == 10  # pending does not count
    assert await stores.in_thread(stores.activate, user_id, claims["jti"])
    status = await stores.in_thread(stores.reference_status, user_id)
    assert status is not None and status.samples == 15
    for frames in (face_frames(14, seed=5), in_lamp_light(face_frames(14, seed=6))):
        _, result = await verify(accounts, user_id, frames)
        assert result["outcome"] == "match"
    _, result = await verify(accounts, user_id, other_face_frames(20))
    assert result["outcome"] == "non_match"


async def test_nobody_adds_another_face(accounts: Accounts, user_id: uuid.UUID) -> None:
    await enrol(accounts, user_id, face_frames(20))
    theirs = face_frames(20, seed=3, somebody_else=True)
    _, result = await extend(accounts, user_id, theirs)
    assert result["outcome"] == "failure_to_enrol" and "assertion" not in result
    assert not await stores.in_thread(models.Extension.objects.exists)
    # There was nothing wrong with the pictures but whose they are.
    them = uuid.uuid4()
    assert (await enrol(accounts, them, theirs))["outcome"] == "enrolled"
    _, result = await extend(accounts, them, theirs)
    assert result["outcome"] == "enrolled"


async def test_samples_that_do_not_know_each_other_are_no_light(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await enrol(accounts, user_id, face_frames(20))
    monkeypatch.setattr(operating_point, "threshold", lambda *_args, **_more: 0.0)
    _, result = await extend(accounts, user_id, face_frames(20, seed=3))
    assert result["outcome"] == "failure_to_enrol"


async def test_without_a_reference_the_ticket_is_refused(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    browser = Browser()
    message = await browser.open(accounts.ticket("extend", user_id))
    assert message is not None and message["code"] == "ticket_refused"
    assert await browser.close_code() == 4401


async def test_a_reference_erased_meanwhile_is_not_extended(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await enrol(accounts, user_id, face_frames(20))
    kept = stores.store_pending_extension

    def erase_first(*args: Any) -> bool:
        models.Person.objects.all().delete()
        return kept(*args)

    monkeypatch.setattr(stores, "store_pending_extension", erase_first)
    _, result = await extend(accounts, user_id, face_frames(20, seed=3))
    assert result["outcome"] == "failure_to_enrol"
    assert not await stores.in_thread(models.Extension.objects.exists)


# -- calls of accounts ----------------------------------------------------------------------------


def call(method: str, ticket: str, extension: str = "") -> tuple[int, dict[str, Any]]:
    path = f"{PATH}/extensions/{extension}" if extension else PATH
    response = Client().generic(method, path, headers={"Authorization": f"Bearer {ticket}"})
    return response.status_code, response.json() if response.content else {}


def add_light(accounts: Accounts, user_id: uuid.UUID) -> None:
    from facelogin.tests.test_extensions import a_light
    from facelogin.tests.test_stores import enrol as enrol_at_once

    enrol_at_once(user_id, "face")
    stores.store_pending_extension(user_id, a_light(7), "light")
    assert call("PUT", accounts.ticket("activate", user_id, nonce="light"))[0] == 204


def test_activate_list_remove(accounts: Accounts, user_id: uuid.UUID) -> None:
    add_light(accounts, user_id)
    status, body = call("GET", accounts.ticket("status", user_id))
    assert (status, body["samples"]) == (200, 15)
    assert [extension["id"] for extension in body["extensions"]] == ["light"]
    assert set(body["extensions"][0]) == {"id", "added_at", "expires_at"}
    assert call("DELETE", accounts.ticket("erase", user_id, nonce="light"), "light") == (204, {})
    assert call("DELETE", accounts.ticket("erase", user_id), "light") == (204, {})  # a repeat
    assert call("GET", accounts.ticket("status", user_id))[1]["extensions"] == []


def test_another_persons_ticket_removes_nothing(accounts: Accounts, user_id: uuid.UUID) -> None:
    add_light(accounts, user_id)
    assert call("DELETE", accounts.ticket("erase", uuid.uuid4()), "light")[0] == 204
    assert Extension.objects.count() == 1


@pytest.mark.parametrize(
    ("purpose", "claims"),
    [("status", {}), ("activate", {"nonce": "light"}), ("extend", {}), ("erase", {"nonce": "x"})],
)
def test_a_ticket_for_something_else_removes_nothing(
    accounts: Accounts, user_id: uuid.UUID, purpose: str, claims: dict[str, str]
) -> None:
    add_light(accounts, user_id)
    assert call("DELETE", accounts.ticket(purpose, user_id, **claims), "light")[0] == 401
    assert Extension.objects.count() == 1


def test_a_ticket_to_remove_one_light_erases_no_person(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    add_light(accounts, user_id)
    ticket = accounts.ticket("erase", user_id, nonce="light")
    assert call("DELETE", ticket)[0] == 401
    assert stores.current_reference(user_id) is not None
    assert call("DELETE", ticket, "light")[0] == 204  # a refused ticket is not spent


@pytest.mark.parametrize("purpose", ["extend", "enrol", "verify"])
def test_tickets_of_the_camera_activate_nothing(
    accounts: Accounts, user_id: uuid.UUID, purpose: str
) -> None:
    add_light(accounts, user_id)
    assert call("PUT", accounts.ticket(purpose, user_id, nonce="light"))[0] == 401
