"""What accounts answers when nothing of its own code does, and the headers of all it answers."""

import json
import logging
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from accounts import selectors
from accounts.models import User
from accounts.tests.conftest import PASSWORD, Api
from accounts.tests.test_admin import _with_pass
from kubevision.tests import headers
from kubevision.tests.walking import METHODS, every_path

REST = [path for path in every_path() if not path.startswith("/auth/admin/")]
ADMIN = [path for path in every_path() if path.startswith("/auth/admin/")]


@pytest.fixture
def chief(db: None) -> Client:
    """A superuser's browser, inside the admin."""
    User.objects.create_superuser("chief", PASSWORD)
    browser, _ = _with_pass("chief")
    browser.get("/auth/admin/")
    return browser


def test_all_paths_were_walked() -> None:
    assert {"/auth/v1/session", "/auth/.well-known/jwks.json"} <= set(REST)
    assert {"/auth/admin/", "/auth/admin/accounts/user/1/change/"} <= set(ADMIN)
    assert len(REST) >= 14 and len(ADMIN) >= 10


@pytest.mark.django_db
@pytest.mark.parametrize("path", REST)
def test_rest_answers_are_for_programs_alone(path: str) -> None:
    for method in METHODS:
        response = Client().generic(method, path)
        headers.assert_safe(response)
        assert headers.policy(response) == headers.NOTHING
        assert not headers.is_camera_allowed(response)
        if response.status_code >= 400 and method != "HEAD":
            headers.assert_problem(response)


@pytest.mark.parametrize("path", ADMIN)
def test_admin_pages_are_strict(chief: Client, path: str) -> None:
    for method in ("GET", "PUT", "POST"):
        if path.endswith("/logout/"):
            continue  # it would end what the rest is looked at with
        response = chief.generic(method, path)
        headers.assert_safe(response)
        assert headers.policy(response).items() >= headers.STRICT.items()
        assert headers.policy(response)["connect-src"] == "'self'"
        assert headers.policy(response)["form-action"] == "'self'"
        assert not headers.is_camera_allowed(response)
        assert "problem" not in response.headers["Content-Type"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/auth/v1/nothing", 404, "not_found"),
        ("POST", "/auth/v1/", 404, "not_found"),
        ("GET", "/auth/nothing", 404, "not_found"),
        ("GET", "/anything", 404, "not_found"),
        ("DELETE", "/auth/v1/users", 405, "method_not_allowed"),
        ("BREW", "/auth/v1/session", 405, "method_not_allowed"),
    ],
)
def test_the_frameworks_refusals_are_problems(
    db: None, method: str, path: str, status: int, code: str
) -> None:
    response = Client().generic(method, path)
    assert (response.status_code, headers.assert_problem(response)["code"]) == (status, code)
    assert status != 405 or response.headers["Allow"]


@pytest.mark.parametrize("path", ["/auth/v1/session", "/auth/v1/nothing", "/auth/.well-known/x"])
def test_a_strangers_host_name_is_a_problem(db: None, path: str) -> None:
    response = Client().get(path, headers={"Host": "evil.example"})
    assert (response.status_code, headers.assert_problem(response)["code"]) == (400, "bad_request")
    assert b"evil" not in response.content


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> str:
    """A fault in the code that every REST call with a token and every admin page runs through."""
    secret = "a sentence of the fault itself"

    def broken(_token: str) -> None:
        raise ZeroDivisionError(secret)

    monkeypatch.setattr(selectors, "session_by_token", broken)
    monkeypatch.setattr(selectors, "session_by_pass", broken)
    return secret


def _lines_about(caplog: pytest.LogCaptureFixture, request_id: str) -> list[logging.LogRecord]:
    from kubevision.request_context import RequestIdFilter

    keeps = RequestIdFilter()
    assert all(keeps.filter(record) for record in caplog.records)
    return [record for record in caplog.records if record.request_id == request_id]  # type: ignore[attr-defined]


