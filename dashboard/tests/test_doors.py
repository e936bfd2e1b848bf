"""Every step of a sign-in: where it may lead, what cookies it leaves, what it never shows."""

import re
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connections
from django.test import Client

from dashboard.tests.conftest import (
    ACCOUNT,
    ASSERTION,
    EVENTS,
    EVERYTHING,
    FULL,
    SESSION,
    TICKET,
    TOKENS,
    WAITING,
    Accounts,
    opened,
    words,
)
from kubevision import contracts

PASSWORD = "a sentence nobody guesses"
MARKUP = '"><script>alert(1)</script>'
ELSEWHERE = ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
STEPS: list[tuple[str, str, dict[str, str]]] = [
    ("/login", "POST /sessions", {"username": "ada", "password": PASSWORD}),
    ("/facelogin", "POST /session/factors/face", ASSERTION),
    ("/login/other", "POST /session/factors/recovery-code", {"code": "AAAA"}),
    ("/confirm", "POST /session/reauthentication", {"password": PASSWORD}),
]
# Pages as a browser comes to see them when something went wrong, beside those of test_pages.
AWKWARD_PAGES: list[tuple[str, dict[str, str], str]] = [
    ("/login", {"username": "ada", "password": PASSWORD}, "POST /sessions"),
    ("/register", {"username": "ada", "password": PASSWORD}, "POST /users"),
    ("/facelogin", ASSERTION, "POST /session/factors/face"),
    ("/login/other", {"code": "AAAA"}, "POST /session/factors/recovery-code"),
    ("/train", ASSERTION, "PUT /user/factors/face"),
]

# A refusal that each call may meet.
REFUSALS = {
    "POST /sessions": "invalid_credentials",
    "POST /users": "invalid_input",
    "POST /session/reauthentication": "invalid_credentials",
    "POST /session/factors/face": "assertion_refused",
    "POST /session/factors/recovery-code": "invalid_code",
    "PUT /user/factors/face": "assertion_refused",
}


def has_no_inline_code(text: str) -> bool:
    scripts = re.findall(r"<script[^>]*>", text)
    return (
        all("src=" in script or 'type="application/json"' in script for script in scripts)
        and "<style" not in text
        and not re.search(r"\s(style|on[a-z]+)=", text)
    )


def test_the_room_alone_has_no_database_and_no_django_sessions() -> None:
    assert connections.settings["default"]["ENGINE"] == "django.db.backends.dummy"
    names = " ".join([*configured.INSTALLED_APPS, *configured.MIDDLEWARE])
    assert "contrib.auth" not in names and "sessions" not in names


@pytest.mark.parametrize(("path", "call", "data"), STEPS)
def test_no_step_leads_elsewhere(
    ada: Client, accounts: Accounts, path: str, call: str, data: dict[str, str]
) -> None:
    accounts.says(call, opened(SESSION))
    for target in ELSEWHERE:
        response = ada.post(path, data | {"next": target})
        assert response.headers["Location"] == "/", target


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("path", ["/login", "/facelogin", "/login/other", "/confirm"])
def test_no_page_carries_elsewhere_on(
    ada: Client, accounts: Accounts, path: str, target: str
) -> None:
    response = ada.get(path, {"next": target})
    assert "evil" not in response.headers.get("Location", "")
    assert b"evil" not in response.content and b"alert(1)" not in response.content


def test_an_active_session_needs_no_login_page(ada: Client) -> None:
    assert ada.get("/login").headers["Location"] == "/"


def test_an_active_session_sent_here_by_another_door_signs_in_again(ada: Client) -> None:
    """Django admin sends people here whose pass is gone; sending them back would be a loop."""
    assert ada.get("/login", {"next": "/auth/admin/"}).status_code == 200


@pytest.mark.parametrize("path", ["/facelogin", "/login/other", "/confirm"])
def test_next_goes_along(ada: Client, accounts: Accounts, path: str) -> None:
    accounts.says("GET /session", FULL if path == "/confirm" else WAITING)
    page = ada.get(path, {"next": "/profile?a=b&c=d"}).content.decode()
    assert 'name="next" value="/profile?a=b&amp;c=d"' in page


