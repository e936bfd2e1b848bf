"""More light, safely: who may add a light to a face, and take it away again."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import clients
from accounts.factors.face import CAPTURES_A_DAY
from accounts.models import (
    FaceExtension,
    FaceFactor,
    FaceTries,
    RecoveryCode,
    Session,
    User,
)
from accounts.services import extensions
from accounts.tests.conftest import CONSENT, PASSWORD, Api, Facelogin, enrol, ticket_claims

EXTEND = {"purpose": "extend"}
ENROL = {"purpose": "enrol", "consent_version": CONSENT}
SIX_MINUTES = timedelta(minutes=6)


@pytest.fixture
def recovered_ada(enrolled_ada: Api) -> Api:
    """Ada, who came in by password and a recovery code."""
    show_code(enrolled_ada, 0)
    return enrolled_ada


def show_code(api: Api, number: int) -> None:
    code = api.codes[number]  # type: ignore[attr-defined]
    api.take_token(api.call("POST", "/session/factors/recovery-code", {"code": code}))


def show_face(api: Api, facelogin: Facelogin) -> None:
    ticket = api.call("POST", "/session/face-ticket", {"purpose": "verify"}).json()["ticket"]
    assertion = facelogin.assertion(ticket, "match")
    api.take_token(api.call("POST", "/session/factors/face", {"assertion": assertion}))


def put(api: Api, assertion: str) -> Any:
    return api.call("PUT", "/user/factors/face", {"assertion": assertion})


def extend(api: Api, facelogin: Facelogin) -> tuple[Any, str]:
    """Add a light; return the answer and the light's id."""
    ticket = api.call("POST", "/session/face-ticket", EXTEND).json()["ticket"]
    assertion = facelogin.assertion(ticket, "enrolled")
    light = ticket_claims(assertion)["jti"]
    facelogin.lights = [light, *facelogin.lights][:3]
    return put(api, assertion), light


def listed(api: Api) -> list[str]:
    face = api.call("GET", "/user?include=factors").json()["factors"]["face"]
    return [extension["id"] for extension in face["extensions"]]


