from datetime import timedelta
from unittest import mock

import pytest
from django.utils import timezone

from accounts import passwords
from accounts.models import Session, User
from accounts.tests.conftest import PASSWORD, Api


def test_a_password_alone_opens_an_active_session(ada: Api) -> None:
    body = ada.call("GET", "/session").json()
    assert body["state"] == "active"
    assert body["amr"] == ["pwd"]
    assert body["available_factors"] == []
    assert body["user"]["username"] == "ada"
    assert "token" not in body and "pass_token" not in body


def test_tokens_are_kept_as_hashes_only(ada: Api) -> None:
    row = Session.objects.get()
    assert ada.token not in (row.token_hash, row.pass_hash)
    assert len(ada.token) >= 43  # 256 bits


@pytest.mark.parametrize("username", ["nobody", "ada", "disabled"])
def test_every_refusal_looks_and_costs_the_same(ada: Api, username: str) -> None:
    User.objects.create_user("disabled", PASSWORD, is_active=False)
    passwords._nobodys_hash()
    wrong = PASSWORD if username == "disabled" else "wrong password"
    ada.token = ""
    with mock.patch(
        "accounts.passwords.check_password", side_effect=passwords.check_password
    ) as check:
        response = ada.call("POST", "/sessions", {"username": username, "password": wrong})
    assert check.call_count == 1
    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    assert response.json()["detail"] == "User name or password is wrong."


def test_any_spelling_of_the_name_signs_in(ada: Api) -> None:
    response = ada.call("POST", "/sessions", {"username": "ＡDA", "password": PASSWORD})
    assert response.status_code == 201


def test_signing_out_ends_token_and_pass(ada: Api) -> None:
    assert ada.call("DELETE", "/session").status_code == 204
    assert ada.call("GET", "/session").status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer " + "x" * 9000])
def test_without_a_token_nothing_opens(ada: Api, header: str) -> None:
    ada.token = ""
    response = ada.call("GET", "/session", Authorization=header)
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_cookie_written_by_the_visitor_opens_nothing(ada: Api) -> None:
    token, ada.token = ada.token, ""
    for name in ("kv_session", "kv_pass", "username", "sessionid"):
        ada.client.cookies[name] = token
    assert ada.call("GET", "/session").status_code == 401
    assert ada.call("GET", "/user").status_code == 401


def test_confirming_the_password_renews_the_token(ada: Api) -> None:
    old = ada.token
    Session.objects.update(password_at=timezone.now() - timedelta(minutes=6))
    ada.take_token(ada.call("POST", "/session/reauthentication", {"password": PASSWORD}))
    assert ada.call("GET", "/session").status_code == 200
    assert ada.call("GET", "/session", Authorization=f"Bearer {old}").status_code == 401


def test_a_wrong_password_confirms_nothing(ada: Api) -> None:
    response = ada.call("POST", "/session/reauthentication", {"password": "wrong password"})
    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    assert ada.call("GET", "/session").status_code == 200


@pytest.mark.parametrize(
    ("field", "age"), [("seen_at", timedelta(hours=1)), ("created_at", timedelta(hours=24))]
)
def test_sessions_end_by_themselves(ada: Api, field: str, age: timedelta) -> None:
    Session.objects.update(**{field: timezone.now() - age + timedelta(seconds=30)})
    assert ada.call("GET", "/session").status_code == 200
    Session.objects.update(**{field: timezone.now() - age})
    assert ada.call("GET", "/session").status_code == 401


def test_a_disabled_person_is_out_at_once(ada: Api) -> None:
    User.objects.update(is_active=False)
    assert ada.call("GET", "/session").status_code == 401


def test_the_account_is_shown_to_its_owner(ada: Api) -> None:
    body = ada.call("GET", "/user?include=factors").json()
    assert body["username"] == "ada"
    assert body["factors"] == {"face": None, "totp": None, "recovery_codes": {"remaining": 0}}


def test_unknown_paths_and_methods_answer_as_problems(ada: Api) -> None:
    assert ada.call("GET", "/no/such/path").json()["code"] == "not_found"
    response = ada.call("PATCH", "/session")
    assert (response.status_code, response.headers["Allow"]) == (405, "DELETE, GET")


def test_answers_are_never_stored(ada: Api) -> None:
    assert ada.call("GET", "/session").headers["Cache-Control"] == "no-store"
