"""What administrators do, through the pages they do it on."""

import io
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import (
    Event,
    FaceFactor,
    Invitation,
    RecoveryCode,
    Session,
    TotpFactor,
    TryCounter,
    User,
)
from accounts.tests.conftest import PASSWORD, Api, Facelogin
from accounts.tests.test_admin import _with_pass
from accounts.tests.test_totp import add as add_app
from accounts.tests.test_totp import code as app_code
from accounts.tests.test_totp import sign_in

NEW = "three brass lamps in the hall"


@pytest.fixture
def chief(db: None) -> User:
    return User.objects.create_superuser("chief", PASSWORD)


@pytest.fixture
def browser(chief: User) -> Client:
    """A superuser's browser, inside the administration."""
    opened, _ = _with_pass("chief")
    opened.get("/auth/admin/")
    return opened


@pytest.fixture
def clerk(db: None) -> Client:
    """Staff with every right over accounts, but no superuser."""
    user = User.objects.create_user("clerk", PASSWORD, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    opened, _ = _with_pass("clerk")
    opened.get("/auth/admin/")
    return opened


def user() -> User:
    return User.objects.get(username="ada")


def page(browser: Client, who: User | None = None) -> str:
    found = browser.get(f"/auth/admin/accounts/user/{(who or user()).pk}/change/")
    assert found.status_code == 200
    return str(found.content.decode())


def do(browser: Client, name: str, who: User | None = None) -> Any:
    return browser.post(f"/auth/admin/accounts/user/{(who or user()).pk}/do/{name}/")


def told(kind: str) -> Event:
    event = Event.objects.get(user=user(), kind=kind)
    assert (event.by_administrator, event.actor) == (True, User.objects.get(username="chief"))
    return event


def test_a_users_page_shows_factors_sessions_and_events_and_no_secret(
    enrolled_ada: Api, browser: Client
) -> None:
    secret = "JBSWY3DPEHPK3PXP"
    TotpFactor.objects.create(user=user(), sealed_secret=secret, enrolled_at=timezone.now())
    text = page(browser)
    assert "engine lbph" in text
    assert re.search(r"recovery codes left.{0,200}?\b10\b", text, re.DOTALL | re.IGNORECASE)
    assert "face enrolled" in text and "127.0.0.1" in text
    for hidden in (
        secret,
        enrolled_ada.token,
        Session.objects.filter(user=user()).first().token_hash,  # type: ignore[union-attr]
        user().password,
        RecoveryCode.objects.first().code_hash,  # type: ignore[union-attr]
    ):
        assert hidden not in text


def test_locking_down_takes_one_click_and_opening_again_two(ada: Api, browser: Client) -> None:
    button = re.search(
        r'<form method="post" action="([^"]+)">[^§]{0,300}?id="do-lock_down"', page(browser)
    )
    assert button
    assert browser.post(button[1]).status_code == 302
    assert not user().is_active
    assert ada.call("GET", "/session").status_code == 401
    told("locked_down")
    assert 'id="do-lock_down"' not in page(browser) and 'id="do-release"' in page(browser)
    path = f"/auth/admin/accounts/user/{user().pk}/do/release/"
    assert browser.get(path).status_code == 200
    assert not user().is_active  # asking does nothing yet
    browser.post(path)
    assert user().is_active
    told("released")


def test_unlocking(ada: Api, browser: Client) -> None:
    for _ in range(6):
        Api().call("POST", "/sessions", {"username": "ada", "password": "not it at all"})
    body = {"username": "ada", "password": PASSWORD}
    assert Api().call("POST", "/sessions", body).status_code == 429
    assert do(browser, "unlock").status_code == 302
    assert Api().call("POST", "/sessions", body).status_code == 201
    told("unlocked")


def test_ending_all_sessions(ada: Api, browser: Client) -> None:
    other = sign_in()
    do(browser, "end_sessions")
    assert [each.call("GET", "/session").status_code for each in (ada, other)] == [401, 401]
    told("sessions_ended")


@pytest.mark.parametrize(
    ("name", "factor"),
    [("reset_face", "face"), ("reset_totp", "totp"), ("reset_codes", "recovery_code")],
)
def test_a_factor_is_taken_away_after_a_question(
    enrolled_ada: Api, browser: Client, name: str, factor: str
) -> None:
    TotpFactor.objects.create(user=user(), sealed_secret="x", enrolled_at=timezone.now())
    question = browser.get(f"/auth/admin/accounts/user/{user().pk}/do/{name}/").content.decode()
    assert "They are told of it" in question
    do(browser, name)
    left = {
        "face": FaceFactor.objects.exists(),
        "totp": TotpFactor.objects.exists(),
        "recovery_code": RecoveryCode.objects.exists(),
    }
    assert [one for one, is_left in left.items() if not is_left] == [factor]
    assert told("factor_reset").details == {"factor": factor}
    assert enrolled_ada.call("GET", "/session").status_code == 401
    assert f'id="do-{name}"' not in page(browser)  # nothing left to take


def test_a_new_enrolment_is_required(enrolled_ada: Api, browser: Client) -> None:
    do(browser, "require_reenrolment")
    assert sign_in().call("GET", "/session").json()["available_factors"] == ["recovery_code"]
    told("reenrolment_required")


def test_a_code_for_a_new_password_is_shown_once(ada: Api, browser: Client) -> None:
    path = f"/auth/admin/accounts/user/{user().pk}/code/"
    assert browser.get(path).status_code == 302
    assert not Invitation.objects.exists()
    answer = browser.post(path)
    found = re.search(r'id="code"[^>]*>([0-9A-Z-]{19})<', answer.content.decode())
    assert found and "no-store" in answer.headers["Cache-Control"]
    accepted = Api().call("POST", "/invitations/accept", {"code": found[1], "password": NEW})
    assert accepted.status_code == 201
    told("reset_code_made")
    assert found[1] not in page(browser)


def test_somebody_is_invited_and_the_code_can_be_withdrawn(browser: Client) -> None:
    add = "/auth/admin/accounts/invitation/add/"
    assert browser.get(add).status_code == 200
    answer = browser.post(add, {"username": "eve", "email": "eve@example.org"})
    found = re.search(r'id="code"[^>]*>([0-9A-Z-]{19})<', answer.content.decode())
    assert found and "was not mailed" in answer.content.decode()
    taken = browser.post(add, {"username": "chief", "email": ""})
    assert b"taken" in taken.content
    for wrong in ({"username": "a b", "email": ""}, {"username": "", "email": "x"}):
        assert browser.post(add, wrong).content.count(b"errorlist") == 1
    invitation = Invitation.objects.get()
    listed = browser.get("/auth/admin/accounts/invitation/").content.decode()
    assert "eve@example.org" in listed and "chief" in listed
    delete = f"/auth/admin/accounts/invitation/{invitation.pk}/delete/"
    assert browser.post(delete, {"post": "yes"}).status_code == 302
    body = {"code": found[1], "password": NEW}
    assert Api().call("POST", "/invitations/accept", body).status_code == 401


def test_many_at_once_from_the_list(ada: Api, browser: Client, chief: User) -> None:
    User.objects.create_user("eve", PASSWORD)
    form = {
        "action": "lock_down",
        "_selected_action": [str(each.pk) for each in User.objects.all()],
    }
    answer = browser.post("/auth/admin/accounts/user/", form, follow=True).content.decode()
    assert "Done for 2." in answer and "Not for 1" in answer
    assert set(User.objects.filter(is_active=True)) == {chief}  # never oneself


def test_nobody_locks_themselves_out(browser: Client, chief: User) -> None:
    text = page(browser, chief)
    assert 'id="do-lock_down"' not in text and 'id="do-end_sessions"' not in text
    assert do(browser, "lock_down", chief).status_code == 403
    form = {"username": "chief", "display_name": "", "email": ""}  # without is_superuser
    browser.post(f"/auth/admin/accounts/user/{chief.pk}/change/", form)
    chief.refresh_from_db()
    assert chief.is_active and chief.is_staff and chief.is_superuser


ACTIONS = ["unlock", "end_sessions", "lock_down", "reset_face", "reset_codes"]


@pytest.mark.parametrize("name", [*ACTIONS, "require_reenrolment", "no_such_thing"])
def test_who_is_no_superuser_does_nothing_to_one(clerk: Client, chief: User, name: str) -> None:
    TryCounter.objects.create(key="x", since=timezone.now(), last_at=timezone.now())
    assert do(clerk, name, chief).status_code == 403
    assert clerk.post(f"/auth/admin/accounts/user/{chief.pk}/code/").status_code == 403
    form = {"action": "lock_down", "_selected_action": [str(chief.pk)]}
    answer = clerk.post("/auth/admin/accounts/user/", form, follow=True).content.decode()
    assert "Not for 1" in answer
    chief.refresh_from_db()
    assert chief.is_active
    assert not Invitation.objects.exists()


def test_staff_without_the_right_see_and_do_nothing(ada: Api, db: None) -> None:
    User.objects.create_user("guest", PASSWORD, is_staff=True)
    guest, _ = _with_pass("guest")
    guest.get("/auth/admin/")
    for path in ("user/", "session/", "event/", "invitation/", "invitation/add/"):
        assert guest.get(f"/auth/admin/accounts/{path}").status_code == 403, path
    assert do(guest, "lock_down").status_code == 403
    assert guest.post(f"/auth/admin/accounts/user/{user().pk}/code/").status_code == 403


def test_sessions_are_listed_and_ended(ada: Api, browser: Client) -> None:
    listed = browser.get("/auth/admin/accounts/session/?q=ada")
    assert b"ada" in listed.content
    own = Session.objects.get(user=user())
    form = {"action": "end", "_selected_action": [str(own.pk)]}
    answer = browser.post("/auth/admin/accounts/session/", form, follow=True)
    assert b"1 ended" in answer.content
    assert ada.call("GET", "/session").status_code == 401
    told("session_ended")


def test_a_clerk_ends_no_superusers_session(clerk: Client, chief: User) -> None:
    _with_pass("chief")
    own = Session.objects.get(user=chief)
    form = {"action": "end", "_selected_action": [str(own.pk)]}
    answer = clerk.post("/auth/admin/accounts/session/", form, follow=True)
    assert b"only superusers" in answer.content
    assert Session.objects.filter(pk=own.pk).exists()


@pytest.mark.parametrize("what", ["event", "session"])
def test_what_happened_is_not_changed(ada: Api, browser: Client, what: str) -> None:
    row = {"event": Event, "session": Session}[what].objects.first()
    assert row is not None
    base = f"/auth/admin/accounts/{what}/"
    assert browser.get(f"{base}{row.pk}/change/").status_code == 200
    assert browser.post(f"{base}{row.pk}/change/", {"kind": "x"}).status_code == 403
    assert browser.get(f"{base}add/").status_code == 403
    assert browser.post(f"{base}{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_events_are_filtered_by_kind_and_person(ada: Api, browser: Client) -> None:
    Api().call("POST", "/sessions", {"username": "ada", "password": "not it at all"})
    base = "/auth/admin/accounts/event/"

    def rows(query: str) -> list[str]:
        text = browser.get(f"{base}?{query}").content.decode()
        return re.findall(r'class="field-what">([^<]+)<', text)

    assert rows("kind=password_refused") == ["wrong password"]
    assert "signed in" in rows("q=ada") and "wrong password" in rows("q=ada")
    assert rows("q=nobody") == []
    assert rows("by_administrator__exact=1") == []


def test_changed_rights_are_told(ada: Api, browser: Client) -> None:
    form = {"username": "ada", "display_name": "", "email": "", "is_staff": "on"}
    assert browser.post(f"/auth/admin/accounts/user/{user().pk}/change/", form).status_code == 302
    assert user().is_staff
    assert told("rights_changed").details == {"fields": ["is_staff"]}


@pytest.mark.parametrize("list_of", ["user", "session", "event", "invitation"])
def test_lists_ask_as_often_for_fifty_as_for_five(browser: Client, list_of: str) -> None:
    def make(count: int) -> None:
        for i in range(count):
            who = User(username=f"{list_of}{count}{i}", username_key=f"{list_of}{count}{i}")
            who.save(force_insert=True)
            now = timezone.now()
            FaceFactor.objects.create(user=who, enrolled_at=now, engine="lbph", expires_at=now)
            RecoveryCode.objects.create(user=who, code_hash=f"{list_of}{count}{i}")
            Session.objects.create(user=who, token_hash=f"{count}{i}")
            Event.objects.create(user=who, kind="signed_in", actor=who)
            Invitation.objects.create(user=who, code_hash=f"{count}{i}", expires_at=now)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert browser.get(f"/auth/admin/accounts/{list_of}/").status_code == 200
        return len(queries)

    make(5)
    few = asked()
    make(44)
    assert asked() == few


@pytest.mark.parametrize("is_demanded", [True, False])
def test_staff_need_their_app_where_a_second_factor_is_demanded(
    chief: User, settings: Any, is_demanded: bool
) -> None:
    settings.ACCOUNTS_ADMIN_REQUIRE_MFA = is_demanded
    browser, token = _with_pass("chief")
    assert browser.get("/auth/admin/").status_code == (403 if is_demanded else 302)
    api = Api()
    api.token = token
    secret, _codes = add_app(api)
    # The session in which the app was added holds two factors now; its pass stays.
    assert browser.get("/auth/admin/").status_code == 302 if is_demanded else 200
    fresh = Api()
    fresh.take_token(fresh.call("POST", "/sessions", {"username": "chief", "password": PASSWORD}))
    shown = fresh.call("POST", "/session/factors/totp", {"code": app_code(secret)})
    browser.cookies["kv_pass"] = shown.json()["pass_token"]
    browser.get("/auth/admin/")
    assert browser.get("/auth/admin/").status_code == 200


def test_commands_make_codes(ada: Api, facelogin: Facelogin) -> None:
    out = io.StringIO()
    call_command(
        "invite", username="eve", email="eve@example.org", stdout=out, stderr=io.StringIO()
    )
    code = out.getvalue().strip()
    body = {"code": code, "password": NEW}
    assert Api().call("POST", "/invitations/accept", body).json()["username"] == "eve"
    with pytest.raises(CommandError, match="taken"):
        call_command("invite", username="ADA", stdout=io.StringIO())
    with pytest.raises(CommandError):
        call_command("invite", username="a b", stdout=io.StringIO())
    out = io.StringIO()
    call_command("reset_code", "ADA", stdout=out)
    body = {"code": out.getvalue().strip(), "password": NEW}
    assert Api().call("POST", "/invitations/accept", body).json()["username"] == "ada"
    with pytest.raises(CommandError, match="nobody"):
        call_command("reset_code", "zoe", stdout=io.StringIO())