def refusal(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


# -- who gets a ticket ----------------------------------------------------------------------------


def test_a_code_and_the_password_give_a_ticket(recovered_ada: Api) -> None:
    answer = recovered_ada.call("POST", "/session/face-ticket", EXTEND)
    assert answer.status_code == 201
    claims = ticket_claims(answer.json()["ticket"])
    assert claims["purpose"] == "extend" and "cohort_consent" not in claims
    assert answer.json()["attempts_remaining"] == 10  # no try of the face


def test_never_from_a_face_match_alone(enrolled_ada: Api, facelogin: Facelogin) -> None:
    show_face(enrolled_ada, facelogin)
    answer = enrolled_ada.call("POST", "/session/face-ticket", EXTEND)
    assert refusal(answer) == (401, "reauthentication_required")
    assert "other than your face" in answer.json()["detail"]
    assert enrolled_ada.call("POST", "/session/face-ticket", ENROL).status_code == 201


def renewed_codes(api: Api) -> list[str]:
    answer = api.call("POST", "/user/factors/recovery-codes")
    assert answer.status_code == 201
    codes: list[str] = answer.json()["codes"]
    return codes


def test_never_by_codes_that_a_face_match_let_somebody_make(
    enrolled_ada: Api, facelogin: Facelogin
) -> None:
    """Whoever passes for Ada once must not become her for good."""
    show_face(enrolled_ada, facelogin)
    code = renewed_codes(enrolled_ada)[0]
    show_code = enrolled_ada.call("POST", "/session/factors/recovery-code", {"code": code})
    enrolled_ada.take_token(show_code)
    assert "otp" in show_code.json()["amr"]
    answer = enrolled_ada.call("POST", "/session/face-ticket", EXTEND)
    assert refusal(answer) == (409, "factor_not_enrolled")
    assert "no more than your face does" in answer.json()["detail"]


def test_codes_made_by_who_was_known_without_the_face_go_on_counting(recovered_ada: Api) -> None:
    code = renewed_codes(recovered_ada)[0]
    Session.objects.update(beside_face_at=None)
    answer = recovered_ada.call("POST", "/session/factors/recovery-code", {"code": code})
    recovered_ada.take_token(answer)
    assert recovered_ada.call("POST", "/session/face-ticket", EXTEND).status_code == 201


def test_codes_that_came_with_a_face_enrolled_by_a_face_prove_nothing_beside_it(
    enrolled_ada: Api, facelogin: Facelogin
) -> None:
    show_face(enrolled_ada, facelogin)
    RecoveryCode.objects.all().delete()  # all used
    ticket = enrolled_ada.call("POST", "/session/face-ticket", ENROL).json()["ticket"]
    codes = put(enrolled_ada, facelogin.assertion(ticket, "enrolled")).json()["recovery_codes"]
    answer = enrolled_ada.call("POST", "/session/factors/recovery-code", {"code": codes[0]})
    enrolled_ada.take_token(answer)
    answer = enrolled_ada.call("POST", "/session/face-ticket", EXTEND)
    assert refusal(answer) == (409, "factor_not_enrolled")


def test_not_in_the_session_that_enrolled_the_face(ada: Api, facelogin: Facelogin) -> None:
    enrol(ada, facelogin)
    answer = ada.call("POST", "/session/face-ticket", EXTEND)
    assert refusal(answer) == (401, "reauthentication_required")


@pytest.mark.parametrize("old", ["password_at", "beside_face_at"])
def test_both_proofs_must_be_fresh_and_a_face_refreshes_neither(
    recovered_ada: Api, facelogin: Facelogin, old: str
) -> None:
    Session.objects.update(**{old: timezone.now() - SIX_MINUTES})
    show_face(recovered_ada, facelogin)
    answer = recovered_ada.call("POST", "/session/face-ticket", EXTEND)
    assert refusal(answer) == (401, "reauthentication_required")
    if old == "password_at":
        again = {"password": PASSWORD}
        recovered_ada.take_token(recovered_ada.call("POST", "/session/reauthentication", again))
    else:
        show_code(recovered_ada, 1)
    assert recovered_ada.call("POST", "/session/face-ticket", EXTEND).status_code == 201


def test_a_password_alone_gets_nothing(enrolled_ada: Api) -> None:
    answer = enrolled_ada.call("POST", "/session/face-ticket", EXTEND)
    assert refusal(answer) == (403, "second_factor_required")
    answer = enrolled_ada.call("DELETE", "/user/factors/face/extensions/x")
    assert refusal(answer) == (403, "second_factor_required")


def test_there_must_be_a_face(recovered_ada: Api) -> None:
    FaceFactor.objects.update(expires_at=timezone.now())
    answer = recovered_ada.call("POST", "/session/face-ticket", EXTEND)
    assert refusal(answer) == (409, "factor_not_enrolled")


def test_twenty_tickets_a_day_to_enrol_and_extend_together(recovered_ada: Api) -> None:
    FaceTries.objects.update(captures=CAPTURES_A_DAY - 2)
    assert recovered_ada.call("POST", "/session/face-ticket", EXTEND).status_code == 201
    assert recovered_ada.call("POST", "/session/face-ticket", ENROL).status_code == 201
    for body in (EXTEND, ENROL):
        answer = recovered_ada.call("POST", "/session/face-ticket", body)
        assert refusal(answer) == (429, "too_many_attempts")
        assert 0 < int(answer.headers["Retry-After"]) <= 86_400
    assert recovered_ada.call("POST", "/session/face-ticket", {"purpose": "verify"}).status_code
    FaceTries.objects.update(day=timezone.now().date() - timedelta(days=1))
    assert recovered_ada.call("POST", "/session/face-ticket", EXTEND).status_code == 201


# -- adding ---------------------------------------------------------------------------------------


def test_a_light_is_added_and_listed(recovered_ada: Api, facelogin: Facelogin) -> None:
    enrolled_at = FaceFactor.objects.get().enrolled_at
    other = Api()
    other.take_token(other.call("POST", "/sessions", {"username": "ada", "password": PASSWORD}))
    answer, light = extend(recovered_ada, facelogin)
    assert answer.status_code == 200
    assert "recovery_codes" not in answer.json()
    assert [each["id"] for each in answer.json()["extensions"]] == [light]
    assert listed(recovered_ada) == [light]
    extension = FaceExtension.objects.get()
    assert extension.confirmed_at is not None and extension.expires_at.year == 2099
    assert FaceFactor.objects.get().enrolled_at == enrolled_at
    assert recovered_ada.call("GET", "/session").json()["amr"] == ["pwd", "otp", "mfa"]
    assert other.call("GET", "/session").status_code == 401  # all other sessions ended


def test_an_assertion_adds_once(recovered_ada: Api, facelogin: Facelogin) -> None:
    ticket = recovered_ada.call("POST", "/session/face-ticket", EXTEND).json()["ticket"]
    assertion = facelogin.assertion(ticket, "enrolled")
    facelogin.lights = [ticket_claims(assertion)["jti"]]
    assert put(recovered_ada, assertion).status_code == 200
    assert refusal(put(recovered_ada, assertion)) == (401, "assertion_refused")
    assert len(listed(recovered_ada)) == 1


def test_an_extension_is_no_enrolment_and_the_other_way_round(
    recovered_ada: Api, facelogin: Facelogin
) -> None:
    """Both end as `enrolled`: the kind is the newest ticket's."""
    first = recovered_ada.call("POST", "/session/face-ticket", ENROL).json()["ticket"]
    recovered_ada.call("POST", "/session/face-ticket", EXTEND)
    of_enrolment = facelogin.assertion(first, "enrolled")
    assert refusal(put(recovered_ada, of_enrolment)) == (401, "assertion_refused")
    second = recovered_ada.call("POST", "/session/face-ticket", EXTEND).json()["ticket"]
    recovered_ada.call("POST", "/session/face-ticket", ENROL)
    of_extension = facelogin.assertion(second, "enrolled")
    assert refusal(put(recovered_ada, of_extension)) == (401, "assertion_refused")
    assert not [call for call in facelogin.calls[2:] if call[0] == "PUT"]
    assert not FaceExtension.objects.exists()


@pytest.mark.parametrize("outcome", ["match", "non_match", ""])
def test_only_enrolled_adds(recovered_ada: Api, facelogin: Facelogin, outcome: str) -> None:
    ticket = recovered_ada.call("POST", "/session/face-ticket", EXTEND).json()["ticket"]
    answer = put(recovered_ada, facelogin.assertion(ticket, outcome))
    assert refusal(answer) == (401, "assertion_refused")


def test_an_extension_is_no_second_factor(enrolled_ada: Api, facelogin: Facelogin) -> None:
    show_code(enrolled_ada, 0)
    ticket = enrolled_ada.call("POST", "/session/face-ticket", EXTEND).json()["ticket"]
    for outcome in ("enrolled", "match"):
        body = {"assertion": facelogin.assertion(ticket, outcome)}
        answer = enrolled_ada.call("POST", "/session/factors/face", body)
        assert refusal(answer) == (401, "assertion_refused")


def test_a_verify_tickets_assertion_adds_nothing(recovered_ada: Api, facelogin: Facelogin) -> None:
    body = {"purpose": "verify"}
    ticket = recovered_ada.call("POST", "/session/face-ticket", body).json()["ticket"]
    for outcome in ("enrolled", "match"):
        answer = put(recovered_ada, facelogin.assertion(ticket, outcome))
        assert refusal(answer) == (401, "assertion_refused")


def test_proof_must_still_be_fresh_when_the_light_is_added(
    recovered_ada: Api, facelogin: Facelogin
) -> None:
    ticket = recovered_ada.call("POST", "/session/face-ticket", EXTEND).json()["ticket"]
    Session.objects.update(beside_face_at=timezone.now() - SIX_MINUTES, face_at=timezone.now())
    answer = put(recovered_ada, facelogin.assertion(ticket, "enrolled"))
    assert refusal(answer) == (401, "reauthentication_required")
    assert not FaceExtension.objects.exists()


def test_what_facelogin_does_not_know_is_not_listed(
    recovered_ada: Api, facelogin: Facelogin
) -> None:
    facelogin.activation_status = 404
    answer, _ = extend(recovered_ada, facelogin)
    assert refusal(answer) == (401, "assertion_refused")
    assert not FaceExtension.objects.exists()


def test_what_may_count_is_listed_while_facelogin_is_away(
    recovered_ada: Api, facelogin: Facelogin
) -> None:
    """Its answer may have been lost on the way: the person finds it on the profile."""
    ticket = recovered_ada.call("POST", "/session/face-ticket", EXTEND).json()["ticket"]
    assertion = facelogin.assertion(ticket, "enrolled")
    light = ticket_claims(assertion)["jti"]
    facelogin.activation_status = 503
    assert refusal(put(recovered_ada, assertion)) == (503, "facelogin_unavailable")
    assert listed(recovered_ada) == [light]
    facelogin.activation_status, facelogin.lights = 204, [light]
    assert put(recovered_ada, assertion).status_code == 200  # it was not spent
    assert listed(recovered_ada) == [light]


def test_the_list_is_facelogins(recovered_ada: Api, facelogin: Facelogin) -> None:
    """A fourth replaces the oldest; one that may be on its way stays, an abandoned one goes."""
    ada = User.objects.get()
    _, first = extend(recovered_ada, facelogin)
    soon = timezone.now() + timedelta(days=1)
    FaceExtension.objects.create(id="on-its-way", user=ada, expires_at=soon)
    long_ago = timezone.now() - timedelta(minutes=11)
    FaceExtension.objects.create(id="lost", user=ada, expires_at=soon, added_at=long_ago)
    lights = [extend(recovered_ada, facelogin)[1] for _ in range(3)]
    assert set(listed(recovered_ada)) == {*lights, "on-its-way"} and first not in lights


def test_enrolling_anew_drops_the_lights(recovered_ada: Api, facelogin: Facelogin) -> None:
    extend(recovered_ada, facelogin)
    facelogin.lights = []
    enrol(recovered_ada, facelogin)
    assert listed(recovered_ada) == []


def test_an_expired_light_is_not_listed(recovered_ada: Api, facelogin: Facelogin) -> None:
    extend(recovered_ada, facelogin)
    FaceExtension.objects.update(expires_at=timezone.now())
    assert listed(recovered_ada) == []


# -- taking away ----------------------------------------------------------------------------------


def remove(api: Api, light: str) -> Any:
    return api.call("DELETE", f"/user/factors/face/extensions/{light}")


def test_a_light_is_taken_away(recovered_ada: Api, facelogin: Facelogin) -> None:
    _, light = extend(recovered_ada, facelogin)
    other = Api()
    other.take_token(other.call("POST", "/sessions", {"username": "ada", "password": PASSWORD}))
    assert remove(recovered_ada, light).status_code == 204
    assert facelogin.lights == [] and listed(recovered_ada) == []
    assert other.call("GET", "/session").status_code == 401
    assert refusal(remove(recovered_ada, light)) == (404, "not_found")


def test_taking_away_needs_fresh_proof_of_any_factor(
    recovered_ada: Api, facelogin: Facelogin
) -> None:
    _, light = extend(recovered_ada, facelogin)
    Session.objects.update(otp_at=timezone.now() - SIX_MINUTES)
    for name in (light, "unknown"):  # who shows no proof learns nothing
        assert refusal(remove(recovered_ada, name)) == (401, "reauthentication_required")
    show_face(recovered_ada, facelogin)
    assert remove(recovered_ada, light).status_code == 204


def test_nobody_takes_away_another_persons_light(recovered_ada: Api, facelogin: Facelogin) -> None:
    _, light = extend(recovered_ada, facelogin)
    eve = Api()
    eve.call("POST", "/users", {"username": "eve", "password": PASSWORD})
    eve.take_token(eve.call("POST", "/sessions", {"username": "eve", "password": PASSWORD}))
    assert refusal(remove(eve, light)) == (404, "not_found")
    assert facelogin.lights == [light] and listed(recovered_ada) == [light]


@pytest.mark.parametrize("status", [503, 404])
def test_a_light_stays_listed_while_it_counts(
    recovered_ada: Api, facelogin: Facelogin, status: int
) -> None:
    """404: an older facelogin, which knows no extensions."""
    _, light = extend(recovered_ada, facelogin)
    facelogin.removal_status = status
    answer = remove(recovered_ada, light)
    assert refusal(answer) == (503, "facelogin_unavailable")
    assert listed(recovered_ada) == [light]
    facelogin.removal_status = 204
    assert remove(recovered_ada, light).status_code == 204


def test_a_slow_answer_does_not_unlist_what_was_added_meanwhile(
    recovered_ada: Api, facelogin: Facelogin
) -> None:
    """It tells of the time when facelogin was asked."""
    asked_at = timezone.now()
    _, light = extend(recovered_ada, facelogin)
    extensions.note(User.objects.get(), [], asked_at)
    assert listed(recovered_ada) == [light]
    extensions.note(User.objects.get(), [], timezone.now())
    assert listed(recovered_ada) == []


def test_a_session_ended_meanwhile_leaves_no_light(
    recovered_ada: Api, facelogin: Facelogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ada sees that it is not her and signs it out, a moment before the light counts."""
    activate = clients.activate_reference

    def activate_late(*args: Any) -> clients.ReferenceStatus:
        Session.objects.all().delete()
        return activate(*args)

    monkeypatch.setattr(clients, "activate_reference", activate_late)
    answer, light = extend(recovered_ada, facelogin)
    assert refusal(answer) == (401, "unauthenticated")
    assert not FaceExtension.objects.exists()
    assert ("DELETE", f"/face/v1/reference/extensions/{light}") in facelogin.calls
