"""What the laptop's single process keeps apart."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import resolve

from accounts.models import User

PASSWORD = "a sentence nobody guesses"


@pytest.mark.parametrize(
    ("path", "room"),
    [
        ("/facelogin", "dashboard"),
        ("/train", "dashboard"),
        ("/face/v1/reference", "facelogin"),
        ("/auth/v1/session", "accounts"),
        ("/auth/admin/", "admin"),
    ],
)
def test_paths_reach_their_room(path: str, room: str) -> None:
    match = resolve(path)
    assert match.app_name == room or match.func.__module__.split(".")[0] == room


@pytest.mark.parametrize("path", ["/authors", "/auth", "/face", "/faces", "/livez", "/metrics"])
def test_other_paths_reach_nobody(path: str) -> None:
    assert Client().get(path).status_code == 404


def test_each_room_has_its_own_database() -> None:
    from django.db import connections, router

    from facelogin.models import Person

    assert router.db_for_write(User) == "default"
    assert router.db_for_write(Person) == "facelogin"
    names = {str(connections[alias].settings_dict["NAME"]) for alias in ("default", "facelogin")}
    assert len(names) == 2


@pytest.mark.django_db(databases=["default", "facelogin"])
def test_tables_are_in_their_own_rooms_database_only() -> None:
    from django.db import connections

    accounts = set(connections["default"].introspection.table_names())
    facelogin = set(connections["facelogin"].introspection.table_names())
    assert not any(name.startswith("facelogin_") for name in accounts)
    assert {name for name in facelogin if not name.startswith("django_")} == {
        "facelogin_person",
        "facelogin_reference",
        "facelogin_spentticket",
        "facelogin_openattempt",
        "facelogin_endedsession",
        "facelogin_extension",
        "facelogin_templatekey",
        "facelogin_tombstone",
        "facelogin_restore",
    }


@pytest.mark.django_db
def test_admin_and_dashboard_have_csrf_cookies_of_their_own() -> None:
    User.objects.create_superuser("chief", PASSWORD)
    browser = Client(enforce_csrf_checks=True)
    body = {"username": "chief", "password": PASSWORD}
    opened = browser.post("/auth/v1/sessions", body, content_type="application/json").json()
    browser.cookies["kv_pass"] = opened["pass_token"]
    browser.get("/auth/admin/")
    page = browser.get("/auth/admin/accounts/user/add/")
    cookie = page.cookies["kv_admin_csrf"]
    assert (cookie["path"], cookie["httponly"]) == ("/auth/admin/", True)
    assert settings.CSRF_COOKIE_NAME == "kv_csrf" and "kv_csrf" not in page.cookies
    token = page.content.decode().split('csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {"username": "grace", "password": PASSWORD, "display_name": "", "email": ""}
    path = "/auth/admin/accounts/user/add/"
    assert browser.post(path, form).status_code == 403
    assert browser.post(path, form | {"csrfmiddlewaretoken": token}).status_code == 302
    assert User.objects.filter(username="grace").exists()
    page = browser.get("/login")
    assert page.cookies["kv_csrf"]["path"] == "/"


@pytest.mark.parametrize(
    "path", ["/static/dashboard/css/kubevision.css", "/auth/static/admin/css/base.css"]
)
def test_static_files_have_their_rooms_prefix(path: str) -> None:
    assert Client().get(path).status_code == 200


def test_settings_modules_say_what_is_missing() -> None:
    import subprocess
    import sys

    from tests.run import environment

    for room in ("accounts", "facelogin", "dashboard"):
        env = environment(DJANGO_SETTINGS_MODULE=f"kubevision.settings.{room}")
        done = subprocess.run(
            [sys.executable, "manage.py", "check"],
            env=env,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "SECRET_KEY_FILE is not set. Example: SECRET_KEY_FILE=" in done.stderr
        assert "Traceback" not in done.stderr
