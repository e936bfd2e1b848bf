"""Tickets for the live socket: open pages ask for them, nobody need be there."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import tokens
from accounts.models import FaceTicket, FaceTries, Session
from accounts.tests.conftest import PASSWORD, Api, Facelogin, ticket_claims
from kubevision.contracts.checking import check_claims

WATCH = {"purpose": "watch"}
TICKET = "/session/face-ticket"


def test_an_active_session_may_listen(ada: Api, facelogin: Facelogin) -> None:
    answer = ada.call("POST", TICKET, WATCH)
    assert answer.status_code == 201
    body = answer.json()
    assert body["websocket_url"].endswith("/face/v1/live")
    assert body["websocket_subprotocol"] == "kubevision.live.v1"
    check_claims("ticket", body["ticket"])
    claims = ticket_claims(body["ticket"])
    assert claims["purpose"] == "watch"
    assert claims["sid"] == tokens.session_hash(Session.objects.get().pk)


def test_a_waiting_session_may_not(enrolled_ada: Api) -> None:
    answer = enrolled_ada.call("POST", TICKET, WATCH)
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")
    assert Session.objects.get(token_hash=tokens.fingerprint(enrolled_ada.token)).watched_at is None


def test_no_session_may_not(api: Api) -> None:
    assert api.call("POST", TICKET, WATCH).status_code == 401


def test_no_try_counts_and_the_camera_goes_on(ada: Api, facelogin: Facelogin) -> None:
    body = {"purpose": "enrol", "consent_version": "2026-11.2"}
    ticket = ada.call("POST", TICKET, body).json()["ticket"]
    before = FaceTries.objects.values().get()
    assert ada.call("POST", TICKET, WATCH).json()["attempts_remaining"] == 10
    assert FaceTries.objects.values().get() == before
    assert FaceTicket.objects.count() == 1
    assertion = {"assertion": facelogin.assertion(ticket, "enrolled")}
    assert ada.call("PUT", "/user/factors/face", assertion).status_code == 200


def test_an_open_page_keeps_no_session_alive(ada: Api) -> None:
    long_ago = (timezone.now() - timedelta(minutes=50)).replace(microsecond=0)
    Session.objects.update(seen_at=long_ago)
    assert ada.call("POST", TICKET, WATCH).status_code == 201
    assert Session.objects.get().seen_at == long_ago
    ada.call("GET", "/session")
    assert Session.objects.get().seen_at > long_ago


def test_without_a_face_factor_there_is_nothing_to_listen_to(ada: Api, settings: Any) -> None:
    settings.FACELOGIN_URL = ""
    answer = ada.call("POST", TICKET, WATCH)
    assert (answer.status_code, answer.json()["code"]) == (409, "factor_not_enrolled")


def test_facelogin_is_told_of_the_end_of_a_session_that_listens(
    ada: Api, facelogin: Facelogin
) -> None:
    ada.call("POST", TICKET, WATCH)
    sid = tokens.session_hash(Session.objects.get().pk)
    assert ada.call("DELETE", "/session").status_code == 204
    assert facelogin.ended_sessions == [sid]


@pytest.mark.parametrize("ago", [None, timedelta(minutes=21)])
def test_it_is_not_told_of_one_that_does_not(
    ada: Api, facelogin: Facelogin, ago: timedelta | None
) -> None:
    Session.objects.update(watched_at=ago and timezone.now() - ago)
    assert ada.call("DELETE", "/session").status_code == 204
    assert facelogin.ended_sessions == []


def test_ending_many_sessions_waits_once_for_a_facelogin_that_is_away(
    ada: Api, facelogin: Facelogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        other = Api()
        other.take_token(other.call("POST", "/sessions", {"username": "ada", "password": PASSWORD}))
        other.call("POST", TICKET, WATCH)
    told: list[object] = []

    def away(*session: object) -> None:
        from accounts.clients import FaceloginUnavailable

        told.append(session)
        raise FaceloginUnavailable("away")

    monkeypatch.setattr("accounts.clients.end_captures", away)
    assert ada.call("DELETE", "/user/sessions").status_code == 204
    assert Session.objects.count() == 1
    assert len(told) == 1
