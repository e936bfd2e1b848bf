import re
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from dashboard.tests.conftest import (
    ACCOUNT,
    ASSERTION,
    EVENTS,
    EVERYTHING,
    FACE,
    FULL,
    NEWCOMER,
    REGISTERED,
    SESSION,
    TICKET,
    TOKEN,
    TOKENS,
    WAITING,
    Accounts,
    opened,
    words,
)
from kubevision import contracts

PASSWORD = "a sentence nobody guesses"
SIGN_IN = {"username": "ada", "password": PASSWORD}

FOR_PEOPLE = [
    "/profile", "/train", "/confirm", "/facelogin", "/login/other", "/profile/edit",
    "/profile/password", "/profile/totp", "/profile/totp/remove", "/profile/face/remove",
    "/profile/sessions", "/profile/events",
]  # fmt: skip


def test_home_for_nobody(nobody: Client, accounts: Accounts) -> None:
    page = nobody.get("/")
    assert page.status_code == 200 and b"Create an account" in page.content
    assert accounts.calls == []


def test_home_greets(ada: Client, accounts: Accounts) -> None:
    accounts.says("GET /user", NEWCOMER)
    page = ada.get("/")
    assert b"Hello, Ada" in page.content and b"Enrol my face" in page.content
    assert b'id="offer-totp"' in page.content and b"password only" in page.content
    assert len(accounts.calls) == 1


@pytest.mark.parametrize("path", FOR_PEOPLE)
def test_pages_for_people_send_nobody_to_the_login(nobody: Client, path: str) -> None:
    response = nobody.get(path)
    assert response.headers["Location"] == f"/login?next={quote(path, safe='')}"


@pytest.mark.parametrize("path", FOR_PEOPLE)
def test_a_dead_token_is_forgotten(nobody: Client, accounts: Accounts, path: str) -> None:
    nobody.cookies["kv_session"] = "old"
    nobody.cookies["kv_pass"] = "old"
    response = nobody.get(path)
    assert response.headers["Location"].startswith("/login?next=")
    for name in ("kv_session", "kv_pass"):
        assert response.cookies[name]["max-age"] == 0


@pytest.mark.parametrize("path", ["/login", "/train", "/confirm", "/profile/totp"])
def test_a_waiting_session_is_led_to_the_camera(ada: Client, accounts: Accounts, path: str) -> None:
    accounts.says("GET /session", WAITING)
    assert ada.get(path).headers["Location"].startswith("/facelogin")


@pytest.mark.parametrize(("path", "way_on"), [("/", ""), ("/profile", "?next=%2Fprofile")])
def test_a_waiting_session_sees_nothing(
    ada: Client, accounts: Accounts, path: str, way_on: str
) -> None:
    accounts.refuses("GET /user", "second_factor_required")
    accounts.says("GET /session", WAITING)
    assert ada.get(path).headers["Location"] == f"/facelogin{way_on}"
    accounts.says("GET /session", WAITING | {"available_factors": ["totp", "face"]})
    assert ada.get(path).headers["Location"] == f"/login/other{way_on}"
    accounts.refuses("GET /session", "unauthenticated")  # ended meanwhile
    assert ada.get(path).headers["Location"] == f"/login{way_on}"


def test_signing_in_sets_the_cookies(nobody: Client, accounts: Accounts) -> None:
    accounts.says("POST /sessions", opened(SESSION))
    response = nobody.post("/login", SIGN_IN | {"next": "/profile"})
    assert response.headers["Location"] == "/profile"
    assert accounts.body_of("POST /sessions") == SIGN_IN
    for name, kind in (("kv_session", "token"), ("kv_pass", "pass_token")):
        cookie = response.cookies[name]
        assert cookie.value == TOKENS[kind]
        assert cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/"
        assert not cookie["secure"] and not cookie["domain"]


