from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone

from accounts import tokens
from accounts.models import Consent, FaceFactor, FaceTries, Session, SpentToken, User
from accounts.tests.conftest import CONSENT, PASSWORD, Api, Facelogin, enrol, ticket_claims
from kubevision.tokens import Signer

ENROL = {"purpose": "enrol", "consent_version": CONSENT}
VERIFY = {"purpose": "verify"}


def test_enrolling_arms_the_second_factor(ada: Api, facelogin: Facelogin) -> None:
    other = Api()
    other.take_token(other.call("POST", "/sessions", {"username": "ada", "password": PASSWORD}))
    body = enrol(ada, facelogin).json()
    assert body["engine"] == "lbph"
    assert len(set(body["recovery_codes"])) == 10
    session = ada.call("GET", "/session").json()
    assert (session["state"], session["amr"]) == ("active", ["pwd", "face", "mfa"])
    assert other.call("GET", "/session").status_code == 401  # all other sessions ended
    waiting = other.call(
        "POST", "/sessions", {"username": "ada", "password": PASSWORD}, Authorization=""
    ).json()
    assert waiting["state"] == "awaiting_second_factor"
    assert "pass_token" not in waiting
    assert waiting["available_factors"] == ["face", "recovery_code"]


@pytest.mark.parametrize(("told", "shown"), [(True, True), (False, False), (None, False)])
def test_whether_a_reference_is_lent_is_shown_as_facelogin_tells_it(
    ada: Api, facelogin: Facelogin, told: bool | None, shown: bool
) -> None:
    facelogin.is_lent = told
    assert enrol(ada, facelogin).json()["cohort_consent"] is shown
    factors = ada.call("GET", "/user?include=factors").json()["factors"]
    assert factors["face"]["cohort_consent"] is shown
    facelogin.is_lent = False
    assert enrol(ada, facelogin).json()["cohort_consent"] is False


def test_recovery_codes_are_shown_once(ada: Api, facelogin: Facelogin) -> None:
    assert "recovery_codes" in enrol(ada, facelogin).json()
    assert "recovery_codes" not in enrol(ada, facelogin).json()


def test_consent_is_on_record_before_the_ticket(ada: Api) -> None:
    for version in ("", "2020-01"):
        response = ada.call(
            "POST", "/session/face-ticket", {"purpose": "enrol", "consent_version": version}
        )
        assert (response.status_code, response.json()["code"]) == (409, "consent_required")
        assert response.json()["current_consent_version"] == CONSENT
    assert not Consent.objects.exists()
    assert ada.call("POST", "/session/face-ticket", ENROL).status_code == 201
    consent = Consent.objects.get()
    assert (consent.version, consent.cohort) == (CONSENT, False)


def test_a_ticket_says_what_the_contract_says(ada: Api, settings: Any) -> None:
    settings.FACELOGIN_PUBLIC_URL = "https://plant.example.org"
    body = ada.call("POST", "/session/face-ticket", {**ENROL, "cohort_consent": True}).json()
    assert body["websocket_url"] == "wss://plant.example.org/face/v1/capture"
    assert body["websocket_subprotocol"] == "kubevision.face.v1"
    assert (body["expires_in"], body["attempts_remaining"]) == (120, 10)
    claims = ticket_claims(body["ticket"])
    session = Session.objects.get()
    assert claims["iss"] == "accounts" and claims["aud"] == "facelogin"
    assert claims["sub"] == str(session.user_id) and claims["purpose"] == "enrol"
    assert claims["sid"] == tokens.session_hash(session.id) and claims["cohort_consent"] is True
    assert claims["exp"] - claims["iat"] == 120
    assert jwt.get_unverified_header(body["ticket"])["typ"] == "kv-ticket+jwt"
    published = ada.client.get("/auth/.well-known/jwks.json").json()["keys"][0]
    jwt.decode(body["ticket"], jwt.PyJWK(published), algorithms=["EdDSA"], audience="facelogin")


