"""Bodies and fields as they should not be, at every call that reads one: refused by name."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from accounts.models import User
from accounts.tests.conftest import CONSENT, PASSWORD, Api
from kubevision.tests import headers
from kubevision.tests.walking import every_path

# Every call that reads a body: method, path, a body without a mistake.
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/users", {"username": "eve", "password": PASSWORD, "email": "", "display_name": ""}),
    ("POST", "/sessions", {"username": "ada", "password": PASSWORD}),
    ("POST", "/session/reauthentication", {"password": PASSWORD}),
    (
        "POST",
        "/session/face-ticket",
        {"purpose": "enrol", "consent_version": CONSENT, "cohort_consent": True},
    ),
    ("POST", "/session/factors/face", {"assertion": "a.b.c"}),
    ("POST", "/session/factors/recovery-code", {"code": "ABCD"}),
    ("POST", "/session/factors/totp", {"code": "ABCD"}),
    ("POST", "/invitations/accept", {"code": "ABCD", "password": PASSWORD, "username": "eve"}),
    ("PUT", "/user/factors/face", {"assertion": "a.b.c"}),
    ("PUT", "/user/factors/totp", {"code": "ABCD"}),
    ("PATCH", "/user", {"display_name": "Ada", "email": "ada@example.org"}),
    ("PUT", "/user/password", {"new_password": PASSWORD}),
    ("POST", "/attempt-reports", {"report": "a.b.c"}),
]
WITHOUT_A_BODY = {"/user/factors/recovery-codes"}
NAMES = [f"{method} {path}" for method, path, _ in CALLS]
FIELDS = [(method, path, body, field) for method, path, body in CALLS for field in body]
FIELD_NAMES = [f"{method} {path} {field}" for method, path, _, field in FIELDS]

WRONG_TYPES: dict[str, Any] = {
    "a number": 5,
    "a fraction": 1.5,
    "a very large number": 2**200,
    "a list": ["a"],
    "an empty list in a list": [[]],
    "an object": {"a": 1},
    "null": None,
    "a lone surrogate": "\ud800",
    "a surrogate pair the wrong way round": "\udc00\ud800",
    "5 000 characters": "x" * 5000,
}
WRONG_BODIES = {
    "nothing": b"",
    "white space": b" \r\n\t",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"text"',
    "a number": b"5",
    "half an object": b'{"username": "ada',
    "two objects": b"{}{}",
    "an object and more": b"{} x",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "a name twice": b'{"password": "a", "password": "b"}',
    "a name twice, escaped": b'{"password": "a", "passwor\\u0064": "b"}',
    "single quotes": b"{'a': 1}",
    "a comment": b"{} // x",
    "60 000 brackets": b"[" * 60_000,
    "20 000 objects": b'{"":' * 15_000,
    "a number of 6 000 digits": b'{"a":' + b"9" * 6000 + b"}",
    "NUL": b"\0",
    "NUL behind an object": b"{}\0",
    "bad UTF-8": b'{"username": "\xff\xfe"}',
    "overlong UTF-8": b'{"username": "\xc0\x80"}',
    "a surrogate in UTF-8": b'{"username": "\xed\xa0\x80"}',
    "UTF-16": '{"username": "ada"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a form": b"username=ada&password=x",
    "XML": b"<?xml version='1.0'?><a/>",
    "65 537 bytes": b" " * 65_537,
    "a name of 64 000 characters": b'{"' + b"a" * 64_000 + b'": 1',
}


def _refused(response: Any, *fields: str) -> None:
    body = headers.assert_problem(response)
    assert (response.status_code, body["code"]) == (400, "invalid_input")
    assert sorted(body["errors"]) == sorted(fields)
    assert all(sentence for sentences in body["errors"].values() for sentence in sentences)


def _signs_in() -> None:
    who = {"username": "ada", "password": PASSWORD}
    assert Api().call("POST", "/sessions", who).status_code == 201


def test_no_call_is_left_out() -> None:
    known = {f"/auth/v1{path}" for _, path, _ in CALLS}
    known |= {f"/auth/v1{path}" for path in WITHOUT_A_BODY}
    patterns = {path for path in every_path() if path.startswith("/auth/v1/")}
    for path in patterns:
        allowed = Client().generic("BREW", path).headers.get("Allow", "")
        if {"POST", "PUT", "PATCH"} & set(allowed.split(", ")):
            assert path in known, path
    assert known <= patterns
    assert get_resolver().url_patterns


@pytest.mark.parametrize(("method", "path", "body"), CALLS, ids=NAMES)
def test_a_body_that_is_no_object(ada: Api, method: str, path: str, body: Any) -> None:
    for name, wrong in WRONG_BODIES.items():
        _refused(ada.call(method, path, wrong or b" "), "body"), name
    _signs_in()


@pytest.mark.parametrize(("method", "path", "body", "field"), FIELDS, ids=FIELD_NAMES)
def test_a_field_that_holds_something_else(
    ada: Api, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    for name, wrong in WRONG_TYPES.items():
        answer = ada.call(method, path, json.dumps(body | {field: wrong}).encode())
        if (field, name) == ("username", "5 000 characters") and path == "/sessions":
            continue  # judged below: it takes as long as any other name
        _refused(answer, field)
    assert not User.objects.filter(username="eve").exists()
    _signs_in()


@pytest.mark.parametrize(("method", "path", "body"), CALLS, ids=NAMES)
def test_unknown_fields_are_ignored(ada: Api, method: str, path: str, body: Any) -> None:
    extra = {"__proto__": {"admin": True}, "is_staff": True, "id": 1, "\ud800": 1, "x" * 9000: 1}
    plain, laden = (
        ada.call(method, path, json.dumps(sent).encode())
        for sent in (body, body | extra | ({"username": "eva"} if path == "/users" else {}))
    )
    assert laden.status_code == plain.status_code or path == "/session/reauthentication"
    assert not User.objects.filter(is_staff=True).exists()


@pytest.mark.parametrize(
    "username", ["x" * 4096, "\0", "ada\0", " ", "ada ", "\u202eada", "' OR 1=1 --", "ﷺ" * 200]
)
def test_names_nobody_can_have_sign_nobody_in(ada: Api, username: str) -> None:
    body = json.dumps({"username": username, "password": PASSWORD}).encode()
    answer = ada.call("POST", "/sessions", body)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    _signs_in()


@pytest.mark.parametrize("password", ["x" * 4096, "\0", PASSWORD + "\0", " " + PASSWORD, "é" * 129])
def test_passwords_nobody_can_have(ada: Api, password: str) -> None:
    answer = ada.call("POST", "/sessions", {"username": "ada", "password": password})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    _signs_in()


@pytest.mark.parametrize(
    ("username", "answer"),
    [
        ("עדה", 201),  # right to left
        ("عادل٣", 201),
        ("e\u0301va", 201),  # composes to one letter
        ("ada\u0301\u0323\u0300", 400),  # does not
        ("\u0301", 400),  # a mark and no letter
        ("a\u200db", 400),  # a joiner nobody sees
        ("a\u00adb", 400),  # a hyphen nobody sees
        ("\u202eada", 400),  # turns what follows round
        ("a\u2066b\u2069", 400),
        ("\ufeffada", 400),
        ("ａｄａ", 409),  # full width
        ("ADA", 409),
        ("\u1d43\u1d48\u1d43", 409),  # raised letters
        ("𝐚𝐝𝐚", 409),  # bold letters of mathematics
        ("ａ" * 64, 201),
        ("ａ" * 65, 400),
        ("ﷺ", 400),  # one character becomes eighteen, with spaces
        ("\U0001f600", 400),
        ("a\tb", 400),
        ("", 400),
    ],
)
def test_names_in_any_writing(transactional_db: None, ada: Api, username: str, answer: int) -> None:
    # In transactions as they are in production: a name that is taken would end the test's own.
    body = {"username": username, "password": PASSWORD}
    response = Api().call("POST", "/users", body)
    assert response.status_code == answer
    if answer == 201:
        assert Api().call("POST", "/sessions", body).status_code == 201
    _signs_in()


@pytest.mark.parametrize(
    ("first", "second"),
    [("straße", "STRASSE"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("ﬁsch", "FISCH"), ("\u212bke", "åke")],
)
def test_names_that_fold_to_one(transactional_db: None, api: Api, first: str, second: str) -> None:
    assert api.call("POST", "/users", {"username": first, "password": PASSWORD}).status_code == 201
    again = api.call("POST", "/users", {"username": second, "password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (409, "username_taken")
    who = {"username": second, "password": PASSWORD}
    assert api.call("POST", "/sessions", who).status_code == 201


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "application/json; charset=nonsense",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "\xff/\xff",
        "x" * 3000,
    ],
)
def test_a_body_is_json_whatever_it_is_called(ada: Api, content_type: str) -> None:
    body = json.dumps({"username": "ada", "password": PASSWORD})
    response = Client().generic("POST", "/auth/v1/sessions?a=%ff", body, content_type=content_type)
    assert response.status_code == 201
    authorization = {"Authorization": f"Bearer {ada.token}"}
    read = Client().generic(
        "GET", "/auth/v1/user?include=%ff", content_type=content_type, headers=authorization
    )
    assert read.status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "bearer x", "Basic YTpi", "Bearer a b", "Bearer \xff", "x" * 9000],
)
def test_no_token_is_nobody(ada: Api, authorization: str) -> None:
    for path in ("/session", "/user"):
        response = Client().get(f"/auth/v1{path}", headers={"Authorization": authorization})
        assert headers.assert_problem(response)["code"] == "unauthenticated"
        assert response.status_code == 401