def test_cookies_are_secure_behind_tls(nobody: Client, accounts: Accounts, settings: Any) -> None:
    settings.SECURE_COOKIES = True
    settings.PASS_COOKIE_DOMAIN = ".example.org"
    accounts.says("POST /sessions", opened(SESSION))
    response = nobody.post("/login", SIGN_IN)
    assert response.cookies["kv_session"]["secure"]
    assert response.cookies["kv_session"]["domain"] == ""
    assert response.cookies["kv_pass"]["domain"] == ".example.org"


def test_a_waiting_sign_in_goes_on_to_the_camera(nobody: Client, accounts: Accounts) -> None:
    accounts.says("POST /sessions", opened(WAITING))
    response = nobody.post("/login", SIGN_IN | {"next": "/profile"})
    assert response.headers["Location"] == "/facelogin?next=%2Fprofile"
    assert response.cookies["kv_pass"]["max-age"] == 0  # of whoever was signed in here before


def test_without_a_usable_face_it_goes_on_to_the_codes(nobody: Client, accounts: Accounts) -> None:
    session = WAITING | {"available_factors": ["recovery_code"]}
    accounts.says("POST /sessions", opened(session))
    assert nobody.post("/login", SIGN_IN).headers["Location"] == "/login/other"


def test_a_refused_sign_in_is_said_and_nothing_typed_is_lost(
    nobody: Client, accounts: Accounts
) -> None:
    accounts.refuses("POST /sessions", "invalid_credentials")
    page = nobody.post("/login", SIGN_IN)
    assert page.status_code == 400
    assert words("invalid_credentials").encode() in page.content
    assert b'value="ada"' in page.content and PASSWORD.encode() not in page.content


@pytest.mark.parametrize(
    ("target", "is_followed"),
    [
        ("/profile", True),
        ("/auth/admin/?a=b", True),
        ("http://wiki.example.org/page", True),
        ("https://wiki.example.org/page", True),
        ("https://evil.example", False),
        ("//evil.example", False),
        ("///evil.example", False),
        ("/\\evil.example", False),
        ("\\\\evil.example", False),
        ("http:evil.example", False),
        ("http:///evil.example", False),
        ("javascript:alert(1)", False),
        ("https://wiki.example.org@evil.example", False),
        ("https://wiki.example.org.evil.example", False),
        ("", False),
    ],
)
def test_next_leads_only_where_it_may(
    nobody: Client, accounts: Accounts, settings: Any, target: str, is_followed: bool
) -> None:
    settings.LOGIN_REDIRECT_HOSTS = ["wiki.example.org"]
    accounts.says("POST /sessions", opened(SESSION))
    response = nobody.post("/login", SIGN_IN | {"next": target})
    assert response.status_code == 302
    assert response.headers["Location"] == (target if is_followed else "/")


def test_registering_signs_in_and_leads_to_the_camera(nobody: Client, accounts: Accounts) -> None:
    accounts.says("POST /users", REGISTERED)
    accounts.says("POST /sessions", opened(SESSION))
    response = nobody.post("/register", SIGN_IN | {"display_name": "Ada"})
    assert response.headers["Location"] == "/train"
    assert response.cookies["kv_session"].value == TOKEN


def test_registering_shows_accounts_words_at_their_field(
    nobody: Client, accounts: Accounts
) -> None:
    accounts.refuses("POST /users", "invalid_input", errors={"password": ["Too common."]})
    page = nobody.post("/register", SIGN_IN)
    assert page.status_code == 400
    assert re.search(rb'id="id_password_error">.*Too common', page.content, re.DOTALL)
    accounts.refuses("POST /users", "username_taken")
    page = nobody.post("/register", SIGN_IN)
    assert re.search(
        rf'id="id_username_error">.*{words("username_taken")}', page.content.decode(), re.DOTALL
    )


def test_an_assertion_opens_the_session(ada: Client, accounts: Accounts) -> None:
    accounts.says("POST /session/factors/face", opened(FULL))
    response = ada.post("/facelogin", ASSERTION | {"next": "/profile"})
    assert response.headers["Location"] == "/profile"
    assert response.cookies["kv_session"].value == TOKEN
    assert accounts.body_of("POST /session/factors/face") == ASSERTION