def test_only_an_enrolment_lends_a_reference(ada: Api, facelogin: Facelogin) -> None:
    enrol(ada, facelogin)
    consents = Consent.objects.count()
    body = {"purpose": "verify", "consent_version": CONSENT, "cohort_consent": True}
    ticket = ada.call("POST", "/session/face-ticket", body).json()["ticket"]
    assert "cohort_consent" not in ticket_claims(ticket)
    assert Consent.objects.count() == consents
    assert not Consent.objects.filter(cohort=True).exists()


def test_enrolling_needs_fresh_proof(ada: Api, facelogin: Facelogin) -> None:
    Session.objects.update(password_at=timezone.now() - timedelta(minutes=6))
    response = ada.call("POST", "/session/face-ticket", ENROL)
    assert (response.status_code, response.json()["code"]) == (401, "reauthentication_required")
    ada.take_token(ada.call("POST", "/session/reauthentication", {"password": PASSWORD}))
    assert ada.call("POST", "/session/face-ticket", ENROL).status_code == 201


def test_replacing_a_face_needs_a_second_factor_too(
    enrolled_ada: Api, facelogin: Facelogin
) -> None:
    code = enrolled_ada.codes[0]  # type: ignore[attr-defined]
    enrolled_ada.take_token(
        enrolled_ada.call("POST", "/session/factors/recovery-code", {"code": code})
    )
    assert enrolled_ada.call("POST", "/session/face-ticket", ENROL).status_code == 201
    Session.objects.update(otp_at=timezone.now() - timedelta(minutes=6))
    response = enrolled_ada.call("POST", "/session/face-ticket", ENROL)
    assert response.json()["code"] == "reauthentication_required"


WAITING = [
    ("GET", "/user", None),
    ("GET", "/user?include=factors", None),
    ("POST", "/session/face-ticket", ENROL),
    ("POST", "/session/face-ticket", {"purpose": "nonsense"}),
    ("POST", "/session/reauthentication", {"password": PASSWORD}),
    ("PUT", "/user/factors/face", {"assertion": "x"}),
    ("POST", "/user/factors/recovery-codes", None),
]


@pytest.mark.parametrize(("method", "path", "body"), WAITING)
def test_a_password_alone_gets_nothing(
    enrolled_ada: Api, method: str, path: str, body: Any
) -> None:
    response = enrolled_ada.call(method, path, body)
    assert (response.status_code, response.json()["code"]) == (403, "second_factor_required")


def test_a_match_opens_the_session(enrolled_ada: Api, facelogin: Facelogin) -> None:
    old = enrolled_ada.token
    ticket = enrolled_ada.call("POST", "/session/face-ticket", VERIFY).json()
    assert ticket["attempts_remaining"] == 9
    assertion = facelogin.assertion(ticket["ticket"], "match")
    response = enrolled_ada.call("POST", "/session/factors/face", {"assertion": assertion})
    body = enrolled_ada.take_token(response).json()
    assert (body["state"], body["amr"]) == ("active", ["pwd", "face", "mfa"])
    assert body["pass_token"]
    assert enrolled_ada.call("GET", "/user").status_code == 200
    assert enrolled_ada.call("GET", "/session", Authorization=f"Bearer {old}").status_code == 401
    assert FaceTries.objects.get().today == 0  # given back


