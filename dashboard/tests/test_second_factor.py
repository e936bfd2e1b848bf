"""The second factor: the one that fits, the one that was chosen, and the ways between them."""

import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect

from dashboard.tests import chromium
from dashboard.tests.conftest import FULL, TOKEN, WAITING, Accounts, opened, words

TOTP_CALL = "POST /session/factors/totp"
CODE_CALL = "POST /session/factors/recovery-code"
SIGN_IN = {"username": "ada", "password": "a sentence nobody guesses"}
ALL = ["face", "totp", "recovery_code"]


def waiting(*factors: str) -> dict[str, Any]:
    return WAITING | {"available_factors": list(factors)}


@pytest.mark.parametrize(
    ("factors", "location"),
    [
        (ALL, "/facelogin?next=%2Fprofile"),
        (["totp", "face", "recovery_code"], "/login/other?next=%2Fprofile"),
        (["totp", "recovery_code"], "/login/other?next=%2Fprofile"),
        ([], "/login/other?next=%2Fprofile"),
    ],
)
def test_the_factor_that_fits_is_asked_for(
    nobody: Client, accounts: Accounts, factors: list[str], location: str
) -> None:
    """After the password, and wherever a waiting session turns up."""
    accounts.says("POST /sessions", opened(waiting(*factors)))
    assert nobody.post("/login", SIGN_IN | {"next": "/profile"}).headers["Location"] == location
    accounts.says("GET /session", waiting(*factors))
    assert nobody.get("/login?next=/profile").headers["Location"] == location
    assert nobody.get("/confirm?next=/profile").headers["Location"] == location


def test_without_facelogin_no_camera_is_asked_for(
    nobody: Client, accounts: Accounts, settings: Any
) -> None:
    settings.FACELOGIN_URL = ""
    accounts.says("POST /sessions", opened(waiting(*ALL)))
    assert nobody.post("/login", SIGN_IN).headers["Location"] == "/login/other"


@pytest.mark.parametrize(
    ("factors", "query", "factor"),
    [
        (ALL, "", "totp"),
        (["face", "recovery_code", "totp"], "", "recovery_code"),
        (ALL, "?factor=recovery_code", "recovery_code"),
        (ALL, "?factor=face", "totp"),
        (["recovery_code"], "?factor=totp", "recovery_code"),
    ],
)
def test_one_form_and_the_ways_to_the_other_factors(
    ada: Client, accounts: Accounts, factors: list[str], query: str, factor: str
) -> None:
    accounts.says("GET /session", waiting(*factors))
    page = ada.get(f"/login/other{query}").content.decode()
    assert f'name="factor" value="{factor}"' in page
    assert page.count('name="code"') == 1
    for name in ("totp", "recovery_code"):
        is_offered = name in factors and name != factor
        assert (f'href="/login/other?factor={name}"' in page) is is_offered
    assert ('id="use-face"' in page) is ("face" in factors)


def test_the_field_for_six_digits_brings_up_digits(ada: Client, accounts: Accounts) -> None:
    accounts.says("GET /session", waiting("totp"))
    (field,) = re.findall(r'<input[^>]*name="code"[^>]*>', ada.get("/login/other").content.decode())
    assert 'inputmode="numeric"' in field and 'autocomplete="one-time-code"' in field
    assert "autofocus" in field


def test_a_code_of_the_app_opens_the_session(ada: Client, accounts: Accounts) -> None:
    accounts.says(TOTP_CALL, opened(FULL))
    form = {"factor": "totp", "code": "492 039", "next": "/profile"}
    response = ada.post("/login/other", form)
    assert response.headers["Location"] == "/profile"
    assert response.cookies["kv_session"].value == TOKEN
    assert accounts.body_of(TOTP_CALL) == {"code": "492 039"}


