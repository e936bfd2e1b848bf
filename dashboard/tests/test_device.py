"""The cookie by which accounts knows a browser again: kept apart from the session."""

from typing import Any

import pytest
from django.test import Client

from dashboard.tests.conftest import REGISTERED, SESSION, WAITING, Accounts, opened
from dashboard.views.door import DEVICE_HEADER, DEVICE_SECONDS

DEVICE = "d" * 43
NEW = {"device_token": "n" * 43}
SIGN_IN = {"username": "ada", "password": "a sentence nobody guesses"}


@pytest.mark.parametrize("session", [SESSION, WAITING])
def test_a_browser_that_is_new_is_known_from_its_first_sign_in(
    nobody: Client, accounts: Accounts, session: dict[str, Any]
) -> None:
    accounts.says("POST /sessions", opened(session) | NEW)
    cookie = nobody.post("/login", SIGN_IN).cookies["kv_device"]
    assert DEVICE_HEADER not in accounts.headers_of("POST /sessions")
    assert cookie.value == NEW["device_token"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/"
    assert cookie["max-age"] == DEVICE_SECONDS == 180 * 24 * 3600
    assert not cookie["secure"] and not cookie["domain"]


def test_it_says_who_it_is_and_its_cookie_is_renewed(nobody: Client, accounts: Accounts) -> None:
    nobody.cookies["kv_device"] = DEVICE
    accounts.says("POST /sessions", opened(SESSION))
    cookie = nobody.post("/login", SIGN_IN).cookies["kv_device"]
    assert accounts.headers_of("POST /sessions")[DEVICE_HEADER] == DEVICE
    assert (cookie.value, cookie["max-age"]) == (DEVICE, DEVICE_SECONDS)


def test_what_accounts_does_not_know_it_replaces(nobody: Client, accounts: Accounts) -> None:
    nobody.cookies["kv_device"] = DEVICE
    accounts.says("POST /sessions", opened(SESSION) | NEW)
    assert nobody.post("/login", SIGN_IN).cookies["kv_device"].value == NEW["device_token"]


def test_who_just_registered_has_one_too(nobody: Client, accounts: Accounts) -> None:
    accounts.says("POST /users", REGISTERED)
    accounts.says("POST /sessions", opened(SESSION) | NEW)
    assert nobody.post("/register", SIGN_IN).cookies["kv_device"].value == NEW["device_token"]


def test_every_call_says_it(ada: Client, accounts: Accounts) -> None:
    ada.cookies["kv_device"] = DEVICE
    ada.get("/profile")
    assert accounts.headers_of("GET /user")[DEVICE_HEADER] == DEVICE


@pytest.mark.parametrize("value", ["", "d" * 21, "d" * 201, "caf\u00e9" * 10, "d" * 30 + " x"])
def test_what_nobody_gave_is_not_said(ada: Client, accounts: Accounts, value: str) -> None:
    ada.cookies["kv_device"] = value
    accounts.says("POST /sessions", opened(SESSION))
    response = ada.post("/login", SIGN_IN)
    assert DEVICE_HEADER not in accounts.headers_of("POST /sessions")
    assert "kv_device" not in response.cookies


def test_a_refused_sign_in_leaves_it(nobody: Client, accounts: Accounts) -> None:
    nobody.cookies["kv_device"] = DEVICE
    accounts.refuses("POST /sessions", "invalid_credentials")
    assert "kv_device" not in nobody.post("/login", SIGN_IN).cookies


def test_signing_out_keeps_it(ada: Client, accounts: Accounts) -> None:
    ada.cookies["kv_device"] = DEVICE
    accounts.says("DELETE /session", {})
    response = ada.post("/logout")
    assert "kv_device" not in response.cookies and ada.cookies["kv_device"].value == DEVICE


def test_it_is_secure_behind_tls(nobody: Client, accounts: Accounts, settings: Any) -> None:
    settings.SECURE_COOKIES = True
    settings.DEVICE_COOKIE = "__Host-kv_device"
    accounts.says("POST /sessions", opened(SESSION) | NEW)
    cookie = nobody.post("/login", SIGN_IN).cookies["__Host-kv_device"]
    assert cookie["secure"] and cookie["path"] == "/" and cookie["domain"] == ""
