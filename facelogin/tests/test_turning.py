"""The challenge through the socket: what it asks, and that pictures do not get in.

Who does turn their head is drawn, and so in the tests of the whole (`tests/test_turning.py`).
"""

import uuid
from typing import Any

import pytest

from facelogin import stores
from facelogin.services import reports, turning
from facelogin.tests.conftest import Accounts, empty_frame, face_frames, other_face_frames
from facelogin.tests.test_capture import Browser, enrol

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = {"look_straight", "turn_left", "turn_right"}
FRAME_SECONDS = 0.2


@pytest.fixture(autouse=True)
def asks_for_turns(no_challenge: None, settings: Any) -> None:
    settings.FACELOGIN_CHALLENGE = "turn"


@pytest.fixture(autouse=True)
def pace(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Frames are a fifth of a second apart, however long they take here; a test may change it."""
    now, apart = 0.0, [FRAME_SECONDS]

    def tick() -> float:
        nonlocal now
        now += apart[0]
        return now

    monkeypatch.setattr(turning, "monotonic", tick)
    monkeypatch.setattr(turning.VerifyByTurning, "deadline_seconds", 600)  # of the real clock
    return apart


async def show_all(
    browser: Browser, frames: list[bytes]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Send frames until there is a result; return the feedback and the result."""
    feedback = []
    for frame in frames:
        await browser.say(frame)
        feedback.append(await browser.hear())
        if feedback[-1]["progress"] == 1.0:
            return feedback, await browser.hear()
    raise AssertionError(f"no result after {len(feedback)} frames")


@pytest.mark.parametrize("picture", [face_frames, other_face_frames], ids=["own", "another"])
async def test_a_photo_is_refused_at_the_end_without_a_word(
    accounts: Accounts, user_id: uuid.UUID, picture: Any
) -> None:
    """Nothing tells whether the photo was the right one, nor that it was a photo that failed."""
    await enrol(accounts, user_id, face_frames(20))
    browser = Browser()
    ready = await browser.open(accounts.ticket("verify", user_id))
    assert ready is not None and ready["purpose"] == "verify"
    feedback, result = await show_all(browser, picture(200, seed=5))
    assert result == {"type": "attempt.result", "outcome": "presentation_attack", "reasons": []}
    assert await browser.close_code() == 1000
    count = browser.steps[0]["count"]
    assert [step["index"] for step in browser.steps] == list(range(1, count + 1))
    assert {step["step"] for step in browser.steps} <= STEPS
    assert browser.steps[0]["step"] == browser.steps[-1]["step"] == "look_straight"
    progress = [each["progress"] for each in feedback]
    assert progress == sorted(progress)
    await stores.in_thread(reports.deliver_due)
    assert accounts.reports[-1]["outcome"] == "presentation_attack"
    assert accounts.reports[-1]["accepted_frames"] > 0


async def test_the_first_step_is_asked_before_any_frame(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    await enrol(accounts, user_id, face_frames(20))
    browser = Browser()
    await browser.open(accounts.ticket("verify", user_id))
    step = await browser.socket.receive_json_from(timeout=5)
    assert (step["type"], step["step"], step["index"]) == ("challenge.step", "look_straight", 1)
    await browser.say({"type": "attempt.cancel"})
    assert (await browser.hear())["outcome"] == "cancelled"


async def test_every_attempt_asks_for_something_else(
    accounts: Accounts, user_id: uuid.UUID, pace: list[float]
) -> None:
    await enrol(accounts, user_id, face_frames(20))
    pace[0] = 1.0  # few frames are enough
    asked = set()
    for seed in range(4):
        browser = Browser()
        await browser.open(accounts.ticket("verify", user_id))
        await show_all(browser, face_frames(200, seed=seed))
        asked.add(tuple(step["step"] for step in browser.steps))
    assert len(asked) > 1


async def test_frozen_frames_are_refused(accounts: Accounts, user_id: uuid.UUID) -> None:
    await enrol(accounts, user_id, face_frames(20))
    browser = Browser()
    await browser.open(accounts.ticket("verify", user_id))
    moving = face_frames(12, seed=5)  # the first turn is asked for, and nothing failed yet
    feedback, result = await show_all(browser, [*moving, *[moving[-1]] * 200])
    assert browser.steps[1:] and feedback[12]["reasons"] == ["repeated_frame"]
    assert feedback[-1]["reasons"] == ["repeated_frame"]
    assert result["outcome"] == "presentation_attack"


@pytest.mark.parametrize(
    "case",
    [
        ([empty_frame(seed) for seed in range(3)], "failure_to_acquire"),
        (face_frames(4), "expired"),
        (face_frames(16), "presentation_attack"),
    ],
    ids=["nobody", "in the middle", "failed before"],
)
async def test_when_time_is_up(
    accounts: Accounts,
    user_id: uuid.UUID,
    case: tuple[list[bytes], str],
    pace: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frames, outcome = case
    await enrol(accounts, user_id, face_frames(20, seed=9))
    monkeypatch.setattr(turning.VerifyByTurning, "deadline_seconds", 12)
    pace[0] = 1.0  # so that few frames are enough to be too late
    browser = Browser()
    await browser.open(accounts.ticket("verify", user_id))
    for frame in frames:
        await browser.say(frame)
        assert (await browser.hear())["type"] == "capture.feedback"
    result = await browser.hear()
    assert result["outcome"] == outcome
    assert result["reasons"] == ([] if outcome == "presentation_attack" else result["reasons"])


@pytest.mark.parametrize("leaving", ["stop", "close", "another attempt", "nonsense"])
async def test_leaving_does_not_hide_that_it_was_an_attack(
    accounts: Accounts, user_id: uuid.UUID, leaving: str, pace: list[float]
) -> None:
    await enrol(accounts, user_id, face_frames(20))
    pace[0] = 0.5
    browser = Browser()
    await browser.open(accounts.ticket("verify", user_id))
    for frame in face_frames(30, seed=5):  # no turn within six seconds: failed
        await browser.say(frame)
        await browser.hear()
    match leaving:
        case "stop":
            await browser.say({"type": "attempt.cancel"})
            assert (await browser.hear())["outcome"] == "cancelled"
        case "close":
            await browser.socket.disconnect()
        case "another attempt":
            again = Browser()
            await again.open(accounts.ticket("verify", user_id))
            assert (await browser.hear())["code"] == "superseded"
            await again.say({"type": "attempt.cancel"})
            await again.hear()
        case "nonsense":
            await browser.say({"type": "nonsense"})
            assert (await browser.hear())["code"] == "bad_message"
    await stores.in_thread(reports.deliver_due)
    assert "presentation_attack" in [report["outcome"] for report in accounts.reports[1:]]


async def test_who_leaves_before_anything_failed_only_left(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    await enrol(accounts, user_id, face_frames(20))
    browser = Browser()
    await browser.open(accounts.ticket("verify", user_id))
    for frame in face_frames(5, seed=5):
        await browser.say(frame)
        await browser.hear()
    await browser.say({"type": "attempt.cancel"})
    assert (await browser.hear())["outcome"] == "cancelled"
    await stores.in_thread(reports.deliver_due)
    assert accounts.reports[-1]["outcome"] == "cancelled"


def test_who_is_slow_has_a_minute() -> None:
    assert turning.TURN_DEADLINE_SECONDS == 60


@pytest.mark.parametrize("purpose", ["enrol", "extend"])
async def test_only_a_verification_asks_for_turns(
    accounts: Accounts, user_id: uuid.UUID, purpose: str
) -> None:
    await enrol(accounts, user_id, face_frames(20))
    browser = Browser()
    await browser.open(accounts.ticket(purpose, user_id))
    _, result = await browser.show(face_frames(20, seed=5))
    assert result["outcome"] == "enrolled"
    assert browser.steps == []
