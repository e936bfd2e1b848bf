import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Session, User
from accounts.tests.conftest import PASSWORD, Api


def _with_pass(username: str) -> tuple[Client, str]:
    """Return a browser that holds the pass of a signed-in person, and the session token."""
    api = Api()
    body = api.call("POST", "/sessions", {"username": username, "password": PASSWORD}).json()
    browser = Client()
    browser.cookies["kv_pass"] = body["pass_token"]
    return browser, body["token"]


@pytest.fixture
def chief(db: None) -> User:
    return User.objects.create_superuser("chief", PASSWORD)


@pytest.mark.parametrize("path", ["/auth/admin/", "/auth/admin/accounts/user/?q=a%26b"])
def test_without_a_session_the_admin_sends_to_the_products_login(db: None, path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 302
    from urllib.parse import parse_qs, urlsplit

    target = urlsplit(response.headers["Location"])
    assert target.path == "/login"
    assert parse_qs(target.query)["next"] == [path]


def test_there_is_no_password_form(chief: User) -> None:
    response = Client().post("/auth/admin/login/", {"username": "chief", "password": PASSWORD})
    assert response.headers["Location"].startswith("/login?next=")


def test_staff_open_the_admin_with_their_pass(chief: User) -> None:
    browser, _ = _with_pass("chief")
    assert browser.get("/auth/admin/").headers["Location"] == "/auth/admin/"
    page = browser.get("/auth/admin/accounts/user/")
    assert page.status_code == 200 and b"chief" in page.content
    cookie = browser.cookies["kv_admin_session"]
    assert (cookie["path"], cookie["httponly"]) == ("/auth/admin/", True)


def test_others_are_refused(chief: User) -> None:
    User.objects.create_user("ada", PASSWORD)
    browser, _ = _with_pass("ada")
    assert browser.get("/auth/admin/").status_code == 403


def test_a_made_up_pass_opens_nothing(chief: User) -> None:
    browser = Client()
    browser.cookies["kv_pass"] = "chief"
    assert browser.get("/auth/admin/").headers["Location"].startswith("/login")


def test_a_session_token_is_no_pass(chief: User) -> None:
    browser, token = _with_pass("chief")
    browser.cookies["kv_pass"] = token
    assert browser.get("/auth/admin/").headers["Location"].startswith("/login")


def test_a_second_factor_can_be_demanded(chief: User, settings: object) -> None:
    settings.ACCOUNTS_ADMIN_REQUIRE_MFA = True  # type: ignore[attr-defined]
    browser, _ = _with_pass("chief")
    assert browser.get("/auth/admin/").status_code == 403


def test_the_admin_ends_with_the_sign_in(chief: User) -> None:
    browser, _ = _with_pass("chief")
    browser.get("/auth/admin/")
    assert browser.get("/auth/admin/").status_code == 200
    Session.objects.all().delete()
    assert browser.get("/auth/admin/").headers["Location"].startswith("/login")


def test_leaving_the_admin_ends_the_sign_in(chief: User) -> None:
    browser, token = _with_pass("chief")
    browser.get("/auth/admin/")
    assert browser.post("/auth/admin/logout/").headers["Location"] == "/"
    api = Api()
    api.token = token
    assert api.call("GET", "/session").status_code == 401


def test_staff_without_rights_cannot_give_themselves_any(chief: User) -> None:
    from django.contrib.auth.models import Permission

    clerk = User.objects.create_user("clerk", PASSWORD, is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    browser, _ = _with_pass("clerk")
    browser.get("/auth/admin/")
    change = f"/auth/admin/accounts/user/{clerk.pk}/change/"
    form = {"username": "clerk", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert browser.post(change, form).status_code == 302
    clerk.refresh_from_db()
    assert not clerk.is_superuser
    assert browser.post(f"/auth/admin/accounts/user/{chief.pk}/change/", form).status_code == 403


def test_a_user_is_added_with_a_first_password(chief: User) -> None:
    browser, _ = _with_pass("chief")
    browser.get("/auth/admin/")
    form = {"username": "Grace", "password": PASSWORD, "display_name": "", "email": ""}
    assert browser.post("/auth/admin/accounts/user/add/", form).status_code == 302
    assert User.objects.get(username_key="grace").check_password(PASSWORD)
    again = browser.post("/auth/admin/accounts/user/add/", form | {"username": "GRACE"})
    assert again.status_code == 200 and b"taken" in again.content


def test_users_cannot_be_deleted_with_their_face_left_behind(chief: User) -> None:
    browser, _ = _with_pass("chief")
    browser.get("/auth/admin/")
    assert browser.get(f"/auth/admin/accounts/user/{chief.pk}/delete/").status_code == 403


def test_make_admin(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    call_command("make_admin", "root", stdout=io.StringIO())
    user = User.objects.get()
    assert user.is_superuser and user.check_password(PASSWORD)
    User.objects.create_user("ada", PASSWORD)
    call_command("make_admin", "ADA", stdout=io.StringIO())
    assert User.objects.get(username="ada").is_superuser


def test_make_admin_refuses_weak_passwords(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("password123\n"))
    with pytest.raises(CommandError, match="common"):
        call_command("make_admin", "root", stdout=io.StringIO())
    assert not User.objects.exists()


def test_no_password_is_changed_by_the_old_one_alone(chief: User) -> None:
    browser, _ = _with_pass("chief")
    browser.get("/auth/admin/")
    form = {"old_password": PASSWORD, "new_password1": "x" * 20, "new_password2": "x" * 20}
    for path in ("password_change/", "password_change/done/"):
        for response in (
            browser.get(f"/auth/admin/{path}"),
            browser.post(f"/auth/admin/{path}", form),
        ):
            assert (response.status_code, response.headers["Location"]) == (302, "/profile")
    chief.refresh_from_db()
    assert chief.check_password(PASSWORD)
