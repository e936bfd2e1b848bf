"""Codes from an administrator."""

import re
from typing import Any

import pytest
from django.test import Client

from dashboard.tests.conftest import REGISTERED, Accounts, words

CALL = "POST /invitations/accept"
FORM = {"code": "7K3M-QX92-BTRD-5HWV", "password": "correct horse battery staple"}


def test_the_page_says_what_a_new_password_does_not_do(nobody: Client, accounts: Accounts) -> None:
    page = nobody.get("/invite").content.decode()
    assert "does not skip your second factor" in page and 'id="why"' not in page
    assert accounts.calls == []
    for path in ("/login", "/register"):
        assert 'href="/invite"' in nobody.get(path).content.decode()


@pytest.mark.parametrize("name", [{}, {"username": "ada"}])
def test_a_code_leads_to_the_sign_in(
    nobody: Client, accounts: Accounts, name: dict[str, str]
) -> None:
    accounts.says(CALL, REGISTERED)
    page = nobody.post("/invite", FORM | name)
    text = page.content.decode()
    assert accounts.body_of(CALL) == FORM | name
    assert page.status_code == 200 and "Your code was taken" in text
    # Nobody is signed in by it: the form is the sign-in's, with the name it was for.
    assert '<form method="post" action="/login"' in text and 'value="ada"' in text
    assert not {"kv_session", "kv_pass"} & set(page.cookies)
    assert FORM["code"] not in text and FORM["password"] not in text


@pytest.mark.parametrize(
    ("code", "field", "status"),
    [
        ("invalid_code", "code", 400),
        ("username_taken", "username", 400),
        ("invalid_input", "username", 400),
        ("too_many_attempts", "", 429),
    ],
)
def test_a_refusal_is_said_where_it_belongs(
    nobody: Client, accounts: Accounts, code: str, field: str, status: int
) -> None:
    accounts.refuses(CALL, code)
    page = nobody.post("/invite", FORM | {"username": "ada"})
    text = page.content.decode()
    said = words(code) if code != "invalid_input" else "This field is required."
    assert page.status_code == status and said in text
    if field:
        assert re.search(rf'id="id_{field}_error">.*{said}', text, re.DOTALL)
    else:
        assert "You can try again in 30 seconds." in text
    assert f'value="{FORM["code"]}"' in text and 'value="ada"' in text
    assert FORM["password"] not in text


def test_accounts_away_keeps_the_code(nobody: Client, settings: Any) -> None:
    settings.ACCOUNTS_URL = "http://127.0.0.1:9"
    page = nobody.post("/invite", FORM)
    assert page.status_code == 503 and f'value="{FORM["code"]}"' in page.content.decode()


def test_a_code_in_the_address_is_not_taken(nobody: Client) -> None:
    assert FORM["code"] not in nobody.get("/invite", {"code": FORM["code"]}).content.decode()


def test_who_needs_a_code_to_enrol_is_told_so(nobody: Client) -> None:
    page = nobody.get("/invite?why=enrolment").content.decode()
    assert "a first second factor takes a code" in page
    assert "xss" not in nobody.get("/invite?why=xss").content.decode()


def test_the_cameras_script_is_led_there(ada: Client, accounts: Accounts) -> None:
    accounts.refuses("POST /session/face-ticket", "invitation_required")
    answer = ada.post("/train/ticket", {"consent": "2026-11.2"})
    assert answer.status_code == 403 and answer.json()["next"] == "/invite?why=enrolment"


def test_a_stale_form_keeps_the_code(accounts: Accounts) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.get("/invite")
    page = strict.post("/invite", FORM | {"csrfmiddlewaretoken": "x" * 64})
    text = page.content.decode()
    assert page.status_code == 403 and "out of date" in text and accounts.calls == []
    assert f'value="{FORM["code"]}"' in text and FORM["password"] not in text
