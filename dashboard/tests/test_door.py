"""What every page shares: cookies, ways back, and words."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from dashboard.capture_texts import capture_texts
from dashboard.forms import CONSENT_VERSION
from dashboard.tests.conftest import ASSERTION, FULL, SESSION, Accounts, opened

ROOM = Path(__file__).parent.parent
EVIL = ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]


def test_prefixed_cookies_are_taken_back_as_browsers_want_it(
    nobody: Client, accounts: Accounts, settings: Any
) -> None:
    settings.SECURE_COOKIES = True
    settings.SESSION_TOKEN_COOKIE = "__Host-kv_session"
    settings.PASS_COOKIE = "__Secure-kv_pass"
    settings.PASS_COOKIE_DOMAIN = ".example.org"
    nobody.cookies["__Host-kv_session"] = "token"
    accounts.says("DELETE /session", {})
    cookies = nobody.post("/logout").cookies
    own, shared = cookies["__Host-kv_session"], cookies["__Secure-kv_pass"]
    assert own["secure"] and own["path"] == "/" and own["domain"] == ""
    assert shared["secure"] and shared["domain"] == ".example.org"
    assert own["max-age"] == shared["max-age"] == 0


@pytest.mark.parametrize("token", ["caf\u00e9", "a\x01b"])
def test_a_token_nobody_gave_is_no_token(nobody: Client, accounts: Accounts, token: str) -> None:
    nobody.cookies["kv_session"] = token
    assert nobody.get("/profile").status_code == 302


def test_only_the_session_token_goes_to_accounts(ada: Client, accounts: Accounts) -> None:
    ada.cookies["kv_pass"] = "the pass"
    ada.get("/")
    sent = accounts.headers_of("GET /user")
    assert "Cookie" not in sent and "the pass" not in str(sent)


@pytest.mark.parametrize("target", EVIL)
def test_no_door_leads_out(ada: Client, accounts: Accounts, target: str) -> None:
    accounts.says("POST /session/factors/face", opened(FULL))
    accounts.says("POST /session/factors/recovery-code", opened(FULL))
    accounts.says("POST /session/reauthentication", opened(SESSION))
    for path, form in (
        ("/facelogin", ASSERTION),
        ("/login/other", {"code": "AAAA"}),
        ("/confirm", {"password": "x"}),
    ):
        response = ada.post(path, form | {"next": target})
        assert (response.status_code, response.headers["Location"]) == (302, "/"), path


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/a\r\nSet-Cookie: x=1", "/a%0D%0ASet-Cookie:%20x=1"),
        ("/\x00", "/%00"),
        ("/\t/evil.example", "/"),
    ],
)
def test_next_cannot_write_headers(
    nobody: Client, accounts: Accounts, target: str, location: str
) -> None:
    accounts.says("POST /sessions", opened(SESSION))
    response = nobody.post("/login", {"username": "ada", "password": "x", "next": target})
    assert response.headers["Location"] == location
    assert "x" not in response.cookies


def test_every_word_of_the_contract_has_a_sentence() -> None:
    texts = capture_texts()
    assert set(texts["reason"]) == {
        "no_face", "several_faces", "too_small", "too_large", "off_centre", "too_dark",
        "too_bright", "uneven_light", "blurred", "not_frontal", "repeated_frame", "undecodable",
        "too_many_pixels",
    }  # fmt: skip
    assert set(texts["outcome"]) == {
        "non_match", "failure_to_enrol", "failure_to_acquire", "presentation_attack", "cancelled",
        "expired",
    }  # fmt: skip
    assert {"denied", "missing", "busy", "insecure"} == set(texts["camera"])
    assert all(sentence for kind in texts.values() for sentence in kind.values())


def test_the_consent_text_carries_its_version() -> None:
    text = (ROOM / "templates/dashboard/consent_text.html").read_text()
    assert f"Version {CONSENT_VERSION}." in text


def test_the_consent_stands_before_the_camera(ada: Client) -> None:
    page = ada.get("/train").content.decode()
    assert page.index("consent-text") < page.index('id="consent"') < page.index("start-camera")
    box = re.search(r'<input[^>]*id="consent"[^>]*>', page)
    assert box is not None and "checked" not in box.group()


def test_imports_end_with_a_semicolon() -> None:
    # Django rewrites hashed imports only then.
    scripts = list((ROOM / "static/dashboard/js").rglob("*.js"))
    assert len(scripts) >= 8
    for script in scripts:
        for line in script.read_text().splitlines():
            if re.match(r"import\b", line):
                assert line.endswith(";"), f"{script.name}: {line}"