@pytest.mark.parametrize(("path", "call", "data"), STEPS)
def test_each_step_renews_both_cookies(
    ada: Client, accounts: Accounts, path: str, call: str, data: dict[str, str]
) -> None:
    accounts.says(call, opened(SESSION))
    response = ada.post(path, data)
    for name, kind in (("kv_session", "token"), ("kv_pass", "pass_token")):
        cookie = response.cookies[name]
        assert cookie.value == TOKENS[kind]
        assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/"
        assert cookie["max-age"] == ""  # forgotten when the browser closes
    for token in TOKENS.values():
        assert token.encode() not in response.content
        assert token not in response.headers["Location"]


@pytest.mark.parametrize(("path", "call", "data"), STEPS)
def test_a_refused_step_leaves_the_cookies(
    ada: Client, accounts: Accounts, path: str, call: str, data: dict[str, str]
) -> None:
    accounts.says("GET /session", SESSION if path == "/confirm" else WAITING)
    accounts.refuses(call, REFUSALS[call])
    response = ada.post(path, data)
    assert response.status_code == 400
    assert not {"kv_session", "kv_pass"} & set(response.cookies)


def test_cookies_behind_tls_are_forgotten_under_their_own_names(
    ada: Client, accounts: Accounts, settings: Any
) -> None:
    settings.SECURE_COOKIES = True
    settings.SESSION_TOKEN_COOKIE = "__Host-kv_session"
    settings.PASS_COOKIE = "__Secure-kv_pass"
    settings.PASS_COOKIE_DOMAIN = ".example.org"
    ada.cookies["__Host-kv_session"] = "token"
    response = ada.post("/logout")
    session, passed = response.cookies["__Host-kv_session"], response.cookies["__Secure-kv_pass"]
    # A browser refuses these prefixes without Secure, so an answer without it deletes nothing.
    for cookie in (session, passed):
        assert cookie["max-age"] == 0 and cookie["secure"] and cookie["path"] == "/"
    assert (session["domain"], passed["domain"]) == ("", ".example.org")


