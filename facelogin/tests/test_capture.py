"""The capture socket through its own door: real consumer, real processes, real database."""

import asyncio
import contextlib
import json
import os
import signal
import uuid
from typing import Any

import jwt
import pytest
from channels.testing import WebsocketCommunicator
from django.utils import timezone

from facelogin import models, protocol, stores, workers
from facelogin.routing import application
from facelogin.services import capture
from facelogin.tests.conftest import Accounts, empty_frame, face_frames, other_face_frames

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = (b"origin", b"http://localhost:8000")


class Browser:
    """Speaks the contract's side of the browser."""

    def __init__(self, *headers: tuple[bytes, bytes], protocols: tuple[str, ...] = ()) -> None:
        self.socket = WebsocketCommunicator(
            application,
            "/face/v1/capture",
            headers=list(headers or [ORIGIN]),
            subprotocols=list(protocols or [protocol.SUBPROTOCOL]),
        )
        self.prompts: list[str] = []
        self.steps: list[dict[str, Any]] = []

    async def open(self, ticket: str | None = None) -> dict[str, Any] | None:
        connected, subprotocol = await self.socket.connect(timeout=10)
        assert connected and subprotocol == protocol.SUBPROTOCOL
        if ticket is None:
            return None
        await self.say({"type": "attempt.start", "ticket": ticket})
        return await self.hear()

    async def say(self, message: dict[str, Any] | str | bytes) -> None:
        if isinstance(message, bytes):
            # Not send_to, which refuses to send an empty frame.
            await self.socket.send_input({"type": "websocket.receive", "bytes": message})
        else:
            text = message if isinstance(message, str) else json.dumps(message)
            await self.socket.send_to(text_data=text)

    async def hear(self) -> dict[str, Any]:
        """The next message; what may come between any two is set aside: prompts and steps."""
        while True:
            heard: dict[str, Any] = await self.socket.receive_json_from(timeout=40)
            if heard["type"] == "capture.prompt":
                self.prompts.append(heard["prompt"])
            elif heard["type"] == "challenge.step":
                self.steps.append(heard)
            else:
                return heard

    async def close_code(self) -> int:
        closing = await self.socket.receive_output(timeout=10)
        assert closing["type"] == "websocket.close"
        code: int = closing["code"]
        return code

    async def show(self, frames: list[bytes]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Send frames one by one; return the feedback and the last message."""
        feedback: list[dict[str, Any]] = []
        for frame in frames:
            await self.say(frame)
            heard = await self.hear()
            feedback.append(heard)
            if heard["progress"] == 1.0:
                break
        return feedback, await self.hear()


async def enrol(
    accounts: Accounts, user_id: uuid.UUID, frames: list[bytes], **claims: Any
) -> dict[str, Any]:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id, **claims))
    _, result = await browser.show(frames)
    assert await browser.close_code() == 1000
    if result["outcome"] == "enrolled":
        claims = jwt.decode(result["assertion"], options={"verify_signature": False})
        assert await stores.in_thread(stores.activate, user_id, claims["jti"])
    return result


async def verify(
    accounts: Accounts, user_id: uuid.UUID, frames: list[bytes]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    browser = Browser()
    await browser.open(accounts.ticket("verify", user_id))
    feedback, result = await browser.show(frames)
    assert await browser.close_code() == 1000
    return feedback, result


async def test_a_face_enrols_and_matches(accounts: Accounts, user_id: uuid.UUID) -> None:
    browser = Browser()
    ticket = accounts.ticket("enrol", user_id)
    ready = await browser.open(ticket)
    assert ready is not None
    assert ready["type"] == "attempt.ready" and ready["purpose"] == "enrol"
    assert ready["max_frame_bytes"] == 131072
    assert ready["frame"]["format"] == "image/jpeg"
    feedback, result = await browser.show(face_frames(20))
    assert [f["sequence"] for f in feedback] == list(range(1, len(feedback) + 1))
    assert {f["verdict"] for f in feedback} == {"accepted"}
    assert len(feedback) == ready["frames_wanted"] == 13
    assert result["outcome"] == "enrolled"
    claims = jwt.decode(result["assertion"], options={"verify_signature": False})
    assert claims["iss"] == "facelogin" and claims["aud"] == "accounts"
    assert claims["sub"] == str(user_id) and claims["outcome"] == "enrolled"
    nonce = jwt.decode(ticket, options={"verify_signature": False})["jti"]
    assert claims["nonce"] == nonce
    assert claims["exp"] - claims["iat"] == 60
    # Pending does not count yet.
    assert await stores.in_thread(stores.current_reference, user_id) is None
    assert await stores.in_thread(stores.activate, user_id, claims["jti"])
    feedback, result = await verify(accounts, user_id, face_frames(12, seed=1))
    assert result["outcome"] == "match" and len(feedback) >= 5
    assert not any("score" in f or "dissimilarity" in f for f in [*feedback, result])


async def test_another_face_is_refused_without_a_word(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    await enrol(accounts, user_id, face_frames(20))
    feedback, result = await verify(accounts, user_id, other_face_frames(20))
    assert sum(f["verdict"] == "accepted" for f in feedback) >= 5
    assert result == {"type": "attempt.result", "outcome": "non_match", "reasons": []}


async def test_an_empty_room_is_no_face(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    await enrol(accounts, user_id, face_frames(20))
    monkeypatch.setattr("facelogin.services.attempts.VerifyClaim.deadline_seconds", 2)
    browser = Browser()
    await browser.open(accounts.ticket("verify", user_id))
    for seed in range(3):
        await browser.say(empty_frame(seed))
        feedback = await browser.hear()
        assert (feedback["verdict"], feedback["reasons"]) == ("rejected", ["no_face"])
        assert feedback["face"] is None
    result = await browser.hear()
    assert (result["outcome"], result["reasons"]) == ("failure_to_acquire", ["no_face"])


async def test_frozen_frames_do_not_count(accounts: Accounts, user_id: uuid.UUID) -> None:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    frame = face_frames(1)[0]
    for sequence in range(1, 5):
        await browser.say(frame)
        feedback = await browser.hear()
        assert feedback["sequence"] == sequence
        if sequence > 1:
            assert (feedback["verdict"], feedback["reasons"]) == ("rejected", ["repeated_frame"])
    assert feedback["progress"] == pytest.approx(1 / 13, abs=0.001)
    await browser.say({"type": "attempt.cancel"})
    assert (await browser.hear())["outcome"] == "cancelled"
    assert await browser.close_code() == 1000


@pytest.mark.parametrize("junk", [b"", b"x", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n" + b"0" * 99])
async def test_what_is_no_picture_is_answered(
    accounts: Accounts, user_id: uuid.UUID, junk: bytes
) -> None:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    await browser.say(junk)
    feedback = await browser.hear()
    assert (feedback["verdict"], feedback["reasons"]) == ("rejected", ["undecodable"])
    await browser.say(face_frames(1)[0])
    assert (await browser.hear())["verdict"] == "accepted"


async def test_a_burst_is_answered_in_order_and_the_newest_wins(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    for frame in face_frames(8):
        await browser.say(frame)
    feedback = [await browser.hear() for _ in range(8)]
    assert [f["sequence"] for f in feedback] == list(range(1, 9))
    assert feedback[-1]["verdict"] == "accepted"
    assert any(f["verdict"] == "dropped" for f in feedback)


@pytest.mark.parametrize(
    ("headers", "protocols"),
    [
        ((ORIGIN,), ("other.v1",)),
        (((b"origin", b"https://evil.example"),), ()),
        (((b"origin", b"null"),), ()),
        (((b"x", b"y"),), ()),  # no Origin, and the room alone does not allow that
    ],
)
async def test_strangers_are_refused_at_the_handshake(headers: Any, protocols: Any) -> None:
    browser = Browser(*headers, protocols=protocols)
    connected, _ = await browser.socket.connect()
    assert not connected


async def test_other_paths_are_refused_at_the_handshake() -> None:
    socket = WebsocketCommunicator(application, "/face/v1/other", headers=[ORIGIN])
    assert not (await socket.connect())[0]


@pytest.mark.parametrize(
    "first",
    [
        "no json",
        "[]",
        '{"type": "attempt.start"}',
        '{"type": "attempt.start", "ticket": 5}',
        '{"type": "attempt.cancel"}',
        '{"type": "else"}',
        "[" * 5000,
        b"\xff\xd8\xff frame before the ticket",
    ],
)
async def test_bad_first_messages(first: Any) -> None:
    browser = Browser()
    await browser.open()
    await browser.say(first)
    error = await browser.hear()
    assert (error["type"], error["code"]) == ("error", "bad_message") and error["detail"]
    assert await browser.close_code() == 4400


async def test_whoever_does_not_start_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facelogin.consumers.START_WITHIN_SECONDS", 0.05)
    browser = Browser()
    await browser.open()
    assert (await browser.hear())["code"] == "too_slow"
    assert await browser.close_code() == 4408


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": "status"},
        {"purpose": "nonsense"},
        {"typ": "kv-assertion+jwt"},
        {"aud": "accounts"},
        {"life": -10},
        {"sub": "no uuid"},
    ],
)
async def test_wrong_tickets_open_nothing(
    accounts: Accounts, user_id: uuid.UUID, changes: dict[str, Any]
) -> None:
    purpose = changes.pop("purpose", "enrol")
    browser = Browser()
    error = await browser.open(accounts.ticket(purpose, user_id, **changes))
    assert error is not None and error["code"] == "ticket_refused"
    assert await browser.close_code() == 4401
    assert not await stores.in_thread(models.SpentTicket.objects.exists)


async def test_a_ticket_opens_one_attempt_of_twenty(accounts: Accounts, user_id: uuid.UUID) -> None:
    ticket = accounts.ticket("enrol", user_id)
    browsers = [Browser() for _ in range(20)]
    answers = await asyncio.gather(*(browser.open(ticket) for browser in browsers))
    kinds = [answer["type"] for answer in answers if answer]
    assert sorted(kinds) == ["attempt.ready"] + ["error"] * 19


async def test_verifying_without_a_reference_is_refused(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    answer = await Browser().open(accounts.ticket("verify", user_id))
    assert answer is not None and answer["code"] == "ticket_refused"


async def test_too_large_a_frame_ends_the_attempt(accounts: Accounts, user_id: uuid.UUID) -> None:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    await browser.say(b"\xff\xd8\xff" + bytes(protocol.MAX_FRAME_BYTES - 3))  # the largest allowed
    assert (await browser.hear())["reasons"] == ["undecodable"]
    await browser.say(b"\xff\xd8\xff" + bytes(protocol.MAX_FRAME_BYTES - 2))
    assert (await browser.hear())["code"] == "frame_too_large"
    assert await browser.close_code() == 4413


async def test_a_flood_ends_the_attempt(accounts: Accounts, user_id: uuid.UUID) -> None:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    frame = face_frames(1)[0]
    for _ in range(200):
        await browser.say(frame)
    heard = await browser.hear()
    while heard["type"] == "capture.feedback":
        heard = await browser.hear()
    assert heard["code"] == "too_many_frames"
    assert await browser.close_code() == 4429


async def test_frames_after_giving_up_are_answered_before_the_result(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    await browser.say({"type": "attempt.cancel"})
    for _ in range(30):  # more than may wait while somebody looks at them
        await browser.say(b"\xff\xd8\xff")
    heard = [await browser.hear() for _ in range(31)]
    assert [message.get("sequence") for message in heard] == [*range(1, 31), None]
    assert {message["verdict"] for message in heard[:-1]} == {"dropped"}
    assert heard[-1]["outcome"] == "cancelled"
    assert await browser.close_code() == 1000


async def test_frames_that_come_while_the_result_is_made_are_answered(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser()
    finish = workers.WorkerPool.finish_enrolment

    async def finish_late(*args: Any) -> Any:
        for _ in range(30):
            await browser.say(b"\xff\xd8\xff")
        await asyncio.sleep(0.05)
        return await finish(*args)

    monkeypatch.setattr(workers.WorkerPool, "finish_enrolment", finish_late)
    await browser.open(accounts.ticket("enrol", user_id))
    for frame in face_frames(13):
        await browser.say(frame)
        assert (await browser.hear())["verdict"] == "accepted"
    heard = [await browser.hear() for _ in range(31)]
    assert {message["verdict"] for message in heard[:-1]} == {"dropped"}
    assert heard[-1]["outcome"] == "enrolled"


async def test_a_fault_of_ours_is_told_and_logged(
    accounts: Accounts,
    user_id: uuid.UUID,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def break_down(*_args: object) -> None:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(stores, "open_attempt", break_down)
    browser = Browser()
    error = await browser.open(accounts.ticket("enrol", user_id))
    assert error is not None and error["code"] == "temporarily_unavailable"
    assert await browser.close_code() == 4500
    assert "nobody thought of this" in caplog.text
    row = await stores.in_thread(models.SpentTicket.objects.get)
    assert row.report["outcome"] == "temporarily_unavailable"


async def test_a_newer_attempt_supersedes_the_older(accounts: Accounts, user_id: uuid.UUID) -> None:
    older, newer = Browser(), Browser()
    await older.open(accounts.ticket("enrol", user_id))
    await newer.open(accounts.ticket("enrol", user_id))
    assert (await older.hear())["code"] == "superseded"
    assert await older.close_code() == 4409
    await newer.say(face_frames(1)[0])
    assert (await newer.hear())["verdict"] == "accepted"


async def test_erasing_a_person_ends_the_attempt(accounts: Accounts, user_id: uuid.UUID) -> None:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    await stores.in_thread(stores.erase, user_id)
    assert (await browser.hear())["code"] == "session_ended"
    assert await browser.close_code() == 4410


async def test_a_full_server_says_so(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "ATTEMPTS_PER_WORKER", 0)
    browser = Browser()
    answer = await browser.open(accounts.ticket("enrol", user_id))
    assert answer is not None and answer["code"] == "server_full"
    assert await browser.close_code() == 4503


def _signal_workers(number: signal.Signals) -> None:
    for lane in workers.pool().lanes:
        with contextlib.suppress(ProcessLookupError):  # killed before, not needed since
            os.kill(lane.started.result(timeout=10), number)


@pytest.mark.usefixtures("patience")
async def test_a_worker_killed_with_a_frame_is_told_and_replaced(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    await asyncio.to_thread(workers.pool().wait_until_started)
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    _signal_workers(signal.SIGSTOP)  # so that the frame is surely on its way when they die
    await browser.say(face_frames(1)[0])
    await asyncio.sleep(0.3)
    _signal_workers(signal.SIGKILL)
    assert (await browser.hear())["verdict"] == "dropped"  # even this frame gets its answer
    assert (await browser.hear())["code"] == "temporarily_unavailable"
    assert await browser.close_code() == 4500
    # The person comes back at once, with a fresh ticket.
    assert (await enrol(accounts, user_id, face_frames(20)))["outcome"] == "enrolled"


@pytest.mark.usefixtures("patience")
async def test_workers_killed_while_idle_cost_nobody_anything(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    await asyncio.to_thread(workers.check_alive)  # replaces what an earlier test killed
    for lane in workers.pool().lanes:
        await asyncio.to_thread(lane.started.result, workers.START_TIMEOUT_SECONDS)
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    before = [lane.started.result() for lane in workers.pool().lanes]
    _signal_workers(signal.SIGKILL)
    await asyncio.sleep(0.5)  # the executors notice
    await browser.say(face_frames(1)[0])
    assert (await browser.hear())["verdict"] == "accepted"
    after = [lane.started.result(timeout=10) for lane in workers.pool().lanes]
    assert before != after


async def test_a_browser_that_leaves_frees_its_place(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    assert capture._running == 1
    await browser.socket.disconnect()
    assert capture._running == 0
    assert not await stores.in_thread(models.OpenAttempt.objects.exists)


async def test_no_frame_and_no_plain_template_is_stored(
    accounts: Accounts, user_id: uuid.UUID, settings: Any
) -> None:
    frames = face_frames(20)
    await enrol(accounts, user_id, frames)
    reference = await stores.in_thread(stores.current_reference, user_id)
    assert reference is not None
    row = await stores.in_thread(models.Reference.objects.get)
    stored = bytes(row.ciphertext)
    assert len(stored) <= 128 * 1024
    plain = reference.to_bytes()
    pieces = [reference.templates.tobytes(), plain, *(frame[600:] for frame in frames)]
    for piece in pieces:
        assert not any(piece[at : at + 16] in stored for at in range(0, len(piece), 997))


async def test_re_enrolling_replaces_in_one_step(accounts: Accounts, user_id: uuid.UUID) -> None:
    await enrol(accounts, user_id, face_frames(20))
    before = await stores.in_thread(models.Reference.objects.get)
    result = await enrol(accounts, user_id, face_frames(20, seed=5))
    assert result["outcome"] == "enrolled"
    after = await stores.in_thread(models.Reference.objects.get)
    assert after.id != before.id and after.created_at <= timezone.now()


async def test_a_browser_that_sends_with_every_answer_cannot_hold_up_the_result(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    await browser.say({"type": "attempt.cancel"})
    sent = 1
    await browser.say(b"\xff\xd8\xff")
    while (heard := await browser.hear())["type"] == "capture.feedback":
        assert heard["sequence"] <= sent < 100
        await browser.say(b"\xff\xd8\xff")
        sent += 1
    assert heard["outcome"] == "cancelled"
    assert await browser.close_code() == 1000