def test_a_refused_assertion_is_said(ada: Client, accounts: Accounts) -> None:
    accounts.says("GET /session", WAITING)
    accounts.refuses("POST /session/factors/face", "assertion_refused")
    page = ada.post("/facelogin", ASSERTION)
    assert page.status_code == 400 and words("assertion_refused").encode() in page.content
    assert b'id="other-factor"' in page.content


def test_a_recovery_code_opens_the_session(ada: Client, accounts: Accounts) -> None:
    accounts.says("POST /session/factors/recovery-code", opened(FULL))
    response = ada.post("/login/other", {"code": "AAAA", "next": "/profile"})
    assert response.headers["Location"] == "/profile"
    accounts.says("GET /session", WAITING)
    accounts.refuses("POST /session/factors/recovery-code", "invalid_code")
    assert words("invalid_code").encode() in ada.post("/login/other", {"code": "B"}).content


def test_somebody_without_codes_is_told(ada: Client, accounts: Accounts) -> None:
    accounts.says("GET /session", WAITING | {"available_factors": []})
    assert b"Ask an administrator" in ada.get("/login/other").content


@pytest.mark.parametrize(
    ("session", "target"),
    [
        (SESSION, "/train"),
        (FULL, "/facelogin?next=%2Ftrain"),
        (FULL | {"available_factors": ["recovery_code"]}, "/login/other?next=%2Ftrain"),
    ],
)
def test_confirming_asks_for_all_a_person_has(
    ada: Client, accounts: Accounts, session: Any, target: str
) -> None:
    accounts.says("POST /session/reauthentication", opened(session))
    response = ada.post("/confirm", {"password": PASSWORD, "next": "/train"})
    assert response.headers["Location"] == target
    assert response.cookies["kv_session"].value == TOKEN


def test_a_wrong_password_confirms_nothing(ada: Client, accounts: Accounts) -> None:
    accounts.refuses("POST /session/reauthentication", "invalid_credentials")
    page = ada.post("/confirm", {"password": "wrong", "next": "/train"})
    assert page.status_code == 400 and words("invalid_credentials").encode() in page.content
    assert "kv_session" not in page.cookies


def test_enrolling_needs_fresh_proof(ada: Client, accounts: Accounts) -> None:
    accounts.says("GET /session", SESSION | {"authenticated_at": "2020-01-01T00:00:00Z"})
    assert ada.get("/train").headers["Location"] == "/confirm?next=%2Ftrain"
    accounts.refuses("PUT /user/factors/face", "reauthentication_required")
    response = ada.post("/train", ASSERTION)
    assert response.headers["Location"] == "/confirm?next=%2Ftrain"


def test_recovery_codes_are_shown_once_and_never_stored(ada: Client, accounts: Accounts) -> None:
    first_time = contracts.example("face_activated.first_time")
    accounts.says("PUT /user/factors/face", first_time)
    page = ada.post("/train", ASSERTION)
    assert page.status_code == 200 and "no-store" in page.headers["Cache-Control"]
    assert all(code.encode() in page.content for code in first_time["recovery_codes"])
    accounts.says("PUT /user/factors/face", FACE)
    assert ada.post("/train", ASSERTION).headers["Location"] == "/profile"


def test_facelogin_down_while_enrolling_is_said(ada: Client, accounts: Accounts) -> None:
    accounts.refuses("PUT /user/factors/face", "facelogin_unavailable")
    page = ada.post("/train", ASSERTION)
    assert page.status_code == 503 and words("facelogin_unavailable").encode() in page.content


def test_the_profile_shows_the_factors(ada: Client) -> None:
    page = ada.get("/profile").content.decode()
    assert "2026-11-20 08:30" in page and "lbph" in page and "9 codes are left" in page


