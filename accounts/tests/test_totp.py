"""An authenticator app: added, shown, replaced, removed, and each code good once."""

import base64
import time
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.utils import timezone

from accounts import sealing
from accounts.models import RecoveryCode, Session, TotpFactor, User
from accounts.tests.conftest import CONSENT, PASSWORD, Api, Clock, Facelogin, enrol


def code(secret: str, steps: int = 0) -> str:
    """What the app shows now, or so many steps of half a minute away."""
    # Not at the end of a step: the code would be another one's when it is looked at.
    if (left := 30 - time.time() % 30) < 3:
        time.sleep(left)
    return code_of_step(secret, int(timezone.now().timestamp()) // 30 + steps)


def code_of_step(secret: str, step: int) -> str:
    """What the app shows in one step of half a minute, counted since 1970."""
    app = TOTP(base64.b32decode(secret), 6, SHA1(), 30)
    return app.generate(30 * step).decode()


def begin(api: Api) -> str:
    response = api.call("POST", "/user/factors/totp")
    assert response.status_code == 201
    secret: str = response.json()["secret"]
    return secret


def add(api: Api) -> tuple[str, list[str]]:
    """Add an app; return its secret, and the recovery codes that came with it."""
    secret = begin(api)
    response = api.call("PUT", "/user/factors/totp", {"code": code(secret, -1)})
    assert response.status_code == 200
    return secret, response.json().get("recovery_codes", [])


def sign_in() -> Api:
    api = Api()
    api.take_token(api.call("POST", "/sessions", {"username": "ada", "password": PASSWORD}))
    return api


def show(api: Api, typed: str) -> Any:
    return api.call("POST", "/session/factors/totp", {"code": typed})


def refused(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def test_the_uri_is_what_apps_read(ada: Api, settings: Any) -> None:
    settings.PUBLIC_ORIGINS = ["https://id.example.org"]
    body = ada.call("POST", "/user/factors/totp").json()
    uri = urlsplit(body["otpauth_uri"])
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert uri.path == "/KubeVision%40id.example.org:ada"
    assert parse_qs(uri.query)["secret"] == [body["secret"]]
    assert parse_qs(uri.query)["issuer"] == ["KubeVision@id.example.org"]


def test_an_app_counts_once_a_code_of_it_was_shown(ada: Api) -> None:
    secret = begin(ada)
    assert ada.call("GET", "/user?include=factors").json()["factors"]["totp"] is None
    assert sign_in().call("GET", "/session").json()["state"] == "active"
    other = sign_in()
    before = ada.token
    response = ada.call("PUT", "/user/factors/totp", {"code": code(secret)})
    assert response.status_code == 200
    assert len(response.json()["recovery_codes"]) == 10
    # It counts as shown in this session, which keeps its token; all others end.
    session = ada.call("GET", "/session").json()
    assert ada.token == before
    assert session["amr"] == ["pwd", "otp", "mfa"]
    assert session["state"] == "active"
    assert refused(other.call("GET", "/session")) == (401, "unauthenticated")
    assert ada.call("POST", "/user/factors/totp").status_code == 201  # fresh proof


def test_password_and_app_sign_in(ada: Api) -> None:
    secret, _codes = add(ada)
    visitor = sign_in()
    session = visitor.call("GET", "/session").json()
    assert session["state"] == "awaiting_second_factor"
    assert session["available_factors"] == ["totp", "recovery_code"]
    assert refused(visitor.call("GET", "/user")) == (403, "second_factor_required")
    body = visitor.take_token(show(visitor, code(secret))).json()
    assert (body["state"], body["amr"]) == ("active", ["pwd", "otp", "mfa"])
    assert body["pass_token"]


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_half_a_minute_off_does_not_matter(ada: Api, steps: int) -> None:
    secret, _codes = add(ada)
    TotpFactor.objects.update(last_step=0)
    assert show(sign_in(), code(secret, steps)).status_code == 200


@pytest.mark.parametrize("steps", [-3, 3])
def test_a_clock_further_off_does(ada: Api, steps: int) -> None:
    secret, _codes = add(ada)
    assert refused(show(sign_in(), code(secret, steps))) == (401, "invalid_code")


def test_one_code_opens_once_and_none_before_it_any_more(ada: Api) -> None:
    secret, _codes = add(ada)  # with the code of half a minute ago
    typed, older = code(secret), code_of_step(secret, TotpFactor.objects.get().last_step)
    assert refused(show(sign_in(), older)) == (401, "invalid_code")
    assert show(sign_in(), f" {typed[:3]} {typed[3:]} ").status_code == 200
    assert refused(show(sign_in(), typed)) == (401, "invalid_code")


@pytest.mark.parametrize("typed", ["000000 0", "12345", "abcdef", "１２３４５６", "-12345", "\0"])
def test_what_is_no_code_is_refused(ada: Api, typed: str) -> None:
    add(ada)
    assert refused(show(sign_in(), typed)) == (401, "invalid_code")


def test_a_new_app_replaces_the_old_one_only_when_it_is_confirmed(ada: Api) -> None:
    old, codes = add(ada)
    new = begin(ada)
    assert show(sign_in(), code(old)).status_code == 200
    assert refused(ada.call("PUT", "/user/factors/totp", {"code": code(old, 1)})) == (
        401,
        "invalid_code",
    )
    response = ada.call("PUT", "/user/factors/totp", {"code": code(new)})
    assert "recovery_codes" not in response.json()
    assert codes
    assert refused(show(sign_in(), code(old, 1))) == (401, "invalid_code")
    assert show(sign_in(), code(new, 1)).status_code == 200


def test_a_secret_waits_ten_minutes(ada: Api) -> None:
    assert refused(ada.call("PUT", "/user/factors/totp", {"code": "123456"})) == (
        409,
        "nothing_to_confirm",
    )
    secret = begin(ada)
    TotpFactor.objects.update(pending_at=timezone.now() - timedelta(minutes=10))
    assert refused(ada.call("PUT", "/user/factors/totp", {"code": code(secret)})) == (
        409,
        "nothing_to_confirm",
    )


def test_removing_the_only_factor_takes_its_codes_along(ada: Api) -> None:
    add(ada)
    other = sign_in()
    assert ada.call("DELETE", "/user/factors/totp").status_code == 204
    assert other.call("GET", "/session").status_code == 401
    factors = ada.call("GET", "/user?include=factors").json()["factors"]
    assert factors == {"face": None, "totp": None, "recovery_codes": {"remaining": 0}}
    assert sign_in().call("GET", "/session").json()["state"] == "active"
    assert refused(ada.call("DELETE", "/user/factors/totp")) == (409, "factor_not_enrolled")


def test_removing_it_beside_a_face_keeps_the_codes(ada: Api, facelogin: Facelogin) -> None:
    add(ada)
    assert enrol(ada, facelogin).status_code == 200
    assert ada.call("DELETE", "/user/factors/totp").status_code == 204
    assert RecoveryCode.objects.count() == 10
    assert sign_in().call("GET", "/session").json()["available_factors"] == [
        "face",
        "recovery_code",
    ]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_all_of_it_needs_fresh_proof(ada: Api, method: str) -> None:
    add(ada)
    Session.objects.update(password_at=timezone.now() - timedelta(minutes=6))
    body = {"code": "123456"} if method == "PUT" else None
    assert refused(ada.call(method, "/user/factors/totp", body)) == (
        401,
        "reauthentication_required",
    )


def test_the_password_alone_is_no_fresh_proof_beside_an_app(ada: Api) -> None:
    secret, _codes = add(ada)
    Session.objects.update(otp_at=timezone.now() - timedelta(minutes=6))
    assert refused(ada.call("DELETE", "/user/factors/totp"))[0] == 401
    ada.take_token(show(ada, code(secret)))
    assert ada.call("DELETE", "/user/factors/totp").status_code == 204


def test_the_secret_is_nowhere_in_the_database(ada: Api) -> None:
    secret = begin(ada)
    row = TotpFactor.objects.get()
    raw = base64.b32decode(secret)
    assert secret not in row.pending_secret
    assert raw not in base64.b64decode(row.pending_secret)
    assert sealing.open_sealed(row.pending_secret, row.pk) == raw
    eve = User.objects.create_user("eve", PASSWORD)
    with pytest.raises(sealing.CannotOpen):  # moved into another person's row
        sealing.open_sealed(row.pending_secret, eve.pk)


def test_a_secret_outlives_one_renewal_of_the_key(ada: Api, settings: Any) -> None:
    secret, _codes = add(ada)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key that is long enough to be one"
    assert show(sign_in(), code(secret)).status_code == 200


def test_five_wrong_codes_then_a_wait_before_each(ada: Api, clock: Clock) -> None:
    secret, codes = add(ada)
    visitor = sign_in()
    for _ in range(5):
        assert refused(show(visitor, "000000")) == (401, "invalid_code")
    response = show(visitor, code(secret))
    assert refused(response) == (429, "too_many_attempts")
    assert response.headers["Retry-After"] == "1"
    assert response.headers["RateLimit-Policy"] == '"code";q=5'
    # Recovery codes are counted with them, in any session.
    body = {"code": codes[0]}
    assert refused(sign_in().call("POST", "/session/factors/recovery-code", body))[0] == 429
    clock.move(1)
    assert refused(show(visitor, "000000"))[0] == 401
    clock.move(1)
    assert refused(show(visitor, code(secret)))[0] == 429  # two seconds now
    clock.move(1)
    assert show(visitor, code(secret)).status_code == 200
    assert refused(show(sign_in(), "000000"))[0] == 401  # the row is over


def test_an_app_added_by_face_alone_adds_no_light(enrolled_ada: Api, facelogin: Facelogin) -> None:
    """Or who is taken for somebody once, would be them for good: see test_extensions."""
    ticket = enrolled_ada.call("POST", "/session/face-ticket", {"purpose": "verify"}).json()
    body = {"assertion": facelogin.assertion(ticket["ticket"], "match")}
    enrolled_ada.take_token(enrolled_ada.call("POST", "/session/factors/face", body))
    RecoveryCode.objects.all().delete()
    secret, _codes = add(enrolled_ada)
    enrolled_ada.take_token(show(enrolled_ada, code(secret)))
    response = enrolled_ada.call("POST", "/session/face-ticket", {"purpose": "extend"})
    assert refused(response) == (409, "factor_not_enrolled")


def test_an_app_from_before_the_face_adds_a_light(ada: Api, facelogin: Facelogin) -> None:
    secret, _codes = add(ada)
    enrol(ada, facelogin)
    visitor = sign_in()
    visitor.take_token(show(visitor, code(secret)))
    response = visitor.call("POST", "/session/face-ticket", {"purpose": "extend"})
    assert response.status_code == 201


@pytest.mark.parametrize("factor", ["totp", "face"])
def test_where_enrolment_takes_a_code_a_password_is_not_enough(
    ada: Api, facelogin: Facelogin, settings: Any, factor: str
) -> None:
    settings.ACCOUNTS_ENROLMENT = "invited"

    def begin_either() -> Any:
        if factor == "totp":
            return ada.call("POST", "/user/factors/totp")
        body = {"purpose": "enrol", "consent_version": CONSENT}
        return ada.call("POST", "/session/face-ticket", body)

    assert refused(begin_either()) == (403, "invitation_required")
    User.objects.update(may_enrol=True)
    assert begin_either().status_code == 201
    add(ada)
    assert not User.objects.get().may_enrol  # used up
    assert begin_either().status_code == 201  # whoever has a factor proves with it
    ada.call("DELETE", "/user/factors/totp")
    assert refused(begin_either()) == (403, "invitation_required")
