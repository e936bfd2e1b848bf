"""What the script of an open page is answered, and which pages have one."""

import pytest
from django.test import Client

from dashboard.tests.conftest import Accounts
from kubevision import contracts

TICKET = contracts.example("face_ticket.watch")
CALL = "POST /session/face-ticket"
PATH = "/live/ticket"


def test_the_page_gets_its_ticket(ada: Client, accounts: Accounts) -> None:
    accounts.says(CALL, TICKET)
    answer = ada.post(PATH, {"next": "/profile"})
    assert (answer.status_code, answer.json()) == (201, TICKET)
    assert accounts.body_of(CALL) == {"purpose": "watch"}
    assert len(accounts.calls) == 1
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_session_that_is_over_leads_to_the_sign_in(ada: Client, accounts: Accounts) -> None:
    accounts.refuses(CALL, "unauthenticated")
    answer = ada.post(PATH, {"next": "/profile"})
    assert answer.status_code == 401
    assert answer.json()["next"] == "/login?next=%2Fprofile"


def test_no_cookie_is_no_session(nobody: Client, accounts: Accounts) -> None:
    assert nobody.post(PATH).status_code == 401


def test_a_waiting_session_hears_nothing(ada: Client, accounts: Accounts) -> None:
    accounts.refuses(CALL, "second_factor_required")
    assert ada.post(PATH).status_code == 403


def test_where_there_is_no_face_factor_the_session_lives_all_the_same(
    ada: Client, accounts: Accounts
) -> None:
    accounts.refuses(CALL, "factor_not_enrolled")
    answer = ada.post(PATH)
    assert (answer.status_code, answer.content) == (204, b"")


def test_accounts_away_is_no_end_of_the_session(ada: Client, settings: object) -> None:
    settings.ACCOUNTS_URL = "http://127.0.0.1:9"  # type: ignore[attr-defined]
    assert ada.post(PATH).status_code == 503


def test_another_site_gets_no_ticket(ada: Client, accounts: Accounts) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = ada.cookies
    assert strict.post(PATH).status_code == 403
    assert ada.get(PATH).status_code == 405


@pytest.mark.parametrize(("path", "has_live"), [("/", True), ("/profile", True), ("/login", False)])
def test_pages_of_signed_in_people_listen(
    ada: Client, accounts: Accounts, path: str, has_live: bool
) -> None:
    text = ada.get(path).content.decode()
    assert ('id="live"' in text) is has_live
    assert ("js/pages/live" in text) is has_live


def test_the_page_of_nobody_asks_nothing(nobody: Client) -> None:
    assert 'id="live"' not in nobody.get("/").content.decode()


def test_what_stands_in_the_address_stays_text(ada: Client) -> None:
    text = ada.get('/?"><script>alert(1)</script>').content.decode()
    assert "<script>alert" not in text
