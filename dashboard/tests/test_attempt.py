"""The state machine behind the camera, step by step, in the engine that will run it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse

from dashboard.tests import chromium
from kubevision import contracts

Play = Callable[..., dict[str, Any]]

READY = contracts.example("messages/attempt.ready.verify")
FEEDBACK = contracts.example("messages/capture.feedback.accepted")
DROPPED = contracts.example("messages/capture.feedback.dropped")
NO_FACE = contracts.example("messages/capture.feedback.no_face")
STEP = contracts.example("messages/challenge.step.turn_left")
MATCH = contracts.example("messages/attempt.result.match")
NON_MATCH = contracts.example("messages/attempt.result.non_match")
EXPIRED = contracts.example("messages/attempt.result.expired")
REASONS = contracts.read_json("messages/capture.feedback.schema.json")["properties"]["reasons"][
    "items"
]["enum"]
STARTED = [{"type": "start"}, {"type": "camera-runs"}]
SENT = {"type": "frame-sent"}


def heard(message: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "message": message}


CAPTURING = [*STARTED, heard(READY)]


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """Feed events to a new attempt; return it with what it allows."""
    with chromium.opened(HttpResponse("<!doctype html><title>x</title>")) as page:

        def run(*events: dict[str, Any]) -> dict[str, Any]:
            attempt: dict[str, Any] = page.evaluate(
                """async (events) => {
                    const m = await import("/static/dashboard/js/attempt.js");
                    const end = events.reduce(m.step, m.IDLE);
                    return { ...end, canSend: m.canSend(end), isRunning: m.isRunning(end) };
                }""",
                list(events),
            )
            return attempt

        yield run


def test_no_frame_flows_before_ready(play: Play) -> None:
    for events in ([], STARTED[:1], STARTED):
        assert not play(*events)["canSend"]
    assert play(*CAPTURING)["canSend"]


def test_the_servers_limits_hold(play: Play) -> None:
    assert play(*CAPTURING)["limits"] == {
        "maxFrameBytes": READY["max_frame_bytes"],
        "maxPerSecond": READY["frame"]["max_per_second"],
    }


def test_at_most_two_frames_are_unanswered(play: Play) -> None:
    assert play(*CAPTURING, SENT)["canSend"]
    assert not play(*CAPTURING, SENT, SENT)["canSend"]
    assert play(*CAPTURING, SENT, SENT, heard(FEEDBACK))["canSend"]


def test_a_dropped_frame_counts_as_answered_and_changes_nothing_shown(play: Play) -> None:
    attempt = play(*CAPTURING, SENT, heard(FEEDBACK), SENT, SENT, heard(DROPPED))
    assert attempt["unanswered"] == 1
    assert (attempt["progress"], attempt["face"]) == (FEEDBACK["progress"], FEEDBACK["face"])
    assert FEEDBACK["progress"] > 0 and DROPPED["progress"] == 0


def test_feedback_is_shown_with_its_reason(play: Play) -> None:
    attempt = play(*CAPTURING, SENT, heard(FEEDBACK))
    assert attempt["isAccepted"] and attempt["message"] == ["phase", "accepted"]
    assert attempt["face"] == FEEDBACK["face"] and attempt["progress"] == FEEDBACK["progress"]
    rejected = NO_FACE | {"reasons": ["no_face", "too_dark"]}
    attempt = play(*CAPTURING, SENT, heard(FEEDBACK), SENT, heard(rejected))
    assert not attempt["isAccepted"] and attempt["message"] == ["reason", "no_face"]
    assert attempt["face"] is None


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_shown(play: Play, reason: str) -> None:
    rejected = contracts.example(f"messages/capture.feedback.{reason}")
    attempt = play(*CAPTURING, SENT, heard(FEEDBACK), SENT, heard(rejected))
    assert not attempt["isAccepted"] and attempt["message"] == ["reason", reason]
    assert (attempt["face"], attempt["progress"]) == (rejected["face"], rejected["progress"])


@pytest.mark.parametrize("outcome", ["match", "enrolled"])
def test_an_assertion_is_handed_in(play: Play, outcome: str) -> None:
    result = contracts.example(f"messages/attempt.result.{outcome}")
    attempt = play(*CAPTURING, heard(result))
    assert (attempt["phase"], attempt["assertion"]) == ("submitting", result["assertion"])


@pytest.mark.parametrize(
    "outcome",
    [
        "non_match",
        "failure_to_enrol",
        "failure_to_acquire",
        "presentation_attack",
        "cancelled",
        "expired",
    ],
)
def test_no_other_outcome_hands_anything_in(play: Play, outcome: str) -> None:
    result = contracts.example(f"messages/attempt.result.{outcome}")
    for heard_one in (result, result | {"assertion": MATCH["assertion"]}):
        attempt = play(*CAPTURING, heard(heard_one))
        assert (attempt["phase"], attempt["assertion"]) == ("stopped", "")
        assert attempt["message"] == ["outcome", outcome]


def test_a_match_without_an_assertion_is_none(play: Play) -> None:
    empty = {name: value for name, value in MATCH.items() if name != "assertion"}
    attempt = play(*CAPTURING, heard(empty))
    assert (attempt["phase"], attempt["assertion"]) == ("stopped", "")


# What a page does not come back from: it was told no, or to go.
FINAL = sorted(
    set(contracts.read_json("errors.json")["close_codes"])
    - {"server_draining", "server_full", "temporarily_unavailable"}
)
LOST = {
    "lost": {"type": "closed", "wasOpen": True},
    "unreachable": {"type": "closed", "wasOpen": False},
    **{
        code: heard(contracts.example(f"messages/error.{code}"))
        for code in ("server_draining", "server_full", "temporarily_unavailable")
    },
}
COME_BACK = {"type": "come-back"}


@pytest.mark.parametrize("code", LOST)
def test_an_attempt_that_loses_its_server_comes_back_some_times(play: Play, code: str) -> None:
    events, waits = [*CAPTURING], []
    while True:
        attempt = play(*events, SENT, heard(FEEDBACK), LOST[code])
        if attempt["phase"] == "stopped":
            break
        assert attempt["phase"] == "waiting" and attempt["message"] == ["comeback", code]
        assert attempt["isRunning"] and not attempt["canSend"]
        # Nothing of the old attempt is shown, and nothing of it is heard any more.
        assert (attempt["progress"], attempt["face"], attempt["unanswered"]) == (0, None, 0)
        late = play(*events, SENT, LOST[code], LOST["lost"], heard(MATCH), heard(FEEDBACK))
        assert (late["phase"], late["assertion"]) == ("waiting", "")
        waits.append(attempt["waitMs"])
        events += [LOST[code], COME_BACK]
        assert play(*events)["phase"] == "connecting"
        events += [heard(READY)]
        assert play(*events)["canSend"]
    assert attempt["message"] == ["error", code]
    assert 1 <= len(waits) <= 3 and waits == sorted(waits) and waits[0] >= 500


def test_who_came_back_can_still_succeed(play: Play) -> None:
    attempt = play(*CAPTURING, LOST["lost"], COME_BACK, heard(READY), heard(MATCH))
    assert (attempt["phase"], attempt["assertion"]) == ("submitting", MATCH["assertion"])


def test_coming_back_is_counted_anew_with_every_go(play: Play) -> None:
    attempt = play(*CAPTURING, LOST["lost"], {"type": "start"})
    assert attempt["comebacks"] == 0


@pytest.mark.parametrize("code", FINAL)
def test_an_error_says_the_servers_words(play: Play, code: str) -> None:
    error = contracts.example(f"messages/error.{code}")
    attempt = play(*CAPTURING, heard(error))
    assert (attempt["phase"], attempt["detail"]) == ("stopped", error["detail"])
    assert attempt["message"] == ["error", code]
    # The close that follows does not overwrite them.
    assert play(*CAPTURING, heard(error), {"type": "closed", "wasOpen": True}) == attempt


def test_a_refused_ticket_says_where_to_go(play: Play) -> None:
    event = {"type": "ticket-refused", "detail": "Confirm.", "next": "/confirm?next=%2Ftrain"}
    attempt = play(*STARTED, event)
    assert (attempt["phase"], attempt["nextPage"]) == ("stopped", "/confirm?next=%2Ftrain")


def test_unknown_messages_and_fields_are_ignored(play: Play) -> None:
    before = play(*CAPTURING)
    assert play(*CAPTURING, heard(STEP | {"type": "added.later"})) == before
    assert play(*CAPTURING, heard({"type": "not.yet.invented"})) == before
    assert play(*STARTED, heard(READY | {"new": 1})) == before


def test_nothing_is_heard_after_the_end(play: Play) -> None:
    ended = play(*CAPTURING, heard(NON_MATCH))
    assert play(*CAPTURING, heard(NON_MATCH), heard(MATCH), heard(FEEDBACK)) == ended


def test_a_new_go_forgets_the_last_one(play: Play) -> None:
    assert EXPIRED["reasons"]
    again = play(*CAPTURING, SENT, heard(FEEDBACK), heard(EXPIRED), {"type": "start"})
    assert again == play({"type": "start"})
