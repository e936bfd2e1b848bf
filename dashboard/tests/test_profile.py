"""What people change of their own account: name, email, password, face."""

import re
from typing import Any

import pytest
from django.test import Client

from dashboard.tests.conftest import ACCOUNT, EVERYTHING, Accounts, words
from kubevision import contracts

TYPED = {"display_name": "Ada King", "email": "ada@example.org"}
NEW_PASSWORD = {"new_password": "three brass lamps in the hall"}


def test_the_form_holds_what_is_known(ada: Client) -> None:
    page = ada.get("/profile/edit").content.decode()
    assert 'value="Ada Lovelace"' in page and 'value="ada@example.org"' in page


def test_name_and_email_are_changed(ada: Client, accounts: Accounts) -> None:
    accounts.says("PATCH /user", contracts.example("user"))
    assert ada.post("/profile/edit", TYPED).headers["Location"] == "/profile"
    assert accounts.body_of("PATCH /user") == TYPED


def test_both_may_be_emptied(ada: Client, accounts: Accounts) -> None:
    accounts.says("PATCH /user", contracts.example("user"))
    assert ada.post("/profile/edit", {"display_name": "", "email": ""}).status_code == 302
    assert accounts.body_of("PATCH /user") == {"display_name": "", "email": ""}


def test_a_refused_change_is_said_at_its_field_and_nothing_typed_is_lost(
    ada: Client, accounts: Accounts
) -> None:
    accounts.refuses("PATCH /user", "invalid_input", errors={"email": ["No address."]})
    page = ada.post("/profile/edit", TYPED)
    text = page.content.decode()
    assert page.status_code == 400 and 'value="Ada King"' in text
    assert re.search(r'id="id_email_error">.*No address\.', text, re.DOTALL)
    assert 'id="person">Ada Lovelace<' in text


def test_a_change_while_accounts_is_away_keeps_what_was_typed(ada: Client, settings: Any) -> None:
    settings.ACCOUNTS_URL = "http://127.0.0.1:9"
    page = ada.post("/profile/edit", TYPED)
    assert page.status_code == 503 and page.headers["Retry-After"] == "5"
    assert b'value="Ada King"' in page.content and b"does not answer" in page.content


def test_the_password_is_changed_and_what_that_ended_is_said(
    ada: Client, accounts: Accounts
) -> None:
    accounts.says("PUT /user/password", {})
    page = ada.post("/profile/password", NEW_PASSWORD)
    assert page.status_code == 200
    assert b"other sign-ins were ended" in page.content
    assert accounts.body_of("PUT /user/password") == NEW_PASSWORD


def test_a_refused_password_is_said_at_its_field_and_not_repeated(
    ada: Client, accounts: Accounts
) -> None:
    accounts.refuses("PUT /user/password", "invalid_input", errors={"new_password": ["Common."]})
    page = ada.post("/profile/password", NEW_PASSWORD)
    text = page.content.decode()
    assert page.status_code == 400 and NEW_PASSWORD["new_password"] not in text
    assert re.search(r'id="id_new_password_error">.*Common\.', text, re.DOTALL)
    assert 'autocomplete="username" value="ada"' in text  # for password managers


def test_a_password_goes_on_verbatim(ada: Client, accounts: Accounts) -> None:
    accounts.says("PUT /user/password", {})
    ada.post("/profile/password", {"new_password": "  nul\x00 and spaces  "})
    assert accounts.body_of("PUT /user/password")["new_password"] == "  nul\x00 and spaces  "


def test_a_password_with_old_proof_leads_to_the_confirmation(
    ada: Client, accounts: Accounts
) -> None:
    accounts.refuses("PUT /user/password", "reauthentication_required")
    location = ada.post("/profile/password", NEW_PASSWORD).headers["Location"]
    assert location == "/confirm?next=%2Fprofile%2Fpassword"


@pytest.mark.parametrize("has_app", [True, False])
def test_removing_the_face_says_what_happens(
    ada: Client, accounts: Accounts, has_app: bool
) -> None:
    accounts.says("GET /user", EVERYTHING if has_app else ACCOUNT)
    page = ada.get("/profile/face/remove").content.decode()
    assert "are erased" in page and "other sign-ins are ended" in page
    assert ("password and your authenticator app" in page) is has_app
    assert ("your password alone signs you in" in page) is not has_app
    assert {call for call, _, _ in accounts.calls} == {"GET /user"}


def test_the_face_is_removed(ada: Client, accounts: Accounts) -> None:
    accounts.says("DELETE /user/factors/face", {})
    assert 'href="/profile/face/remove"' in ada.get("/profile").content.decode()
    assert ada.post("/profile/face/remove").headers["Location"] == "/profile"
    assert accounts.calls[-1][0] == "DELETE /user/factors/face"
    accounts.refuses("DELETE /user/factors/face", "reauthentication_required")
    location = ada.post("/profile/face/remove").headers["Location"]
    assert location == "/confirm?next=%2Fprofile%2Fface%2Fremove"


def test_a_face_can_be_removed_where_none_can_be_enrolled(ada: Client, settings: Any) -> None:
    settings.FACELOGIN_URL = ""
    page = ada.get("/profile").content.decode()
    assert 'href="/profile/face/remove"' in page and "/train" not in page


def test_without_a_face_there_is_none_to_remove(ada: Client, accounts: Accounts) -> None:
    accounts.says("GET /user", contracts.example("user.no_factors"))
    assert ada.get("/profile/face/remove").headers["Location"] == "/profile"
    assert "remove-face" not in ada.get("/profile").content.decode()


@pytest.mark.parametrize(
    ("path", "form", "call"),
    [
        ("/profile/face/remove", {}, "DELETE /user/factors/face"),
        ("/profile/totp/remove", {}, "DELETE /user/factors/totp"),
        ("/profile/password", NEW_PASSWORD, "PUT /user/password"),
        ("/profile/edit", TYPED, "PATCH /user"),
        ("/profile/sessions/end-others", {}, "DELETE /user/sessions"),
    ],
)
def test_a_session_that_ended_meanwhile_leads_to_the_login(
    ada: Client, accounts: Accounts, path: str, form: dict[str, str], call: str
) -> None:
    accounts.refuses(call, "unauthenticated")
    response = ada.post(path, form)
    assert response.headers["Location"].startswith("/login?next=")
    assert response.cookies["kv_session"]["max-age"] == 0


def test_a_removal_that_could_not_be_done_is_said(ada: Client, accounts: Accounts) -> None:
    accounts.refuses("DELETE /user/factors/face", "facelogin_unavailable")
    page = ada.post("/profile/face/remove")
    assert page.status_code == 503 and words("facelogin_unavailable").encode() in page.content
