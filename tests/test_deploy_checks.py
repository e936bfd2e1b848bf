"""`manage.py check --deploy` as an operator runs it, and what Django is told not to say."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from kubevision import keys
from tests.room_settings import good_settings, run

ROOMS = ("accounts", "facelogin", "dashboard")
CHECK = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("deploy")
    keys.make_missing(made / "keys")
    return made


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_in_a_cluster_is_clean(folder: Path, room: str) -> None:
    done = run(*CHECK, settings=good_settings(room, folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("room", "change", "finding"),
    [
        ("dashboard", {"TRUSTED_PROXIES": ""}, "kubevision.W001"),
        ("dashboard", {"TRUSTED_PROXIES": "0.0.0.0/0"}, "kubevision.E004"),
        ("dashboard", {"TRUSTED_PROXIES": "::/0"}, "kubevision.E004"),
        ("dashboard", {"PUBLIC_ORIGINS": "https://a.example,http://a.example"}, "kubevision.E001"),
        ("dashboard", {"PUBLIC_ORIGINS": "http://portal.example.org"}, "security.W016"),
        ("dashboard", {"LOGIN_REDIRECT_HOSTS": "wiki.example.org:8443"}, "dashboard.W001"),
        ("accounts", {"FACELOGIN_PUBLIC_URL": "http://faces.example.org"}, "kubevision.E002"),
        ("accounts", {"PASS_COOKIE_DOMAIN": "example.com"}, "kubevision.E003"),
        ("accounts", {"PASS_COOKIE_DOMAIN": "ortal.example.org"}, "kubevision.E003"),
        ("accounts", {"ACCOUNTS_REGISTRATION": "open"}, "accounts.W001"),
        ("accounts", {"ACCOUNTS_ADMIN_REQUIRE_MFA": "off"}, "accounts.W002"),
        ("facelogin", {"FACELOGIN_ALLOW_MISSING_ORIGIN": "on"}, "facelogin.W001"),
        ("facelogin", {"FACELOGIN_FALSE_MATCH_RATE": "0.000001"}, "facelogin.E001"),
    ],
)
def test_what_does_not_fit_is_found(
    folder: Path, room: str, change: dict[str, str], finding: str
) -> None:
    done = run(*CHECK, settings=good_settings(room, folder) | change)
    assert done.returncode == 1
    assert finding in done.stderr and "Traceback" not in done.stderr
    if not finding.startswith("security."):
        assert next(iter(change)) in done.stderr and "Example: " in done.stderr


@pytest.mark.parametrize(
    ("room", "change"),
    [
        ("accounts", {"PASS_COOKIE_DOMAIN": ".example.org"}),
        ("accounts", {"FACELOGIN_URL": ""}),
        ("dashboard", {"LOGIN_REDIRECT_HOSTS": "portal.example.org"}),
        (
            "dashboard",
            {"LOGIN_REDIRECT_HOSTS": "wiki.example.org", "PASS_COOKIE_DOMAIN": "example.org"},
        ),
    ],
)
def test_what_fits_is_let_through(folder: Path, room: str, change: dict[str, str]) -> None:
    done = run(*CHECK, settings=good_settings(room, folder) | change)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("peer", "proto", "is_asked_to_stay"),
    [("127.0.0.1", "https", True), ("127.0.0.1", "http", False), ("203.0.113.7", "https", False)],
)
def test_https_is_believed_and_kept_only_behind_a_trusted_proxy(
    settings: Any, peer: str, proto: str, is_asked_to_stay: bool
) -> None:
    settings.SECURE_HSTS_SECONDS = 60
    answer = Client(REMOTE_ADDR=peer, HTTP_X_FORWARDED_PROTO=proto).get("/login")
    assert answer.status_code == 200
    assert (answer.headers.get("Strict-Transport-Security") == "max-age=60") is is_asked_to_stay