def _misuses(facelogin: Facelogin, ticket: str) -> dict[str, str]:
    good = facelogin.assertion(ticket, "match")
    head, body, signature = good.split(".")
    stranger = Facelogin(Signer("facelogin", [Ed25519PrivateKey.generate()]))
    own_key = facelogin.signer.keys[0]
    claims = ticket_claims(good)
    kid = jwt.get_unverified_header(good)["kid"]

    def with_header(**header: Any) -> str:
        full = {"typ": "kv-assertion+jwt", "kid": kid, **header}
        return jwt.encode(claims, own_key, algorithm="EdDSA", headers=full)

    public = facelogin.signer.jwks()["keys"][0]
    return {
        "alg none": jwt.encode(claims, None, algorithm="none", headers={"kid": kid}),
        "HS256 with the public key": jwt.encode(
            claims, public["x"].encode(), algorithm="HS256", headers={"kid": kid}
        ),
        "wrong kid": with_header(kid="nobody"),
        "path in kid": with_header(kid="../../dev/null"),
        "query in kid": with_header(kid="x?kid=" + kid),
        "embedded jwk": jwt.encode(
            claims,
            stranger.signer.keys[0],
            algorithm="EdDSA",
            headers={"typ": "kv-assertion+jwt", "jwk": stranger.signer.jwks()["keys"][0]},
        ),
        "jku": jwt.encode(
            claims,
            stranger.signer.keys[0],
            algorithm="EdDSA",
            headers={"typ": "kv-assertion+jwt", "kid": "x", "jku": facelogin.url},
        ),
        "another key": stranger.assertion(ticket, "match"),
        "expired": facelogin.assertion(ticket, "match", life=-10),
        "wrong aud": facelogin.assertion(ticket, "match", aud="facelogin"),
        "list of aud": facelogin.assertion(ticket, "match", aud=["accounts", "x"]),
        "wrong typ": facelogin.assertion(ticket, "match", typ="kv-ticket+jwt"),
        "wrong iss": Signer("accounts", facelogin.signer.keys).sign(
            {k: claims[k] for k in ("sub", "nonce", "outcome", "engine")},
            typ="kv-assertion+jwt",
            audience="accounts",
            life_seconds=60,
        ),
        "enrolled instead of match": facelogin.assertion(ticket, "enrolled"),
        "another ticket": facelogin.assertion(ticket, "match", nonce="other"),
        "another person": facelogin.assertion(ticket, "match", sub=str(User().id)),
        "no outcome": facelogin.assertion(ticket, ""),
        "number as nonce": facelogin.assertion(ticket, "match", nonce=5),
        "truncated signature": f"{head}.{body}.{signature[:-8]}",
        "other signature": f"{head}.{body}.{signature[::-1]}",
        "10 kB claim": facelogin.assertion(ticket, "match", note="x" * 10_000),
        "duplicate claims": _with_duplicate_claims(own_key, good),
        "not a token": "a.b.c",
        "ticket as assertion": ticket,
    }


def _with_duplicate_claims(key: Ed25519PrivateKey, token: str) -> str:
    import base64

    head, body, _ = token.split(".")
    plain = base64.urlsafe_b64decode(body + "==")
    doubled = plain.replace(b"{", b'{"outcome":"match",', 1)
    packed = base64.urlsafe_b64encode(doubled).rstrip(b"=").decode()
    signature = key.sign(f"{head}.{packed}".encode())
    return f"{head}.{packed}." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


def test_misused_assertions_open_nothing_and_spend_nothing(
    enrolled_ada: Api, facelogin: Facelogin
) -> None:
    ticket = enrolled_ada.call("POST", "/session/face-ticket", VERIFY).json()["ticket"]
    spent_before = SpentToken.objects.count()
    for name, assertion in _misuses(facelogin, ticket).items():
        response = enrolled_ada.call("POST", "/session/factors/face", {"assertion": assertion})
        code = response.json().get("code")
        assert code in {"assertion_refused", "invalid_input"}, name
        assert enrolled_ada.call("GET", "/session").json()["state"] != "active", name
    assert SpentToken.objects.count() == spent_before
    good = facelogin.assertion(ticket, "match")
    response = enrolled_ada.call("POST", "/session/factors/face", {"assertion": good})
    assert response.status_code == 200


def test_an_assertion_is_good_once(enrolled_ada: Api, facelogin: Facelogin) -> None:
    ticket = enrolled_ada.call("POST", "/session/face-ticket", VERIFY).json()["ticket"]
    assertion = {"assertion": facelogin.assertion(ticket, "match")}
    enrolled_ada.take_token(enrolled_ada.call("POST", "/session/factors/face", assertion))
    again = enrolled_ada.call("POST", "/session/factors/face", assertion)
    assert (again.status_code, again.json()["code"]) == (401, "assertion_refused")


