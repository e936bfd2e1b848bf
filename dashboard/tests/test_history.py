"""Where somebody is signed in and what happened: in words, a page at a time."""

import re
from typing import Any

import pytest
from django.test import Client

from dashboard.devices import device_in_words
from dashboard.event_texts import (
    SIGN_IN_KINDS,
    details_in_words,
    event_in_words,
    event_texts,
    methods_in_words,
)
from dashboard.tests.conftest import CURRENT, EVENTS, EVERYTHING, OTHER, Accounts
from kubevision import contracts

SCHEMAS = contracts.openapi("accounts")["components"]["schemas"]
DETAILS = SCHEMAS["Events"]["items"]["properties"]["details"]["properties"]


@pytest.fixture
def known(ada: Client, accounts: Accounts) -> Client:
    """A browser whose person has all that can be told."""
    accounts.says("GET /user", EVERYTHING)
    accounts.says("GET /user/events", EVENTS)
    return ada


# -- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        ("kind", SCHEMAS["EventKind"]["enum"]),
        ("factor", DETAILS["factor"]["enum"]),
        ("limit", DETAILS["limit"]["enum"]),
        ("method", [m for m in SCHEMAS["Methods"]["items"]["enum"] if m != "mfa"]),
    ],
)
def test_everything_that_can_happen_has_words(table: str, codes: list[str]) -> None:
    texts = event_texts()[table]
    assert set(texts) == set(codes)
    assert table in {"factor", "method"} or all(text.endswith(".") for text in texts.values())


def test_the_kinds_on_the_first_page_exist() -> None:
    assert set(SCHEMAS["EventKind"]["enum"]) >= SIGN_IN_KINDS


def test_what_a_later_accounts_tells_is_no_fault() -> None:
    assert "no words" in event_in_words("flew_to_the_moon")
    later = {
        "methods": ["iris"], "factor": "iris", "limit": "sky", "outcome": "x", "reasons": ["x"],
        "fields": ["shoe"], "weather": "fine",
    }  # fmt: skip
    assert details_in_words(later) == []


@pytest.mark.parametrize(
    ("details", "sentences"),
    [
        ({}, []),
        ({"methods": ["pwd", "face", "mfa"]}, ["With password and face."]),
        ({"factor": "totp"}, ["Authenticator app."]),
        ({"limit": "code"}, ["Wrong codes."]),
        ({"fields": ["display_name", "email"]}, ["Changed: name, email address."]),
        ({"reasons": ["too_dark"]}, ["It is too dark. Turn on a light in front of you."]),
        ({"device": "curl/8.1"}, ["curl."]),
    ],
)
def test_details_in_words(details: dict[str, Any], sentences: list[str]) -> None:
    assert details_in_words(details) == sentences


def test_methods_in_words() -> None:
    assert methods_in_words(["pwd"]) == "password"
    assert methods_in_words(["pwd", "otp", "mfa"]) == "password and code"


WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
ANDROID = "Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) "


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
         "Firefox on Linux"),
        (WINDOWS + "Chrome/142.0.0.0 Safari/537.36", "Chrome on Windows"),
        (WINDOWS + "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "Edge on Windows"),
        (WINDOWS + "Chrome/142.0.0.0 Safari/537.36 OPR/115.0.0.0", "Opera on Windows"),
        (MAC + "Version/18.1 Safari/605.1.15", "Safari on macOS"),
        (IPHONE + "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
         "Safari on iPhone"),
        (IPHONE + "(KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1",
         "Chrome on iPhone"),
        (ANDROID + "Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        (ANDROID + "SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36",
         "Samsung Internet on Android"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/142.0.0.0",
         "Chrome on ChromeOS"),
        ("python-httpx/0.28.1", "python-httpx"),
        ("curl/8.1", "curl"),
        ("Firefox/145.0", "Firefox"),
        ("Mozilla/5.0", "Unknown device"),
        ("<script>alert(1)</script>", "Unknown device"),
        ("", "Unknown device"),
    ],
)  # fmt: skip
def test_devices_in_words(user_agent: str, words: str) -> None:
    assert device_in_words(user_agent) == words


# -- sessions ------------------------------------------------------------------------------------


def test_where_one_is_signed_in(known: Client, accounts: Accounts) -> None:
    page = known.get("/profile/sessions").content.decode()
    assert accounts.queries == ["include=factors,sessions"]
    assert f'title="{CURRENT["device"]}">Firefox on Linux</span>' in page
    text = re.sub(r"<[^>]+>", "", page)
    said = "Since 2026-11-23 08:00 UTC, last used 2026-11-23 08:20 UTC, from 203.0.113.7, with"
    assert f"{said} password and face" in text
    # The one that asks is marked and ended by signing out; the other has a button.
    assert page.count('id="this-one"') == 1
    assert re.findall(r'name="session" value="([^"]+)"', page) == [OTHER["id"]]
    assert 'aria-label="End Unknown device since 2026-11-23 07:00 UTC"' in page
    assert 'id="end-others"' in page


