"""What facelogin reports of an attempt, and what becomes of the try."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import F
from django.utils import timezone

from accounts.factors import face
from accounts.factors.face import GIVEN_BACK_A_DAY
from accounts.models import FaceTicket, FaceTries
from accounts.tests.conftest import PASSWORD, Api, Facelogin, enrol, ticket_claims

VERIFY = {"purpose": "verify"}
NO_VERDICT = ["not_started", "server_full", "server_draining", "temporarily_unavailable"]
A_VERDICT = [
    *("non_match", "presentation_attack", "failure_to_acquire", "expired"),
    *("bad_message", "too_slow", "superseded", "session_ended"),
    *("frame_too_large", "too_many_frames"),
]


def verify_ticket(api: Api) -> str:
    ticket: str = api.call("POST", "/session/face-ticket", VERIFY).json()["ticket"]
    return ticket


def tell(report: str) -> int:
    status: int = Api().call("POST", "/attempt-reports", {"report": report}).status_code
    return status


def tries() -> tuple[int, int]:
    row = FaceTries.objects.get()
    return row.today, row.in_a_row


@pytest.mark.parametrize("outcome", NO_VERDICT)
def test_a_try_without_a_verdict_is_given_back(
    enrolled_ada: Api, facelogin: Facelogin, outcome: str
) -> None:
    ticket = verify_ticket(enrolled_ada)
    assert tries() == (1, 1)
    assert tell(facelogin.report(ticket, outcome)) == 204
    assert tries() == (0, 0)


@pytest.mark.parametrize("outcome", A_VERDICT)
def test_a_try_with_a_verdict_counts(enrolled_ada: Api, facelogin: Facelogin, outcome: str) -> None:
    ticket = verify_ticket(enrolled_ada)
    report = facelogin.report(ticket, outcome, accepted_frames=3, reasons=["too_dark"])
    assert tell(report) == 204
    assert tries() == (1, 1)


@pytest.mark.parametrize("accepted_frames, expected", [(0, (0, 0)), (1, (1, 1))])
def test_giving_up_costs_nothing_before_the_first_sample(
    enrolled_ada: Api, facelogin: Facelogin, accepted_frames: int, expected: tuple[int, int]
) -> None:
    ticket = verify_ticket(enrolled_ada)
    tell(facelogin.report(ticket, "cancelled", accepted_frames=accepted_frames))
    assert tries() == expected


def test_hearing_it_twice_is_hearing_it_once(enrolled_ada: Api, facelogin: Facelogin) -> None:
    first, _second = verify_ticket(enrolled_ada), verify_ticket(enrolled_ada)
    for _ in range(3):  # each time newly signed, as facelogin does when it tries again
        assert tell(facelogin.report(first, "not_started")) == 204
    assert tries() == (1, 1)


def test_no_more_than_five_tries_a_day_come_back(enrolled_ada: Api, facelogin: Facelogin) -> None:
    for _ in range(GIVEN_BACK_A_DAY):
        tell(facelogin.report(verify_ticket(enrolled_ada), "not_started"))
    assert tries() == (0, 0)
    for spent in (1, 2):
        tell(facelogin.report(verify_ticket(enrolled_ada), "not_started"))
        assert tries() == (spent, spent)
    FaceTries.objects.update(day=F("day") - timedelta(days=1))
    tell(facelogin.report(verify_ticket(enrolled_ada), "not_started"))
    assert FaceTries.objects.get().today == 0


def test_a_try_of_yesterday_takes_none_of_today(enrolled_ada: Api, facelogin: Facelogin) -> None:
    old, _new = verify_ticket(enrolled_ada), verify_ticket(enrolled_ada)
    FaceTicket.objects.filter(jti=ticket_claims(old)["jti"]).update(
        issued_at=timezone.now() - timedelta(days=1)
    )
    tell(facelogin.report(old, "not_started"))
    assert tries()[0] == 2


@pytest.mark.parametrize("is_told_first", [True, False])
def test_a_match_is_given_back_once_whoever_tells_it(
    enrolled_ada: Api, facelogin: Facelogin, is_told_first: bool
) -> None:
    verify_ticket(enrolled_ada)
    ticket = verify_ticket(enrolled_ada)
    assert tries() == (2, 2)
    report = facelogin.report(ticket, "match", accepted_frames=5)
    if is_told_first:
        tell(report)
    assertion = facelogin.assertion(ticket, "match")
    shown = enrolled_ada.call("POST", "/session/factors/face", {"assertion": assertion})
    assert shown.status_code == 200
    if not is_told_first:
        tell(report)
    assert tries() == (1, 0)
    assert FaceTries.objects.get().given_back == 0  # a match does not use up the five


def test_an_enrolment_gives_no_verify_try_back(ada: Api, facelogin: Facelogin) -> None:
    enrol(ada, facelogin)
    waiting = Api()
    body = {"username": "ada", "password": PASSWORD}
    waiting.take_token(waiting.call("POST", "/sessions", body))
    verify_ticket(waiting)
    body = {"purpose": "enrol", "consent_version": "2026-11.2"}
    ticket = ada.call("POST", "/session/face-ticket", body)
    assert ticket.status_code == 201
    for row in FaceTicket.objects.filter(purpose="enrol"):
        report = facelogin.signer.sign(
            {
                "sub": str(row.user_id),
                "nonce": row.jti,
                "outcome": "not_started",
                "accepted_frames": 0,
                "reasons": [],
                "engine": "",
                "duration_ms": 0,
            },
            typ="kv-report+jwt",
            audience="accounts",
            life_seconds=600,
        )
        assert tell(report) == 204
    assert tries() == (1, 1)


def test_a_try_is_not_lost_when_the_database_fails_in_between(
    enrolled_ada: Api, facelogin: Facelogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = verify_ticket(enrolled_ada)

    def fail(_row: FaceTries) -> dict[str, int]:
        raise OperationalError("database is locked")

    with monkeypatch.context() as broken:
        broken.setattr(face, "_given_back", fail)
        answer = Api().call(
            "POST", "/attempt-reports", {"report": facelogin.report(ticket, "not_started")}
        )
    assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert tell(facelogin.report(ticket, "not_started")) == 204
    assert tries() == (0, 0)


WRONG: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "facelogin"},
    "an assertion": {"typ": "kv-assertion+jwt"},
    "another person": {"sub": "00000000-0000-4000-8000-000000000000"},
    "no outcome": {"outcome": ""},
    "frames in words": {"accepted_frames": "none"},
    "frames as a truth": {"accepted_frames": True},
    "no reasons": {"reasons": None},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_other_reports_are_refused(
    enrolled_ada: Api, facelogin: Facelogin, changes: dict[str, Any]
) -> None:
    ticket = verify_ticket(enrolled_ada)
    outcome = changes.pop("outcome", "not_started")
    answer = Api().call(
        "POST", "/attempt-reports", {"report": facelogin.report(ticket, outcome, **changes)}
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "report_refused")
    assert tries() == (1, 1)
    assert tell(facelogin.report(ticket, "not_started")) == 204  # a refused one is not used up
    assert tries() == (0, 0)


def test_a_stranger_gives_nothing_back(enrolled_ada: Api, facelogin: Facelogin) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from kubevision.tokens import Signer

    stranger = Facelogin(Signer("facelogin", [Ed25519PrivateKey.generate()]))
    ticket = verify_ticket(enrolled_ada)
    assert tell(stranger.report(ticket, "not_started")) == 401
    assert tries() == (1, 1)


def test_a_report_on_no_ticket_of_ours_changes_nothing(
    enrolled_ada: Api, facelogin: Facelogin
) -> None:
    ticket = verify_ticket(enrolled_ada)
    assert tell(facelogin.report(ticket, "not_started", nonce="x" * 22)) == 204
    assert tries() == (1, 1)


def test_without_facelogins_keys_it_is_asked_again(
    enrolled_ada: Api, facelogin: Facelogin, settings: Any
) -> None:
    report = facelogin.report(verify_ticket(enrolled_ada), "not_started")
    settings.FACELOGIN_URL = "http://127.0.0.1:9"
    answer = Api().call("POST", "/attempt-reports", {"report": report})
    assert (answer.status_code, answer.json()["code"]) == (503, "facelogin_unavailable")
    assert answer.headers["Retry-After"] == "5"
    settings.FACELOGIN_URL = facelogin.url
    assert tell(report) == 204
    assert tries() == (0, 0)
