"""Browsers, services and moments that are not as they should be."""

from typing import Any

import pytest
from django.test import Client

from dashboard.tests.conftest import (
    ASSERTION,
    CODES,
    FULL,
    NEWCOMER,
    REGISTERED,
    TOKEN,
    WAITING,
    Accounts,
    opened,
    words,
)

PASSWORD = "a sentence nobody guesses"


@pytest.mark.parametrize(
    ("status", "code"), [(429, "too_many_attempts"), (404, "not_found"), (413, "content_too_large")]
)
@pytest.mark.parametrize("path", ["/", "/login", "/profile", "/train", "/confirm", "/facelogin"])
def test_any_refusal_of_a_read_is_a_page_of_ours(
    ada: Client, accounts: Accounts, path: str, status: int, code: str
) -> None:
    accounts.refuses("GET /session", code)
    accounts.refuses("GET /user", code)
    page = ada.get(path)
    assert page.status_code == status and words(code).encode() in page.content
    assert "kv_session" not in page.cookies  # nobody is signed out by it
    assert page.headers.get("Retry-After") == ("30" if status == 429 else None)


@pytest.mark.parametrize(
    ("code", "answered"), [("invalid_credentials", 400), ("too_many_attempts", 429)]
)
def test_confirm_says_any_refusal(
    ada: Client, accounts: Accounts, code: str, answered: int
) -> None:
    accounts.refuses("POST /session/reauthentication", code)
    page = ada.post("/confirm", {"password": "wrong"})
    assert page.status_code == answered and words(code).encode() in page.content


@pytest.mark.parametrize("user_agent", ["Browser é", "Бровзер", " "])
def test_a_browser_may_call_itself_anything(ada: Client, user_agent: str) -> None:
    page = ada.get("/", headers={"User-Agent": user_agent.encode().decode("latin-1")})
    assert page.status_code == 200 and b"Hello, Ada" in page.content


@pytest.mark.parametrize("value", ["a\nb", "é", "a b", "x" * 5000, "../.."])
def test_a_cookie_that_is_no_token_is_nobody(
    nobody: Client, accounts: Accounts, value: str
) -> None:
    nobody.cookies["kv_session"] = value
    assert nobody.get("/profile").headers["Location"] == "/login?next=%2Fprofile"
    assert accounts.calls == []


@pytest.mark.parametrize("body", [[], {}, {"factors": 5}, "text", NEWCOMER | {"sessions": [5]}])
def test_an_answer_of_another_shape_is_an_outage(
    ada: Client, accounts: Accounts, body: Any
) -> None:
    accounts.says("GET /user", body)
    assert ada.get("/").status_code == 503
    accounts.breaks_the_contract("GET /user")
    accounts.says("GET /user", {}, 302)
    assert ada.get("/").status_code == 503
    accounts.breaks_the_contract("GET /user")


def test_signing_in_over_a_session_ends_it(ada: Client, accounts: Accounts) -> None:
    accounts.says("DELETE /session", {})
    accounts.says("POST /sessions", opened(WAITING))
    ada.cookies["kv_pass"] = "old"
    response = ada.post("/login", {"username": "bob", "password": PASSWORD})
    assert accounts.headers_of("DELETE /session")["Authorization"] == "Bearer token"
    assert response.cookies["kv_session"].value == TOKEN
    assert response.cookies["kv_pass"]["max-age"] == 0


def test_registered_but_not_signed_in_leads_to_the_login(
    nobody: Client, accounts: Accounts
) -> None:
    accounts.says("POST /users", REGISTERED)
    accounts.refuses("POST /sessions", "too_many_attempts")
    response = nobody.post("/register", {"username": "ada", "password": PASSWORD})
    assert response.headers["Location"] == "/login?next=%2Ftrain"


def test_the_way_on_is_not_lost(ada: Client, accounts: Accounts, settings: Any) -> None:
    accounts.refuses("POST /session/factors/face", "unauthenticated")
    response = ada.post("/facelogin", ASSERTION | {"next": "/auth/admin/"})
    assert "next%3D%252Fauth%252Fadmin%252F" in response.headers["Location"]
    ada.cookies["kv_session"] = "token"
    accounts.refuses("POST /session/face-ticket", "unauthenticated")
    body = ada.post("/facelogin/ticket", {"next": "/auth/admin/"}).json()
    assert "auth" in body["next"]
    settings.ACCOUNTS_URL = "http://127.0.0.1:9"
    page = ada.get("/login/other?next=/auth/admin/").content.decode()
    assert 'href="/login/other?next=/auth/admin/"' in page


def test_without_facelogin_nothing_offers_a_camera(
    ada: Client, accounts: Accounts, settings: Any
) -> None:
    settings.FACELOGIN_URL = ""
    for path in ("/", "/profile"):
        assert b"/train" not in ada.get(path).content, path
    assert ada.get("/train").status_code == 404
    accounts.says("GET /session", WAITING)
    assert b"/facelogin" not in ada.get("/login/other").content
    accounts.says("GET /session", WAITING | {"available_factors": []})
    assert ada.get("/facelogin").headers["Location"] == "/login/other"


def test_lost_recovery_codes_can_be_replaced(ada: Client, accounts: Accounts) -> None:
    assert b'action="/profile/recovery-codes"' in ada.get("/profile").content
    accounts.says("POST /user/factors/recovery-codes", CODES)
    page = ada.post("/profile/recovery-codes")
    assert page.status_code == 200 and all(code.encode() in page.content for code in CODES["codes"])
    assert "no-store" in page.headers["Cache-Control"]
    accounts.refuses("POST /user/factors/recovery-codes", "reauthentication_required")
    response = ada.post("/profile/recovery-codes")
    assert response.headers["Location"] == "/confirm?next=%2Fprofile"


@pytest.mark.parametrize("path", ["/", "/login", "/register", "/profile", "/train"])
def test_head_is_answered(ada: Client, accounts: Accounts, path: str) -> None:
    accounts.says("GET /session", FULL)
    assert ada.head(path).status_code in {200, 302}


def test_what_describes_a_field_is_there(nobody: Client, accounts: Accounts) -> None:
    import re

    accounts.refuses("POST /users", "invalid_input", errors={"password": ["Too common."]})
    text = nobody.post("/register", {"username": "a", "password": "b" * 10}).content.decode()
    named = {
        name for names in re.findall(r'aria-describedby="([^"]+)"', text) for name in names.split()
    }
    assert "id_password_error" in named
    assert all(f'id="{name}"' in text for name in named)