def test_only_the_newest_ticket_counts(enrolled_ada: Api, facelogin: Facelogin) -> None:
    first = enrolled_ada.call("POST", "/session/face-ticket", VERIFY).json()["ticket"]
    enrolled_ada.call("POST", "/session/face-ticket", VERIFY)
    assertion = facelogin.assertion(first, "match")
    response = enrolled_ada.call("POST", "/session/factors/face", {"assertion": assertion})
    assert response.json()["code"] == "assertion_refused"


def test_another_sessions_assertion_is_refused(enrolled_ada: Api, facelogin: Facelogin) -> None:
    ticket = enrolled_ada.call("POST", "/session/face-ticket", VERIFY).json()["ticket"]
    other = Api()
    other.take_token(other.call("POST", "/sessions", {"username": "ada", "password": PASSWORD}))
    assertion = facelogin.assertion(ticket, "match")
    response = other.call("POST", "/session/factors/face", {"assertion": assertion})
    assert response.json()["code"] == "assertion_refused"


def test_nobody_enrols_in_somebody_elses_name(
    ada: Api, enrolled_ada: Api, facelogin: Facelogin
) -> None:
    bob = Api()
    bob.call("POST", "/users", {"username": "bob", "password": PASSWORD})
    bob.take_token(bob.call("POST", "/sessions", {"username": "bob", "password": PASSWORD}))
    ticket = bob.call("POST", "/session/face-ticket", ENROL).json()["ticket"]
    assertion = facelogin.assertion(
        ticket, "enrolled", sub=str(User.objects.get(username="ada").id)
    )
    response = bob.call("PUT", "/user/factors/face", {"assertion": assertion})
    assert response.json()["code"] == "assertion_refused"
    assert FaceFactor.objects.count() == 1


def test_facelogin_down_changes_nothing(ada: Api, facelogin: Facelogin) -> None:
    ticket = ada.call("POST", "/session/face-ticket", ENROL).json()["ticket"]
    assertion = {"assertion": facelogin.assertion(ticket, "enrolled")}
    facelogin.activation_status = 503
    response = ada.call("PUT", "/user/factors/face", assertion)
    assert (response.status_code, response.json()["code"]) == (503, "facelogin_unavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert not FaceFactor.objects.exists() and not SpentToken.objects.exists()
    facelogin.activation_status = 204
    assert ada.call("PUT", "/user/factors/face", assertion).status_code == 200


def test_an_enrolment_facelogin_does_not_know_is_refused(ada: Api, facelogin: Facelogin) -> None:
    facelogin.activation_status = 404
    assert enrol(ada, facelogin).json()["code"] == "assertion_refused"


def test_without_a_face_there_is_nothing_to_verify(ada: Api) -> None:
    response = ada.call("POST", "/session/face-ticket", VERIFY)
    assert (response.status_code, response.json()["code"]) == (409, "factor_not_enrolled")


def test_an_expired_face_still_keeps_the_password_from_opening(enrolled_ada: Api) -> None:
    FaceFactor.objects.update(expires_at=timezone.now())
    session = enrolled_ada.call("GET", "/session").json()
    assert session["state"] == "awaiting_second_factor"
    assert session["available_factors"] == ["recovery_code"]


def test_tries_in_a_row_and_in_a_day_are_limited(enrolled_ada: Api) -> None:
    def ticket() -> Any:
        return enrolled_ada.call("POST", "/session/face-ticket", VERIFY)

    assert [ticket().json()["attempts_remaining"] for _ in range(5)] == [9, 8, 7, 6, 5]
    response = ticket()
    assert (response.status_code, response.json()["code"]) == (429, "too_many_attempts")
    assert 1 <= int(response.headers["Retry-After"]) <= 31
    for left in (4, 3, 2, 1, 0):
        FaceTries.objects.update(last_at=timezone.now() - timedelta(seconds=31))
        assert ticket().json()["attempts_remaining"] == left
    FaceTries.objects.update(last_at=timezone.now() - timedelta(seconds=31))
    assert int(ticket().headers["Retry-After"]) <= 86_401
    FaceTries.objects.update(day=timezone.now().date() - timedelta(days=1))
    assert ticket().json()["attempts_remaining"] == 9