def test_the_csrf_cookie_is_not_for_scripts(nobody: Client) -> None:
    cookie = nobody.get("/login").cookies["kv_csrf"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


@pytest.mark.parametrize(
    "path",
    [
        "/", "/profile", "/train", "/confirm", "/login/other", "/profile/edit",
        "/profile/password", "/profile/totp", "/profile/totp/remove", "/profile/face/remove",
        "/profile/sessions", "/profile/events",
    ],
)  # fmt: skip
def test_a_page_costs_one_call(ada: Client, accounts: Accounts, path: str) -> None:
    accounts.says("GET /user", EVERYTHING)
    accounts.says("GET /user/events", EVENTS)
    assert ada.get(path).status_code == 200
    assert len(accounts.calls) == 1


@pytest.mark.parametrize("path", ["/", "/profile", "/train", "/confirm"])
def test_a_name_is_text(ada: Client, accounts: Accounts, path: str) -> None:
    name = {"display_name": MARKUP}
    accounts.says("GET /session", SESSION | {"user": SESSION["user"] | name})
    accounts.says("GET /user", ACCOUNT | name)
    page = ada.get(path).content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


@pytest.mark.parametrize(("path", "data", "call"), AWKWARD_PAGES)
def test_a_refusal_is_text_on_a_page_of_ours(
    ada: Client, accounts: Accounts, path: str, data: dict[str, str], call: str
) -> None:
    accounts.says("GET /session", SESSION if path == "/train" else WAITING)
    accounts.refuses(call, REFUSALS[call], detail=MARKUP, errors={})
    page = ada.post(path, data | {"username": MARKUP} if "username" in data else data)
    text = page.content.decode()
    assert page.status_code == 400 and "no-store" in page.headers["Cache-Control"]
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text
    assert has_no_inline_code(text)
    assert 'role="alert"' in text
    assert PASSWORD not in text


@pytest.mark.parametrize(
    ("code", "more"),
    [("username_taken", {"detail": MARKUP}), ("invalid_input", {"errors": {"username": [MARKUP]}})],
)
def test_a_refusal_at_a_field_is_text(
    nobody: Client, accounts: Accounts, code: str, more: dict[str, Any]
) -> None:
    accounts.refuses("POST /users", code, **more)
    text = nobody.post("/register", {"username": "ada", "password": PASSWORD}).content.decode()
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text
    assert has_no_inline_code(text)


@pytest.mark.parametrize("assertion", [{}, {"assertion": ""}, {"assertion": "x" * 4097}])
@pytest.mark.parametrize("path", ["/facelogin", "/train"])
def test_what_is_no_assertion_is_not_shown_to_accounts(
    ada: Client, accounts: Accounts, path: str, assertion: dict[str, str]
) -> None:
    accounts.says("GET /session", SESSION if path == "/train" else WAITING)
    page = ada.post(path, assertion)
    assert page.status_code == 400 and b"Nothing of the camera came" in page.content
    assert [name for name, _, _ in accounts.calls] == ["GET /session"]


@pytest.mark.parametrize(("path", "data", "call"), AWKWARD_PAGES)
def test_accounts_away_in_mid_step_is_said(
    ada: Client, settings: Any, path: str, data: dict[str, str], call: str
) -> None:
    settings.ACCOUNTS_URL = "http://127.0.0.1:9"
    page = ada.post(path, data)
    text = page.content.decode()
    assert page.status_code == 503 and page.headers["Retry-After"] == "5"
    assert has_no_inline_code(text)
    if "username" in data:  # the form is still there, with what was typed
        assert 'value="ada"' in text and "does not answer" in text
    else:
        assert f'href="{path}"' in text
    assert not {"kv_session", "kv_pass"} & set(page.cookies)
    assert PASSWORD not in text and "Traceback" not in text


def test_the_page_of_recovery_codes_holds_no_inline_code(ada: Client, accounts: Accounts) -> None:
    first_time = contracts.example("face_activated.first_time")
    accounts.says("PUT /user/factors/face", first_time)
    text = ada.post("/train", ASSERTION).content.decode()
    assert first_time["recovery_codes"][0] in text and has_no_inline_code(text)


def test_the_ticket_stands_in_no_page(ada: Client, accounts: Accounts) -> None:
    accounts.says("POST /session/face-ticket", TICKET)
    for path in ("/train", "/facelogin"):
        accounts.says("GET /session", FULL)
        text = ada.get(path).content.decode()
        assert str(TICKET["ticket"]) not in text and str(TICKET["websocket_url"]) not in text
    assert "POST /session/face-ticket" not in [name for name, _, _ in accounts.calls]


@pytest.mark.parametrize("path", ["/facelogin/ticket", "/train/ticket", "/logout"])
def test_what_changes_something_is_never_a_link(ada: Client, accounts: Accounts, path: str) -> None:
    assert ada.get(path).status_code == 405
    assert accounts.calls == []


def test_consent_of_yesterday_is_said_in_accounts_words(ada: Client, accounts: Accounts) -> None:
    accounts.refuses(
        "POST /session/face-ticket", "consent_required", current_consent_version="2027-01"
    )
    response = ada.post("/train/ticket", {"consent": "2026-11.2"})
    assert response.status_code == 409
    assert response.json() == {
        "code": "consent_required", "detail": words("consent_required")
    }  # fmt: skip


@pytest.mark.parametrize("token", ["", "ü", "a b", "x" * 4000])
def test_a_cookie_the_visitor_wrote_opens_nothing(
    nobody: Client, accounts: Accounts, token: str
) -> None:
    nobody.cookies["kv_session"] = token
    for path in ("/profile", "/train", "/facelogin", "/confirm"):
        response = nobody.get(path)
        assert response.status_code == 302, path
        assert response.headers["Location"].startswith("/login?next=")