def test_a_bug_is_one_problem_and_one_line_with_its_id(
    api: Api, bug: str, caplog: pytest.LogCaptureFixture
) -> None:
    api.client.raise_request_exception = False
    response = api.call("GET", "/session", Authorization="Bearer x")
    assert response.status_code == 500
    assert headers.assert_problem(response)["code"] == "internal_error"
    assert bug not in response.content.decode()
    headers.assert_safe(response)
    (line,) = _lines_about(caplog, response.headers["X-Request-ID"])
    assert line.levelname == "ERROR" and line.exc_info is not None


def test_a_database_that_does_not_answer_is_no_bug(
    db: None, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_token: str) -> None:
        raise DatabaseError("localhost:27017: connection refused")

    monkeypatch.setattr(selectors, "session_by_token", away)
    monkeypatch.setattr(selectors, "session_by_pass", away)
    response = api.call("GET", "/session", Authorization="Bearer x")
    assert headers.assert_problem(response)["code"] == "temporarily_unavailable"
    browser = Client()
    browser.cookies["kv_pass"] = "x"
    page = browser.get("/auth/admin/")
    text = page.content.decode()
    assert "<h1>The database does not answer</h1>" in text and "27017" not in text
    for answer in (response, page):
        assert answer.status_code == 503 and answer.headers["Retry-After"] == "5"


def test_a_bug_in_the_admin_is_a_page_with_its_id(
    db: None, bug: str, caplog: pytest.LogCaptureFixture
) -> None:
    browser = Client(raise_request_exception=False)
    browser.cookies["kv_pass"] = "x"
    response = browser.get("/auth/admin/")
    text = response.content.decode()
    request_id = response.headers["X-Request-ID"]
    assert response.status_code == 500 and "<h1>" in text and request_id in text
    assert bug not in text and "Traceback" not in text
    assert len(_lines_about(caplog, request_id)) == 1


def test_the_admins_refusals_are_pages(chief: Client) -> None:
    missing = chief.get("/auth/admin/nothing/here/")
    assert missing.status_code == 404 and b"There is no such page" in missing.content
    user = User.objects.get()
    forbidden = chief.get(f"/auth/admin/accounts/user/{user.pk}/delete/")
    assert forbidden.status_code == 403 and b"This is not open to you" in forbidden.content
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = chief.cookies
    stale = strict.post("/auth/admin/accounts/user/add/", {"username": "x"})
    assert stale.status_code == 403 and b"This form was not accepted" in stale.content
    large = strict.post("/auth/admin/accounts/user/add/", {"username": "x" * 70_000})
    assert large.status_code == 413 and b"too large" in large.content
    for page in (missing, forbidden, stale, large):
        text = page.content.decode()
        assert "<style" not in text and " style=" not in text
        assert page.headers["X-Request-ID"] in text


def test_only_staff_is_said_as_the_admin_says_it(db: None) -> None:
    User.objects.create_user("ada", PASSWORD)
    browser, _ = _with_pass("ada")
    page = browser.get("/auth/admin/")
    assert page.status_code == 403 and b"Only staff can open the administration." in page.content


def test_a_password_with_nul_is_one_password_at_both_doors(chief: Client) -> None:
    password = "  tab\tnul\x00and more  "
    form = {"username": "grace", "password": password, "display_name": "", "email": ""}
    assert chief.post("/auth/admin/accounts/user/add/", form).status_code == 302
    body = json.dumps({"username": "grace", "password": password})
    opened = Client().post("/auth/v1/sessions", body, content_type="application/json")
    assert opened.status_code == 201


def test_unknown_is_told_like_any_other_refusal(api: Api) -> None:
    shapes: list[set[str]] = []
    for answer in (
        api.call("GET", "/nothing"),
        api.call("GET", "/session"),
        api.call("PUT", "/session"),
    ):
        body: dict[str, Any] = headers.assert_problem(answer)
        shapes.append(set(body))
    assert shapes[0] == shapes[1] == shapes[2]
