"""The state machine behind the camera, step by step, in the engine that will run it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse

from dashboard.tests import chromium

Play = Callable[..., dict[str, Any]]

READY = {
    "type": "attempt.ready",
    "attempt_id": "1",
    "purpose": "verify",
    "max_frame_bytes": 131072,
    "frame": {"width": 1280, "height": 960, "format": "image/jpeg", "max_per_second": 5},
    "deadline_seconds": 30,
    "frames_wanted": 8,
}
FACE = {"x": 0.25, "y": 0.25, "width": 0.5, "height": 0.5}
FEEDBACK = {
    "type": "capture.feedback",
    "sequence": 1,
    "verdict": "accepted",
    "reasons": [],
    "face": FACE,
    "progress": 0.5,
}
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
    assert play(*CAPTURING)["limits"] == {"maxFrameBytes": 131072, "maxPerSecond": 5}


def test_at_most_two_frames_are_unanswered(play: Play) -> None:
    assert play(*CAPTURING, SENT)["canSend"]
    assert not play(*CAPTURING, SENT, SENT)["canSend"]
    assert play(*CAPTURING, SENT, SENT, heard(FEEDBACK))["canSend"]


def test_a_dropped_frame_counts_as_answered_and_changes_nothing_shown(play: Play) -> None:
    dropped = FEEDBACK | {"verdict": "dropped", "face": None, "progress": 0}
    attempt = play(*CAPTURING, SENT, heard(FEEDBACK), SENT, SENT, heard(dropped))
    assert (attempt["unanswered"], attempt["progress"], attempt["face"]) == (1, 0.5, FACE)


def test_feedback_is_shown_with_its_reason(play: Play) -> None:
    attempt = play(*CAPTURING, SENT, heard(FEEDBACK))
    assert attempt["isAccepted"] and attempt["message"] == ["phase", "accepted"]
    rejected = FEEDBACK | {"verdict": "rejected", "reasons": ["too_dark", "blurred"], "face": None}
    attempt = play(*CAPTURING, SENT, heard(rejected))
    assert not attempt["isAccepted"] and attempt["message"] == ["reason", "too_dark"]
    assert attempt["face"] is None


@pytest.mark.parametrize("outcome", ["match", "enrolled"])
def test_an_assertion_is_handed_in(play: Play, outcome: str) -> None:
    result = {"type": "attempt.result", "outcome": outcome, "reasons": [], "assertion": "a.b.c"}
    attempt = play(*CAPTURING, heard(result))
    assert (attempt["phase"], attempt["assertion"]) == ("submitting", "a.b.c")


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
    result = {"type": "attempt.result", "outcome": outcome, "reasons": [], "assertion": "a.b.c"}
    attempt = play(*CAPTURING, heard(result))
    assert (attempt["phase"], attempt["assertion"]) == ("stopped", "")
    assert attempt["message"] == ["outcome", outcome]


def test_a_match_without_an_assertion_is_none(play: Play) -> None:
    attempt = play(*CAPTURING, heard({"type": "attempt.result", "outcome": "match", "reasons": []}))
    assert (attempt["phase"], attempt["assertion"]) == ("stopped", "")


def test_an_error_says_the_servers_words(play: Play) -> None:
    error = {"type": "error", "code": "server_full", "detail": "Try again in a minute."}
    attempt = play(*CAPTURING, heard(error))
    assert (attempt["phase"], attempt["detail"]) == ("stopped", "Try again in a minute.")
    # The close that follows does not overwrite them.
    assert play(*CAPTURING, heard(error), {"type": "closed", "wasOpen": True}) == attempt


def test_a_socket_that_never_opened_is_told_from_a_lost_one(play: Play) -> None:
    assert play(*STARTED, {"type": "closed", "wasOpen": False})["message"] == [
        "error",
        "unreachable",
    ]
    assert play(*CAPTURING, {"type": "closed", "wasOpen": True})["message"] == ["error", "lost"]


def test_a_refused_ticket_says_where_to_go(play: Play) -> None:
    event = {"type": "ticket-refused", "detail": "Confirm.", "next": "/confirm?next=%2Ftrain"}
    attempt = play(*STARTED, event)
    assert (attempt["phase"], attempt["nextPage"]) == ("stopped", "/confirm?next=%2Ftrain")


def test_unknown_messages_and_fields_are_ignored(play: Play) -> None:
    before = play(*CAPTURING)
    assert play(*CAPTURING, heard({"type": "added.later", "step": "turn_left"})) == before
    assert play(*CAPTURING, heard({"type": "not.yet.invented"})) == before
    assert play(*STARTED, heard(READY | {"new": 1})) == before


def test_nothing_is_heard_after_the_end(play: Play) -> None:
    result = heard({"type": "attempt.result", "outcome": "non_match", "reasons": []})
    ended = play(*CAPTURING, result)
    late = {"type": "attempt.result", "outcome": "match", "reasons": [], "assertion": "a.b.c"}
    assert play(*CAPTURING, result, heard(late), heard(FEEDBACK)) == ended


def test_a_new_go_forgets_the_last_one(play: Play) -> None:
    result = heard({"type": "attempt.result", "outcome": "non_match", "reasons": ["too_dark"]})
    again = play(*CAPTURING, SENT, heard(FEEDBACK), result, {"type": "start"})
    assert again == play({"type": "start"})
