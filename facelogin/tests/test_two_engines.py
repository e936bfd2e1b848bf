"""People enrolled with one engine sign in while others enrol with another."""

import uuid
import zlib
from collections.abc import Iterator

import jwt
import numpy as np
import pytest

from facelogin import stores, workers
from facelogin.recognition import Reference
from facelogin.services import engines
from facelogin.tests.conftest import Accounts, face_frames, other_face_frames
from facelogin.tests.test_capture import Browser, enrol, verify

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def resnet_pool() -> Iterator[workers.WorkerPool]:
    pool = workers.WorkerPool("resnet", 2)
    pool.wait_until_started()
    yield pool
    pool.close()


@pytest.fixture
def resnet(settings, monkeypatch: pytest.MonkeyPatch, resnet_pool: workers.WorkerPool) -> None:
    settings.FACELOGIN_ENGINE = "resnet"
    monkeypatch.setattr(workers, "_pool", resnet_pool)


def engine_in(result: dict[str, str]) -> str:
    claims = jwt.decode(result["assertion"], options={"verify_signature": False})
    return str(claims["engine"])


async def test_a_person_of_the_old_engine_signs_in_and_enrols_anew(
    accounts: Accounts, user_id: uuid.UUID, request: pytest.FixtureRequest
) -> None:
    await enrol(accounts, user_id, face_frames(20))
    request.getfixturevalue("resnet")
    assert await stores.in_thread(engines.note) is None
    _, result = await verify(accounts, user_id, face_frames(20, seed=1))
    assert result["outcome"] == "match" and engine_in(result) == "lbph"
    _, result = await verify(accounts, user_id, other_face_frames(20))
    assert result["outcome"] == "non_match"
    await enrol(accounts, user_id, face_frames(20, seed=2))
    reference = await stores.in_thread(stores.current_reference, user_id)
    assert reference is not None and reference.engine == "resnet"
    assert reference.templates.shape[1:] == (128,)
    _, result = await verify(accounts, user_id, face_frames(20, seed=3))
    assert result["outcome"] == "match" and engine_in(result) == "resnet"


async def test_a_reference_of_an_engine_that_is_not_here_ends_in_words(
    accounts: Accounts, user_id: uuid.UUID, caplog: pytest.LogCaptureFixture
) -> None:
    """The way back: an operator who tried another engine returns to the default."""
    reference = Reference("onnx-1a2b3c4d", np.zeros((3, 64), np.float32))
    await stores.in_thread(stores.store_pending, user_id, reference, "jti")
    assert await stores.in_thread(stores.activate, user_id, "jti")
    browser = Browser()
    assert await browser.open(accounts.ticket("verify", user_id)) == {
        "type": "error",
        "code": "temporarily_unavailable",
        "detail": "Your face was enrolled in a way this server does not know. Sign in without the "
        "camera, then enrol your face again.",
    }
    assert f"{user_id} needs the engine onnx-1a2b3c4d, which is not loaded" in caplog.text
    assert "Traceback" not in caplog.text
    assert await stores.in_thread(engines.note) == (
        "the engine onnx-1a2b3c4d is not loaded; people who cannot sign in by face without it, "
        "until they enrol anew: 1"
    )


def test_references_that_do_not_count_are_not_missed(user_id: uuid.UUID) -> None:
    reference = Reference("onnx-1a2b3c4d", np.zeros((3, 64), np.float32))
    stores.store_pending(user_id, reference, "pending")
    assert stores.people_of_other_engines([]) == {} and engines.note() is None


async def test_a_reference_of_an_older_version_ends_in_words(
    accounts: Accounts,
    user_id: uuid.UUID,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Before groups there were bare counts; whoever enrolled then enrols again."""
    old = b"lbph\0" + zlib.compress(bytes(10 * 64 * 256))
    monkeypatch.setattr(Reference, "to_bytes", lambda _self: old)
    await enrol(accounts, user_id, face_frames(20))
    answer = await Browser().open(accounts.ticket("verify", user_id))
    assert answer is not None and answer["code"] == "temporarily_unavailable"
    assert "enrol your face again" in answer["detail"]
    assert f"the reference of {user_id} cannot be read" in caplog.text
