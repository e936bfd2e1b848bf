"""What facelogin answers over HTTP when nothing of its own code does, and its headers."""

import logging

import pytest
from django.test import Client

from facelogin.services import references
from kubevision.request_context import RequestIdFilter
from kubevision.tests import headers
from kubevision.tests.walking import METHODS, every_path


@pytest.mark.django_db
@pytest.mark.parametrize("path", every_path())
def test_every_answer_is_for_programs_alone(path: str) -> None:
    for method in METHODS:
        response = Client().generic(method, path)
        headers.assert_safe(response)
        assert headers.policy(response) == headers.NOTHING
        assert not headers.is_camera_allowed(response)
        if response.status_code >= 400 and method != "HEAD":
            headers.assert_problem(response)


def test_all_paths_were_walked() -> None:
    assert {"/face/v1/reference", "/face/.well-known/jwks.json"} <= set(every_path())


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/face/v1/nothing", 404, "not_found"),
        ("POST", "/anything", 404, "not_found"),
        ("POST", "/face/v1/reference", 405, "method_not_allowed"),
        ("POST", "/face/.well-known/jwks.json", 405, "method_not_allowed"),
    ],
)
def test_the_frameworks_refusals_are_problems(
    method: str, path: str, status: int, code: str
) -> None:
    response = Client(enforce_csrf_checks=True).generic(method, path)
    assert (response.status_code, headers.assert_problem(response)["code"]) == (status, code)
    assert status != 405 or "GET" in response.headers["Allow"]


def test_a_strangers_host_name_is_a_problem() -> None:
    response = Client().get("/face/v1/reference", headers={"Host": "evil.example"})
    assert (response.status_code, headers.assert_problem(response)["code"]) == (400, "bad_request")


def test_a_bug_is_one_problem_and_one_line_with_its_id(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError("a sentence of the fault itself")

    monkeypatch.setattr(references, "take_ticket", broken)
    client = Client(raise_request_exception=False)
    response = client.get("/face/v1/reference", headers={"Authorization": "Bearer x"})
    assert response.status_code == 500
    assert headers.assert_problem(response)["code"] == "internal_error"
    assert b"fault itself" not in response.content
    assert all(RequestIdFilter().filter(record) for record in caplog.records)
    about = [r for r in caplog.records if r.request_id == response.headers["X-Request-ID"]]  # type: ignore[attr-defined]
    assert [line.levelno for line in about] == [logging.ERROR]
