"""Accounts and the contract name the same paths, methods, codes and claims."""

import re
from typing import Any

import pytest
from django.urls import get_resolver

from accounts.api import errors, inputs
from accounts.api.errors import problem_response
from accounts.refusals import Refused
from accounts.tests.conftest import Api
from kubevision import contracts
from kubevision.contracts.checking import check_claims

PATHS = contracts.openapi("accounts")["paths"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Answered by facelogin, or by the floor for every room.
OF_OTHERS = {
    *("ticket_refused", "temporarily_unavailable"),
    *("bad_request", "forbidden", "not_found", "content_too_large", "internal_error"),
}


def url_patterns(resolver: Any, prefix: str = "/") -> list[str]:
    found: list[str] = []
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern).removeprefix("^")
        found += url_patterns(entry, path) if hasattr(entry, "url_patterns") else [path]
    return found


def test_every_path_of_the_contract_answers_and_no_other_does() -> None:
    rest = [p for p in url_patterns(get_resolver()) if not p.startswith("/auth/admin/")]
    assert sorted(re.sub(r"<\w+:(\w+)>", r"{\1}", path) for path in rest) == sorted(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_takes_the_contracts_methods_and_no_other(api: Api, path: str) -> None:
    for method in METHODS:
        address = path.replace("{id}", "5d2c6a8e-40a1-4f5e-9b0c-2d8f6f1f7a31")
        answer = api.client.generic(method, address, b"", content_type="application/json")
        is_allowed = method.lower() in PATHS[path]
        assert (answer.status_code == 405) is not is_allowed, method
        if not is_allowed:
            assert answer.headers["Allow"] == ", ".join(sorted(PATHS[path])).upper()


def test_every_code_is_in_the_contract_with_its_status() -> None:
    listed = contracts.read_json("errors.json")["problems"]
    own = {code: problem.status for code, problem in errors.PROBLEMS.items()}
    assert own == {c: status for c, status in listed.items() if c in own}
    assert set(listed) - set(own) <= OF_OTHERS


EXTRA: dict[str, dict[str, Any]] = {
    "invalid_input": {"errors": {"username": ["This field is required."]}},
    "consent_required": {"extra": {"current_consent_version": "2026-11.2"}},
}


@pytest.mark.parametrize("code", errors.PROBLEMS)
def test_problems_read_as_their_examples(code: str) -> None:
    import json

    body = json.loads(problem_response(Refused(code, **EXTRA.get(code, {}))).content)
    assert body == contracts.example(f"problems/{code}")


def test_the_contract_can_be_read_from_the_service(api: Api) -> None:
    document = api.call("GET", "/openapi.json").json()
    assert document == contracts.openapi("accounts")
    assert "externalValue" not in str(document)


REQUESTS = {
    "register.request": inputs.RegisterInput,
    "sign_in.request": inputs.SignInInput,
    "reauthenticate.request": inputs.PasswordInput,
    "face_ticket.verify.request": inputs.FaceTicketInput,
    "face_ticket.enrol.request": inputs.FaceTicketInput,
    "face_ticket.extend.request": inputs.FaceTicketInput,
    "assertion.request": inputs.AssertionInput,
    "recovery_code.request": inputs.CodeInput,
    "totp_code.request": inputs.CodeInput,
    "face_ticket.watch.request": inputs.FaceTicketInput,
    "accept_invitation.request": inputs.AcceptInvitationInput,
    "change_profile.request": inputs.ProfileInput,
    "change_password.request": inputs.NewPasswordInput,
    "attempt_report.request": inputs.ReportInput,
}


@pytest.mark.parametrize("name", REQUESTS)
def test_the_contracts_requests_are_understood(name: str) -> None:
    form = REQUESTS[name](contracts.example(name))
    assert form.is_valid(), form.errors
    assert contracts.example(name).items() <= form.cleaned_data.items()


def test_every_request_of_the_contract_is_in_the_table() -> None:
    folder = contracts._FOLDER.joinpath("examples")
    assert set(REQUESTS) == {
        file.name.removesuffix(".json")
        for file in folder.iterdir()
        if file.name.endswith(".request.json")
    }


def test_tickets_are_the_contracts(ada: Api) -> None:
    body = {"purpose": "enrol", "consent_version": "2026-11.2", "cohort_consent": True}
    answer = ada.call("POST", "/session/face-ticket", body)
    assert answer.status_code == 201
    check_claims("ticket", answer.json()["ticket"])