@pytest.mark.parametrize(
    ("code", "status"), [("invalid_code", 400), ("too_many_attempts", 429), ("invalid_input", 400)]
)
@pytest.mark.parametrize("factor", ["totp", "recovery_code"])
def test_a_refused_code_is_said_at_its_own_form(
    ada: Client, accounts: Accounts, factor: str, code: str, status: int
) -> None:
    call = TOTP_CALL if factor == "totp" else CODE_CALL
    accounts.says("GET /session", waiting(*ALL))
    errors = {"errors": {"code": ["Six digits."]}} if code == "invalid_input" else {}
    accounts.refuses(call, code, **errors)
    page = ada.post("/login/other", {"factor": factor, "code": "1", "next": "/profile"})
    text = page.content.decode()
    assert page.status_code == status and (words(code) if not errors else "Six digits.") in text
    assert ("You can try again in 30 seconds." in text) is (status == 429)
    assert f'name="factor" value="{factor}"' in text and 'value="/profile"' in text
    assert "factor=totp&amp;next=%2Fprofile" in text or factor == "totp"
    assert 'id="use-face"' in text


def test_a_code_of_nothing_is_not_shown_to_accounts(ada: Client, accounts: Accounts) -> None:
    accounts.says("GET /session", waiting(*ALL))
    assert ada.post("/login/other", {"factor": "totp", "code": ""}).status_code == 400
    assert [call for call, _, _ in accounts.calls] == ["GET /session"]


def test_the_camera_offers_the_other_way(ada: Client, accounts: Accounts) -> None:
    accounts.says("GET /session", waiting(*ALL))
    page = ada.get("/facelogin?next=/profile").content.decode()
    assert 'id="other-factor"' in page and "another factor is just as good" in page
    assert re.search(
        r'href="/login/other\?next=%2Fprofile" data-part="otherWay">Use your auth', page
    )
    accounts.says("GET /session", waiting("face"))
    page = ada.get("/facelogin").content.decode()
    assert "other-factor" not in page and "otherWay" not in page
    assert "an administrator can give you another way in" in page  # who cannot turn their head


def test_enrolling_offers_no_other_way(ada: Client) -> None:
    assert "otherWay" not in ada.get("/train").content.decode()


@pytest.mark.parametrize(
    ("factors", "target", "location"),
    [
        (["totp", "face"], "/train", "/login/other?next=%2Ftrain"),
        (["face", "totp"], "/profile/totp", "/facelogin?next=%2Fprofile%2Ftotp"),
        (["face", "totp"], "/train/light", "/login/other?next=%2Ftrain%2Flight"),
    ],
)
def test_confirming_takes_any_one_factor(
    ada: Client, accounts: Accounts, factors: list[str], target: str, location: str
) -> None:
    session = FULL | {"available_factors": factors}
    accounts.says("POST /session/reauthentication", opened(session))
    form = {"password": SIGN_IN["password"], "next": target}
    assert ada.post("/confirm", form).headers["Location"] == location


def test_a_face_is_no_proof_for_adding_to_it(ada: Client, accounts: Accounts) -> None:
    accounts.says("GET /session", FULL | {"available_factors": ALL})
    page = ada.get("/login/other?next=/train/light").content.decode()
    assert 'id="use-face"' not in page and 'id="use-recovery-code"' in page


# -- in a browser --------------------------------------------------------------------------------


def test_where_the_camera_fails_the_other_way_stands_beside_the_button(
    ada: Client, accounts: Accounts
) -> None:
    accounts.says("GET /session", waiting(*ALL))
    refusal = {"code": "too_many_attempts", "detail": words("too_many_attempts")}
    with chromium.opened(ada.get("/facelogin")) as page:
        page.route("**/facelogin/ticket", lambda route: route.fulfill(status=429, json=refusal))
        other = page.locator("#other-way")
        expect(other).to_be_hidden()
        page.click("#start-camera")
        page.wait_for_selector("[data-capture-state=stopped]")
        expect(other).to_be_visible()
        expect(page.locator("#capture-message")).to_contain_text("use another factor")
        assert other.get_attribute("href") == "/login/other"