def test_alone_there_are_no_others_to_end(known: Client, accounts: Accounts) -> None:
    accounts.says("GET /user", EVERYTHING | {"sessions": [CURRENT]})
    page = known.get("/profile/sessions").content.decode()
    assert "end-others" not in page and 'name="session"' not in page


def test_one_is_ended(known: Client, accounts: Accounts) -> None:
    call = f"DELETE /user/sessions/{OTHER['id']}"
    accounts.says(call, {})
    form = {"session": OTHER["id"]}
    assert known.post("/profile/sessions/end", form).headers["Location"] == "/profile/sessions"
    assert accounts.calls[-1][0] == call
    accounts.refuses(call, "not_found")  # over already
    assert known.post("/profile/sessions/end", form).headers["Location"] == "/profile/sessions"


@pytest.mark.parametrize("session", ["", "../user", "x" * 300, "1"])
def test_what_is_no_session_is_never_asked_for(
    known: Client, accounts: Accounts, session: str
) -> None:
    response = known.post("/profile/sessions/end", {"session": session})
    assert response.headers["Location"] == "/profile/sessions" and accounts.calls == []


def test_all_others_are_ended(known: Client, accounts: Accounts) -> None:
    accounts.says("DELETE /user/sessions", {})
    response = known.post("/profile/sessions/end-others")
    assert response.headers["Location"] == "/profile/sessions"
    assert accounts.calls[-1][0] == "DELETE /user/sessions"
    for path in ("/profile/sessions/end", "/profile/sessions/end-others"):
        assert known.get(path).status_code == 405


# -- events --------------------------------------------------------------------------------------


def test_what_happened_in_words(known: Client) -> None:
    page = known.get("/profile/events").content.decode()
    assert "Signed in." in page and "With password and face. Firefox on Linux." in page
    assert "From 203.0.113.7." in page and "2026-11-23 08:00 UTC" in page
    assert "It is too dark." in page
    assert page.count("by an administrator") == 1
    assert "signed_in" not in page and "Mozilla" not in page


def test_older_events_are_a_page_further(known: Client, accounts: Accounts) -> None:
    page = known.get("/profile/events").content.decode()
    assert f'href="/profile/events?cursor={EVENTS["next_cursor"]}"' in page
    assert 'id="newest"' not in page
    accounts.says("GET /user/events", {"events": [], "next_cursor": None})
    page = known.get("/profile/events", {"cursor": EVENTS["next_cursor"]}).content.decode()
    assert accounts.queries == ["", f"cursor={EVENTS['next_cursor']}"]
    assert 'id="older"' not in page and 'id="newest"' in page and "nothing more" in page


@pytest.mark.parametrize("cursor", ["x y", "<b>", "x" * 201])
def test_a_cursor_nobody_gave_is_not_asked_for(
    known: Client, accounts: Accounts, cursor: str
) -> None:
    response = known.get("/profile/events", {"cursor": cursor})
    assert response.headers["Location"] == "/profile/events" and accounts.calls == []


def test_a_cursor_accounts_refuses_starts_again(known: Client, accounts: Accounts) -> None:
    accounts.refuses("GET /user/events", "invalid_input")
    assert known.get("/profile/events?cursor=abc").headers["Location"] == "/profile/events"


@pytest.mark.parametrize("path", ["/", "/profile"])
def test_the_newest_are_on_the_first_pages_in_one_call(
    known: Client, accounts: Accounts, path: str
) -> None:
    page = known.get(path).content.decode()
    assert accounts.queries == ["include=factors,sessions,events"]
    assert "Signed in." in page and "The camera let nobody in." in page
    # Home tells of sign-ins alone.
    assert ("Waiting after wrong tries was ended." in page) is (path == "/profile")


def test_what_somebody_else_says_is_text(known: Client, accounts: Accounts) -> None:
    evil = '"><script>alert(1)</script>'
    event = EVENTS["events"][0] | {"address": evil, "details": {"device": evil}}
    accounts.says("GET /user/events", {"events": [event], "next_cursor": None})
    sessions = [CURRENT, OTHER | {"device": evil, "address": evil}]
    accounts.says("GET /user", EVERYTHING | {"sessions": sessions})
    for path in ("/profile/events", "/profile/sessions", "/profile"):
        assert "<script>alert" not in known.get(path).content.decode()


def test_an_older_accounts_that_tells_neither_is_no_fault(
    known: Client, accounts: Accounts
) -> None:
    accounts.says("GET /user", contracts.example("user.with_face"))
    for path in ("/", "/profile", "/profile/sessions"):
        assert known.get(path).status_code == 200