@pytest.mark.parametrize(
    ("told", "shown"),
    [({"cohort_consent": True}, "Yes; to take it back"), ({"cohort_consent": False}, "No"),
     ({}, "No")],
)  # fmt: skip
def test_the_profile_shows_whether_the_reference_is_lent(
    ada: Client, accounts: Accounts, told: dict[str, bool], shown: str
) -> None:
    face = {k: v for k, v in ACCOUNT["factors"]["face"].items() if k != "cohort_consent"} | told
    accounts.says("GET /user", ACCOUNT | {"factors": ACCOUNT["factors"] | {"face": face}})
    page = ada.get("/profile").content.decode()
    assert f'id="cohort-consent">{shown}' in page


def test_signing_out_forgets_even_without_accounts(
    ada: Client, accounts: Accounts, settings: Any
) -> None:
    accounts.says("DELETE /session", {})
    response = ada.post("/logout")
    assert accounts.calls[-1][0] == "DELETE /session"
    settings.ACCOUNTS_URL = "http://127.0.0.1:9"
    ada.cookies["kv_session"] = "token"
    for answer in (response, ada.post("/logout")):
        assert answer.headers["Location"] == "/"
        assert answer.cookies["kv_session"]["max-age"] == 0
    assert ada.get("/logout").status_code == 405


@pytest.mark.parametrize("path", ["/", *FOR_PEOPLE])
def test_accounts_away_is_said(ada: Client, settings: Any, path: str) -> None:
    settings.ACCOUNTS_URL = "http://127.0.0.1:9"
    page = ada.get(path)
    assert page.status_code == 503
    assert b"not available at the moment" in page.content
    assert page.headers["Retry-After"] == "5"


@pytest.mark.parametrize("status", [500, 502, 503])
def test_accounts_failing_is_said(ada: Client, accounts: Accounts, status: int) -> None:
    accounts.says("GET /user", {"x": "y"}, status)
    assert ada.get("/").status_code == 503
    accounts.breaks_the_contract("GET /user")


def test_calls_carry_who_is_behind_them(ada: Client, accounts: Accounts, settings: Any) -> None:
    from ipaddress import ip_network

    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    headers = {
        "X-Forwarded-For": "203.0.113.9",
        "User-Agent": "Browser/1",
        "X-Request-ID": "r" * 16,
    }
    response = ada.get("/", headers=headers)
    sent = accounts.headers_of("GET /user")
    assert sent["X-Forwarded-For"] == "203.0.113.9"
    assert sent["User-Agent"] == "Browser/1"
    assert sent["X-Request-ID"] == response.headers["X-Request-ID"] == "r" * 16
    assert sent["Authorization"] == "Bearer token"


def test_every_form_is_protected_against_forgery(accounts: Accounts) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["kv_session"] = "token"
    for path in ("/login", "/register", "/facelogin", "/facelogin/ticket", "/train",
                 "/train/ticket", "/confirm", "/login/other", "/logout", "/invite",
                 "/profile/edit", "/profile/password", "/profile/face/remove",
                 "/profile/totp", "/profile/totp/remove", "/profile/recovery-codes/file",
                 "/profile/sessions/end", "/profile/sessions/end-others"):  # fmt: skip
        assert browser.post(path, {"x": "y"}).status_code == 403, path
    assert accounts.calls == []


def test_the_script_gets_a_ticket(ada: Client, accounts: Accounts) -> None:
    accounts.says("POST /session/face-ticket", TICKET)
    response = ada.post("/facelogin/ticket")
    assert (response.status_code, response.json()) == (201, TICKET)
    assert accounts.body_of("POST /session/face-ticket") == {"purpose": "verify"}
    assert "no-store" in response.headers["Cache-Control"]


