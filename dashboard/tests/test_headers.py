"""Headers of every page, file and refusal of the dashboard alone."""

from typing import Any

import pytest
from django.test import Client

from dashboard.tests.conftest import ASSERTION, CODES, FULL, TICKET, Accounts, opened
from kubevision import contracts
from kubevision.tests import headers
from kubevision.tests.walking import METHODS, every_path


@pytest.fixture
def willing(ada: Client, accounts: Accounts) -> Client:
    """Ada's browser before accounts that says yes to all."""
    accounts.says("GET /session", FULL)
    accounts.says("POST /session/face-ticket", TICKET)
    accounts.says("DELETE /session", {})
    for call in ("POST /session/factors/face", "POST /session/factors/recovery-code"):
        accounts.says(call, opened(FULL))
    accounts.says("POST /user/factors/recovery-codes", CODES)
    return ada


@pytest.mark.parametrize("path", every_path())
def test_every_answer_has_them(willing: Client, path: str) -> None:
    for method in METHODS:
        response = willing.generic(method, path)
        headers.assert_safe(response)
        assert headers.policy(response).items() >= headers.STRICT.items()
        assert headers.is_camera_allowed(response)


@pytest.mark.parametrize("path", ["/facelogin", "/login/other"])
def test_a_shown_factor_has_them(willing: Client, path: str) -> None:
    response = willing.post(path, ASSERTION | contracts.example("recovery_code.request"))
    assert response.status_code == 302 and "kv_session" in response.cookies
    headers.assert_safe(response)


def test_all_pages_were_walked() -> None:
    assert {"/", "/train", "/train/ticket", "/profile", "/favicon.ico"} <= set(every_path())
    assert len(every_path()) >= 18


@pytest.mark.parametrize("path", ["/", "/profile", "/train", "/confirm", "/facelogin/nothing"])
def test_pages_about_people_are_kept_nowhere(willing: Client, path: str) -> None:
    assert "no-store" in willing.get(path).headers["Cache-Control"]


def test_scripts_may_talk_to_our_origins_and_facelogins_socket(nobody: Client) -> None:
    """The default settings: two origins of the laptop, facelogin at the first."""
    connect = headers.policy(nobody.get("/"))["connect-src"].split()
    assert set(connect) == {
        "'self'",
        "http://localhost:8000", "ws://localhost:8000",
        "http://127.0.0.1:8000", "ws://127.0.0.1:8000",
    }  # fmt: skip


def test_forms_lead_to_ourselves_alone_unless_hosts_are_named(nobody: Client) -> None:
    assert headers.policy(nobody.get("/login"))["form-action"] == "'self'"


def test_a_strangers_host_name_is_refused(nobody: Client, settings: Any) -> None:
    for path in ("/", "/login", "/nothing", "/train/ticket"):
        response = nobody.get(path, headers={"Host": "evil.example"})
        assert response.status_code == 400
        headers.assert_safe(response)
        assert b"evil" not in response.content and b"<h1" in response.content
