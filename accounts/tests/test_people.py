"""What people do with their account: profile, password, sessions, events, removing a face."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import events, mails
from accounts.models import (
    Event,
    FaceExtension,
    FaceFactor,
    FaceTries,
    Mail,
    OwedErasure,
    RecoveryCode,
    Session,
    User,
)
from accounts.services import housekeeping
from accounts.tests.conftest import CONSENT, PASSWORD, Api, Facelogin, enrol, ticket_claims
from accounts.tests.test_admin import _with_pass
from accounts.tests.test_totp import add as add_app
from accounts.tests.test_totp import code, refused, show, sign_in

NEW = "three brass lamps in the hall"


def kinds() -> list[str]:
    return list(Event.objects.order_by("at").values_list("kind", flat=True))


# -- profile and password ---------------------------------------------------------------------


def test_what_is_absent_stays(ada: Api) -> None:
    body = {"email": "ada@example.org"}
    assert ada.call("PATCH", "/user", body).json()["email"] == "ada@example.org"
    body = ada.call("PATCH", "/user", {"display_name": "Ada King"}).json()
    assert (body["display_name"], body["email"]) == ("Ada King", "ada@example.org")
    assert ada.call("PATCH", "/user", {"email": ""}).json()["email"] == ""
    changed = Event.objects.filter(kind="profile_changed").order_by("at")
    assert [event.details["fields"] for event in changed] == [
        ["email"],
        ["display_name"],
        ["email"],
    ]


def test_nothing_changed_is_no_event(ada: Api) -> None:
    assert ada.call("PATCH", "/user", b"{}").status_code == 200
    assert "profile_changed" not in kinds()


def test_an_address_that_is_none_is_refused(ada: Api) -> None:
    response = ada.call("PATCH", "/user", {"email": "nowhere", "display_name": "Ada King"})
    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["email"]
    assert User.objects.get().display_name == ""


def test_a_new_password_ends_the_other_sessions(ada: Api) -> None:
    other = sign_in()
    before = ada.token
    assert ada.call("PUT", "/user/password", {"new_password": NEW}).status_code == 204
    assert ada.call("GET", "/session").status_code == 200
    assert ada.token == before
    assert other.call("GET", "/session").status_code == 401
    body = {"username": "ada", "password": PASSWORD}
    assert Api().call("POST", "/sessions", body).status_code == 401
    assert Api().call("POST", "/sessions", body | {"password": NEW}).status_code == 201
    assert "password_changed" in kinds()


@pytest.mark.parametrize("new", ["short", "password12", "x" * 129])
def test_the_rules_for_passwords_hold_when_it_is_changed(ada: Api, new: str) -> None:
    response = ada.call("PUT", "/user/password", {"new_password": new})
    assert refused(response) == (400, "invalid_input")
    assert response.json()["errors"]["new_password"]


def test_changing_the_password_needs_fresh_proof(ada: Api) -> None:
    Session.objects.update(password_at=timezone.now() - timedelta(minutes=6))
    response = ada.call("PUT", "/user/password", {"new_password": NEW})
    assert refused(response) == (401, "reauthentication_required")
    # What is wrong with the input is said first, as the contract orders it.
    assert ada.call("PUT", "/user/password", {"new_password": "short"}).status_code == 400


def test_a_waiting_session_changes_nothing(ada: Api) -> None:
    add_app(ada)
    waiting = sign_in()
    calls: list[tuple[str, str, Any]] = [
        ("PATCH", "/user", {"display_name": "Eve"}),
        ("PUT", "/user/password", {"new_password": NEW}),
        ("GET", "/user/sessions", None),
        ("DELETE", "/user/sessions", None),
        ("DELETE", f"/user/sessions/{Session.objects.first().pk}", None),  # type: ignore[union-attr]
        ("GET", "/user/events", None),
        ("DELETE", "/user/factors/face", None),
        ("POST", "/user/factors/totp", None),
        ("PUT", "/user/factors/totp", {"code": "123456"}),
        ("DELETE", "/user/factors/totp", None),
    ]
    for method, path, body in calls:
        answer = refused(waiting.call(method, path, body))
        assert answer == (403, "second_factor_required"), (method, path)


# -- sessions ---------------------------------------------------------------------------------


def test_the_list_says_where_one_is_signed_in(ada: Api) -> None:
    body = {"username": "ada", "password": PASSWORD}
    Api().call("POST", "/sessions", body, **{"User-Agent": "Firefox"})
    Session.objects.filter(user_agent="Firefox").update(
        seen_at=timezone.now() - timedelta(minutes=5)
    )
    listed = ada.call("GET", "/user/sessions").json()
    assert [(each["device"], each["current"], each["amr"]) for each in listed] == [
        ("", True, ["pwd"]),
        ("Firefox", False, ["pwd"]),
    ]
    assert listed[1]["address"] == "127.0.0.1"
    everything = ada.call("GET", "/user?include=sessions,events").json()
    assert everything["sessions"] == listed
    assert everything["events"] == ada.call("GET", "/user/events").json()["events"]


def test_one_that_has_ended_is_not_listed(ada: Api) -> None:
    sign_in()
    old = timezone.now() - timedelta(hours=1)
    Session.objects.exclude(pk=Session.objects.earliest("created_at").pk).update(seen_at=old)
    assert len(ada.call("GET", "/user/sessions").json()) == 1


def test_one_is_ended_and_then_all_others(ada: Api) -> None:
    first, second, third = sign_in(), sign_in(), sign_in()
    own = first.call("GET", "/user/sessions").json()
    first_id = next(each["id"] for each in own if each["current"])
    assert ada.call("DELETE", f"/user/sessions/{first_id}").status_code == 204
    assert first.call("GET", "/session").status_code == 401
    assert refused(ada.call("DELETE", f"/user/sessions/{first_id}")) == (404, "not_found")
    assert ada.call("DELETE", "/user/sessions").status_code == 204
    assert [each.call("GET", "/session").status_code for each in (second, third)] == [401, 401]
    assert ada.call("GET", "/session").status_code == 200
    assert kinds()[-2:] == ["session_ended", "sessions_ended"]


def test_ones_own_is_ended_as_well(ada: Api) -> None:
    (own,) = ada.call("GET", "/user/sessions").json()
    assert ada.call("DELETE", f"/user/sessions/{own['id']}").status_code == 204
    assert ada.call("GET", "/session").status_code == 401


def test_another_persons_is_not_found(ada: Api) -> None:
    eve = User.objects.create_user("eve", PASSWORD)
    theirs = Session.objects.create(user=eve, token_hash="x")
    assert refused(ada.call("DELETE", f"/user/sessions/{theirs.pk}")) == (404, "not_found")
    assert Session.objects.filter(pk=theirs.pk).exists()


@pytest.mark.parametrize("how", ["signed out", "ended", "others ended", "password changed"])
def test_ending_a_session_closes_its_capture(
    enrolled_ada: Api, facelogin: Facelogin, how: str
) -> None:
    facelogin.calls.clear()
    captures = Api()
    body = {"username": "ada", "password": PASSWORD}
    captures.take_token(captures.call("POST", "/sessions", body))
    ticket = captures.call("POST", "/session/face-ticket", {"purpose": "verify"}).json()["ticket"]
    enrolled_ada.take_token(
        enrolled_ada.call(
            "POST",
            "/session/factors/recovery-code",
            {"code": enrolled_ada.codes[0]},  # type: ignore[attr-defined]
        )
    )
    claims = ticket_claims(ticket)
    session_id = Session.objects.get(ticket_jti=claims["jti"]).pk
    {
        "signed out": lambda: captures.call("DELETE", "/session"),
        "ended": lambda: enrolled_ada.call("DELETE", f"/user/sessions/{session_id}"),
        "others ended": lambda: enrolled_ada.call("DELETE", "/user/sessions"),
        "password changed": lambda: enrolled_ada.call(
            "PUT", "/user/password", {"new_password": NEW}
        ),
    }[how]()
    assert facelogin.ended_sessions.count(claims["sid"]) == 1


def test_ending_a_session_without_a_camera_asks_nobody(
    enrolled_ada: Api, facelogin: Facelogin
) -> None:
    facelogin.calls.clear()
    assert enrolled_ada.call("DELETE", "/session").status_code == 204
    assert facelogin.calls == []


def test_a_session_ends_also_while_facelogin_is_away(
    enrolled_ada: Api, facelogin: Facelogin, settings: Any
) -> None:
    enrolled_ada.call("POST", "/session/face-ticket", {"purpose": "verify"})
    settings.FACELOGIN_URL = "http://127.0.0.1:1"
    assert enrolled_ada.call("DELETE", "/session").status_code == 204
    assert enrolled_ada.call("GET", "/session").status_code == 401


# -- events -----------------------------------------------------------------------------------


def test_the_trail_tells_what_happened_the_newest_first(ada: Api, facelogin: Facelogin) -> None:
    enrol(ada, facelogin)
    visitor = sign_in()
    ticket = visitor.call("POST", "/session/face-ticket", {"purpose": "verify"}).json()["ticket"]
    report = facelogin.report(ticket, "non_match", accepted_frames=5, reasons=["blurred"])
    Api().call("POST", "/attempt-reports", {"report": report})
    Api().call("POST", "/attempt-reports", {"report": report})  # heard once
    ticket = visitor.call("POST", "/session/face-ticket", {"purpose": "verify"}).json()["ticket"]
    body = {"assertion": facelogin.assertion(ticket, "match")}
    visitor.take_token(visitor.call("POST", "/session/factors/face", body, **{"X-Request-ID": "x"}))
    page = visitor.call("GET", "/user/events").json()
    assert page["next_cursor"] is None
    told = [(event["kind"], event["details"]) for event in page["events"]]
    assert told == [
        ("signed_in", {"methods": ["pwd", "face", "mfa"]}),
        ("face_refused", {"outcome": "non_match", "reasons": ["blurred"]}),
        ("password_accepted", {"methods": ["pwd"]}),
        ("face_enrolled", {}),
        ("signed_in", {"methods": ["pwd"]}),
        ("registered", {}),
    ]
    # What facelogin told of came in a call of facelogin's.
    told_by_facelogin = page["events"].pop(1)
    assert (told_by_facelogin["address"], told_by_facelogin["request_id"]) == (None, "")
    assert {event["address"] for event in page["events"]} == {"127.0.0.1"}
    assert len({event["request_id"] for event in page["events"]}) == 5


@pytest.mark.parametrize("outcome", ["cancelled", "not_started", "server_full", "match"])
def test_what_was_no_refusal_is_no_event(
    enrolled_ada: Api, facelogin: Facelogin, outcome: str
) -> None:
    ticket = enrolled_ada.call("POST", "/session/face-ticket", {"purpose": "verify"}).json()
    report = facelogin.report(ticket["ticket"], outcome)
    assert Api().call("POST", "/attempt-reports", {"report": report}).status_code == 204
    assert "face_refused" not in kinds()


def refuse(api: Api, facelogin: Facelogin, *outcomes: str) -> None:
    for outcome in outcomes:
        FaceTries.objects.update(in_a_row=0, today=0)  # nobody waits here
        ticket = api.call("POST", "/session/face-ticket", {"purpose": "verify"}).json()["ticket"]
        if outcome == "signed in":
            body = {"assertion": facelogin.assertion(ticket, "match")}
            api.take_token(api.call("POST", "/session/factors/face", body))
        else:
            report = facelogin.report(ticket, outcome, accepted_frames=5)
            assert Api().call("POST", "/attempt-reports", {"report": report}).status_code == 204


ATTACK = "presentation_attack"


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ((ATTACK,) * 4, 0),
        ((ATTACK,) * 5, 1),
        ((ATTACK,) * 9, 1),
        ((*[ATTACK] * 4, "non_match", *[ATTACK] * 4), 0),
        ((*[ATTACK] * 4, "signed in", *[ATTACK] * 4), 0),
    ],
)
def test_five_attacks_in_a_row_are_told(
    enrolled_ada: Api, facelogin: Facelogin, outcomes: tuple[str, ...], told: int
) -> None:
    refuse(enrolled_ada, facelogin, *outcomes)
    assert kinds().count("face_attacked") == told
    assert kinds().count("face_refused") == len(outcomes) - outcomes.count("signed in")


def test_ten_attacks_in_a_row_are_told_twice(enrolled_ada: Api, facelogin: Facelogin) -> None:
    refuse(enrolled_ada, facelogin, *[ATTACK] * 10)
    assert kinds().count("face_attacked") == 2


def test_a_sign_in_with_another_factor_ends_no_row_of_attacks(
    enrolled_ada: Api, facelogin: Facelogin
) -> None:
    """Else whoever is attacked would never hear of it, as long as they sign in by code."""
    user = User.objects.get()
    for _ in range(5):
        refuse(enrolled_ada, facelogin, ATTACK)
        for _ in range(20):
            events.record(events.Kind.SIGNED_IN, user, methods=["pwd", "otp", "mfa"])
    assert kinds().count("face_attacked") == 1


def test_attacks_are_told_by_mail_and_found_by_administrators(
    enrolled_ada: Api, facelogin: Facelogin, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_HOST = "mail.example.org"
    monkeypatch.setattr(mails, "_send_soon", lambda: None)
    User.objects.update(email="ada@example.org")
    User.objects.create_superuser("chief", PASSWORD, email="chief@example.org")
    User.objects.create_user("eve", PASSWORD, email="eve@example.org")
    User.objects.create_user("clerk", PASSWORD, email="clerk@example.org", is_staff=True)
    User.objects.create_superuser("gone", PASSWORD, email="gone@example.org", is_active=False)
    User.objects.create_superuser("silent", PASSWORD)
    refuse(enrolled_ada, facelogin, *[ATTACK] * 4)
    assert not Mail.objects.exists()
    refuse(enrolled_ada, facelogin, ATTACK)
    letters = {letter.to: letter for letter in Mail.objects.all()}
    assert letters.keys() == {"ada@example.org", "chief@example.org"}
    assert all("held up to the camera" in letter.body for letter in letters.values())
    told = letters["chief@example.org"]
    assert "ada" in told.subject and "/auth/admin/accounts/event/?kind=face_attacked" in told.body
    browser, _ = _with_pass("chief")
    browser.get("/auth/admin/")
    page = browser.get("/auth/admin/accounts/event/?kind=face_attacked").content.decode()
    assert "1 event" in page and "ada" in page


def test_the_fifth_refused_face_is_a_lock(enrolled_ada: Api, facelogin: Facelogin) -> None:
    for _ in range(5):
        body = {"purpose": "verify"}
        ticket = enrolled_ada.call("POST", "/session/face-ticket", body).json()["ticket"]
        report = facelogin.report(ticket, "non_match", accepted_frames=5)
        Api().call("POST", "/attempt-reports", {"report": report})
    assert kinds()[-2:] == ["face_refused", "locked"]
    assert kinds().count("locked") == 1
    assert Event.objects.get(kind="locked").details == {"limit": "face"}
    # Now another factor fits better.
    session = enrolled_ada.call("GET", "/session").json()
    assert session["available_factors"] == ["recovery_code", "face"]


def test_events_come_in_pages(ada: Api) -> None:
    user = User.objects.get()
    moment = timezone.now() - timedelta(days=1)
    Event.objects.bulk_create(
        Event(user=user, kind="signed_out", at=moment, request_id=f"{i}") for i in range(120)
    )
    seen: list[str] = []
    cursor, pages = "", 0
    while True:
        page = ada.call("GET", f"/user/events?cursor={cursor}").json()
        seen += [event["id"] for event in page["events"]]
        pages += 1
        if (cursor := page["next_cursor"]) is None:
            break
    assert pages == 3
    assert len(seen) == len(set(seen)) == Event.objects.count()


@pytest.mark.parametrize("cursor", ["x", "====", "MjAyNi0xMS0yMg", "é", "a" * 5000, "MjAyNi0xIHg"])
def test_a_cursor_of_nobodys_is_refused(ada: Api, cursor: str) -> None:
    response = ada.call("GET", f"/user/events?cursor={cursor}")
    assert refused(response) == (400, "invalid_input")
    assert list(response.json()["errors"]) == ["cursor"]


def test_nobody_sees_anothers_events(ada: Api) -> None:
    eve = User.objects.create_user("eve", PASSWORD)
    Event.objects.create(user=eve, kind="signed_in")
    Event.objects.create(user=None, kind="password_refused")
    page = ada.call("GET", "/user/events").json()
    assert [event["kind"] for event in page["events"]] == ["signed_in", "registered"]


def test_an_administrators_address_is_not_told(ada: Api) -> None:
    root = User.objects.create_superuser("root", PASSWORD)
    user = User.objects.get(username="ada")
    Event.objects.create(
        user=user, actor=root, by_administrator=True, kind="unlocked", address="203.0.113.9"
    )
    event = ada.call("GET", "/user/events").json()["events"][0]
    assert (event["by_administrator"], event["address"]) == (True, None)


# -- removing the face ------------------------------------------------------------------------


def confirmed(api: Api) -> Api:
    """Show a recovery code in a waiting session."""
    body = {"code": api.codes[0]}  # type: ignore[attr-defined]
    api.take_token(api.call("POST", "/session/factors/recovery-code", body))
    return api


def test_a_removed_face_is_erased_and_asked_for_no_more(
    enrolled_ada: Api, facelogin: Facelogin
) -> None:
    person = confirmed(enrolled_ada)
    other = sign_in()
    user = User.objects.get()
    FaceExtension.objects.create(id="x", user=user, expires_at=timezone.now() + timedelta(days=1))
    facelogin.calls.clear()
    assert person.call("DELETE", "/user/factors/face").status_code == 204
    assert ("DELETE", "/face/v1/reference") in facelogin.calls
    assert not OwedErasure.objects.exists()
    assert not FaceFactor.objects.exists()
    assert not FaceExtension.objects.exists()
    assert not RecoveryCode.objects.exists()  # they stood in for it
    assert other.call("GET", "/session").status_code == 401
    assert sign_in().call("GET", "/session").json()["state"] == "active"
    assert kinds().count("face_removed") == 1


def test_there_being_no_face_is_no_refusal(ada: Api, facelogin: Facelogin) -> None:
    assert ada.call("DELETE", "/user/factors/face").status_code == 204
    assert "face_removed" not in kinds()


def test_it_is_erased_later_if_facelogin_is_away(enrolled_ada: Api, facelogin: Facelogin) -> None:
    person = confirmed(enrolled_ada)
    facelogin.erasure_status = 503
    assert person.call("DELETE", "/user/factors/face").status_code == 204
    assert OwedErasure.objects.count() == 1
    assert not FaceFactor.objects.exists()
    assert housekeeping.run()["erasures done"] == 0
    facelogin.erasure_status = 204
    facelogin.calls.clear()
    assert housekeeping.run()["erasures done"] == 1
    assert ("DELETE", "/face/v1/reference") in facelogin.calls
    assert not OwedErasure.objects.exists()


def test_a_face_enrolled_anew_is_not_taken_by_an_erasure_that_was_owed(
    enrolled_ada: Api, facelogin: Facelogin
) -> None:
    person = confirmed(enrolled_ada)
    body = {"purpose": "enrol", "consent_version": CONSENT}
    early = person.call("POST", "/session/face-ticket", body).json()["ticket"]
    facelogin.erasure_status = 503
    person.call("DELETE", "/user/factors/face")
    assert refused(person.call("POST", "/session/face-ticket", body)) == (
        503,
        "facelogin_unavailable",
    )
    # Nor one whose ticket is older than the removal.
    assertion = {"assertion": facelogin.assertion(early, "enrolled")}
    assert refused(person.call("PUT", "/user/factors/face", assertion))[0] == 503
    facelogin.erasure_status = 204
    facelogin.calls.clear()
    assert enrol(person, facelogin).status_code == 200
    called = [method for method, path in facelogin.calls if path == "/face/v1/reference"]
    assert called == ["DELETE", "PUT", "GET"]
    assert housekeeping.run()["erasures done"] == 0
    assert FaceFactor.objects.exists()


def test_a_process_that_dies_after_noting_it_leaves_no_face(
    enrolled_ada: Api, facelogin: Facelogin
) -> None:
    OwedErasure.objects.create(user_id=User.objects.get().pk)
    assert housekeeping.run()["erasures done"] == 1
    assert not FaceFactor.objects.exists()


def test_removing_the_face_needs_fresh_proof(enrolled_ada: Api) -> None:
    person = confirmed(enrolled_ada)
    Session.objects.update(otp_at=timezone.now() - timedelta(minutes=6))
    assert refused(person.call("DELETE", "/user/factors/face")) == (
        401,
        "reauthentication_required",
    )


def test_with_an_app_beside_it_the_codes_stay(enrolled_ada: Api, facelogin: Facelogin) -> None:
    person = confirmed(enrolled_ada)
    secret, _codes = add_app(person)
    assert person.call("DELETE", "/user/factors/face").status_code == 204
    assert RecoveryCode.objects.filter(used_at=None).count() == 9
    visitor = sign_in()
    assert visitor.call("GET", "/session").json()["available_factors"] == ["totp", "recovery_code"]
    assert show(visitor, code(secret)).status_code == 200


def test_the_face_of_somebody_locked_out_meanwhile_opens_nothing(
    enrolled_ada: Api, facelogin: Facelogin
) -> None:
    body = {"purpose": "verify"}
    ticket = enrolled_ada.call("POST", "/session/face-ticket", body).json()["ticket"]
    User.objects.update(is_active=False)
    assertion = {"assertion": facelogin.assertion(ticket, "match")}
    response = enrolled_ada.call("POST", "/session/factors/face", assertion)
    assert refused(response) == (401, "unauthenticated")