def test_no_consent_no_ticket(ada: Client, accounts: Accounts) -> None:
    for consent in ({}, {"consent": ""}, {"consent": "2020-01"}):
        response = ada.post("/train/ticket", consent)
        assert (response.status_code, response.json()["code"]) == (409, "consent_required")
    assert accounts.calls == []
    accounts.says("POST /session/face-ticket", TICKET)
    assert ada.post("/train/ticket", {"consent": "2026-11.2"}).status_code == 201
    assert accounts.body_of("POST /session/face-ticket") == {
        "purpose": "enrol",
        "consent_version": "2026-11.2",
    }


@pytest.mark.parametrize(("sent", "lends"), [("yes", True), ("", False), ("no", False)])
def test_only_a_tick_lends_the_reference(
    ada: Client, accounts: Accounts, sent: str, lends: bool
) -> None:
    accounts.says("POST /session/face-ticket", TICKET)
    form = {"consent": "2026-11.2", "cohort_consent": sent}
    assert ada.post("/train/ticket", form).status_code == 201
    body = accounts.body_of("POST /session/face-ticket")
    assert body.get("cohort_consent", False) is lends


@pytest.mark.parametrize(
    ("status", "code", "target"),
    [
        (401, "unauthenticated", "/login?next=%2Ftrain"),
        (401, "reauthentication_required", "/confirm?next=%2Ftrain"),
        (403, "second_factor_required", "/login?next=%2Ftrain"),
        (403, "invitation_required", "/invite?why=enrolment"),
        (429, "too_many_attempts", None),
    ],
)
def test_a_refused_ticket_says_what_to_do(
    ada: Client, accounts: Accounts, status: int, code: str, target: str | None
) -> None:
    accounts.refuses("POST /session/face-ticket", code)
    response = ada.post("/train/ticket", {"consent": "2026-11.2"})
    assert response.status_code == status
    wait = " You can try again in 30 seconds." if status == 429 else ""
    assert response.json()["detail"] == words(code) + wait
    assert response.json().get("next") == target
    assert response.headers.get("Retry-After") == ("30" if status == 429 else None)


def test_no_ticket_while_accounts_is_away(ada: Client, settings: Any) -> None:
    settings.ACCOUNTS_URL = "http://127.0.0.1:9"
    response = ada.post("/facelogin/ticket")
    assert response.status_code == 503 and response.json()["detail"]


def test_without_facelogin_the_way_leads_to_the_codes(
    ada: Client, accounts: Accounts, settings: Any
) -> None:
    settings.FACELOGIN_URL = ""
    accounts.says("GET /session", WAITING)
    assert ada.get("/facelogin").headers["Location"] == "/login/other"


PAGES = [
    "/",
    "/login",
    "/register",
    "/profile",
    "/train",
    "/train/light",
    "/confirm",
    "/facelogin",
    "/login/other",
    "/invite",
    "/profile/edit",
    "/profile/password",
    "/profile/face/remove",
    "/profile/totp",
    "/profile/totp/remove",
    "/profile/sessions",
    "/profile/events",
]


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_no_inline_script_or_style(
    ada: Client, accounts: Accounts, nobody: Client, path: str
) -> None:
    accounts.says("GET /user", EVERYTHING)
    accounts.says("GET /user/events", EVENTS)
    if path in {"/facelogin", "/login/other"}:
        accounts.says("GET /session", WAITING)
    if path == "/train/light":
        accounts.says("GET /session", FULL | {"amr": ["pwd", "otp", "mfa"]})
    client = nobody if path in {"/login", "/register", "/invite"} else ada
    page = client.get(path)
    assert page.status_code == 200, path
    text = page.content.decode()
    assert "<style" not in text and not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=", text) and "javascript:" not in text
    for script in re.findall(r"<script[^>]*>", text):
        assert "src=" in script or 'type="application/json"' in script, script
    assert '<meta name="viewport"' in text and '<html lang="en"' in text
    assert "no-store" in page.headers["Cache-Control"]


def test_every_file_a_page_names_is_there(ada: Client) -> None:
    text = ada.get("/train").content.decode()
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
    assert len(files) >= 5
    for name in files:
        assert ada.get(name).status_code == 200, name
