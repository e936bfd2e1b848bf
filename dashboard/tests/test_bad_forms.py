"""Forms filled in as no browser would: a page that says what is wrong, never a fault."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client
from django.urls import get_resolver

from dashboard.tests.conftest import (
    ASSERTION,
    CODES,
    EVERYTHING,
    FACE,
    FULL,
    OTHER,
    REGISTERED,
    SESSION,
    TICKET,
    Accounts,
    opened,
)
from kubevision import contracts

ADDED = contracts.example("face_activated.extended")
LIGHT = ADDED["extensions"][0]["id"]
BEGUN = contracts.example("totp.begun")
# Every page that takes a form: path, the fields of it, and what accounts answers a good one.
FORMS: dict[str, tuple[dict[str, str], str, dict[str, Any]]] = {
    "/register": (
        {"username": "ada", "display_name": "Ada", "password": "a sentence"},
        "POST /users",
        REGISTERED,
    ),
    "/login": ({"username": "ada", "password": "a sentence"}, "POST /sessions", opened(SESSION)),
    "/confirm": ({"password": "a sentence"}, "POST /session/reauthentication", opened(SESSION)),
    "/invite": (
        {"code": "7K3M-QX92", "username": "ada", "password": "a sentence"},
        "POST /invitations/accept",
        REGISTERED,
    ),
    "/profile/edit": (
        {"display_name": "Ada", "email": "ada@example.org"},
        "PATCH /user",
        contracts.example("user"),
    ),
    "/profile/password": ({"new_password": "a sentence"}, "PUT /user/password", {}),
    "/profile/face/remove": ({}, "DELETE /user/factors/face", {}),
    "/profile/totp": (
        {"code": "492039", "secret": BEGUN["secret"], "uri": BEGUN["otpauth_uri"]},
        "PUT /user/factors/totp",
        contracts.example("totp.confirmed.first_time"),
    ),
    "/profile/totp/remove": ({}, "DELETE /user/factors/totp", {}),
    "/profile/recovery-codes/file": (
        {"codes": " ".join(CODES["codes"])},
        "GET /user",  # never asked: the codes come from the page
        EVERYTHING,
    ),
    "/profile/sessions/end": (
        {"session": OTHER["id"]},
        f"DELETE /user/sessions/{OTHER['id']}",
        {},
    ),
    "/profile/sessions/end-others": ({}, "DELETE /user/sessions", {}),
    "/login/other": ({"code": "ABCD-EFGH"}, "POST /session/factors/recovery-code", opened(FULL)),
    "/facelogin": (ASSERTION, "POST /session/factors/face", opened(FULL)),
    "/train": (
        ASSERTION,
        "PUT /user/factors/face",
        FACE | {"recovery_codes": CODES["codes"]},
    ),
    "/live/ticket": ({}, "POST /session/face-ticket", TICKET),
    "/facelogin/ticket": ({}, "POST /session/face-ticket", TICKET),
    "/train/ticket": ({"consent": "2026-11.2"}, "POST /session/face-ticket", TICKET),
    "/train/light": (ASSERTION, "PUT /user/factors/face", ADDED),
    "/train/light/ticket": ({}, "POST /session/face-ticket", TICKET),
    "/profile/lights/remove": (
        {"light": LIGHT},
        f"DELETE /user/factors/face/extensions/{LIGHT}",
        {},
    ),
    "/profile/recovery-codes": ({}, "POST /user/factors/recovery-codes", CODES),
    "/logout": ({}, "DELETE /session", {}),
}
# As a form sends them: percent-encoded bytes.
WRONG = {
    "nothing": "",
    "NUL": "%00",
    "NUL in the middle": "a%00b",
    "bad UTF-8": "%ff%fe",
    "a surrogate": "%ed%a0%80",
    "half a percent sign": "%",
    "right to left": "%e2%80%aeada",
    "a new line": "a%0d%0aSet-Cookie:%20x=y",
    "4 096 characters": "x" * 4096,
    "60 000 characters": "x" * 60_000,
    "a tag": "%3Cscript%3Ealert(1)%3C/script%3E",
    "a template": "%7B%7B7*7%7D%7D%7B%25%20x%20%25%7D",
}
FIELDS = [(path, field) for path, (fields, _, _) in FORMS.items() for field in (*fields, "next")]
FORM_TYPE = "application/x-www-form-urlencoded"


@pytest.fixture
def visitor(ada: Client, accounts: Accounts) -> Iterator[Client]:
    accounts.says("GET /session", FULL)
    accounts.says("POST /user/factors/totp", BEGUN)
    for _, call, answer in FORMS.values():
        accounts.says(call, answer)
    yield ada
    # Accounts refuses most of what is sent on here; this one says yes to all, to see the page.
    accounts.breaches.clear()


def test_no_form_is_left_out() -> None:
    takes_forms = {
        f"/{pattern.pattern}"
        for resolver in get_resolver().url_patterns
        for pattern in resolver.url_patterns
        if "POST" in Client().generic("BREW", f"/{pattern.pattern}").headers.get("Allow", "")
    }
    assert takes_forms == set(FORMS)


@pytest.mark.parametrize(("path", "field"), FIELDS)
def test_a_field_that_holds_anything(visitor: Client, path: str, field: str) -> None:
    fields = FORMS[path][0]
    for name, value in WRONG.items():
        rest = urlencode({other: good for other, good in fields.items() if other != field})
        body = f"{rest}&{field}={value}"
        answer = visitor.post(path, body, content_type=FORM_TYPE)
        assert answer.status_code in {200, 201, 302, 400, 409}, (name, answer.status_code)
        assert "script>alert" not in answer.content.decode()
        assert "x" not in answer.cookies
        location = urlsplit(answer.headers.get("Location", "/"))
        assert not location.scheme and not location.netloc, name
        visitor.cookies["kv_session"] = "token"


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", FORM_TYPE),
        (b"&&&===", FORM_TYPE),
        (b"password=a&password=b&username=c&username=d", FORM_TYPE),
        (b'{"username": "ada"}', "application/json"),
        (b"x", "text/plain"),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=y"),
        (b"x", "multipart/form-data; boundary=" + "y" * 500),
        (b"username=%ff", f"{FORM_TYPE}; charset=utf-16"),
        (b"&".join(b"a%d=1" % number for number in range(1001)), FORM_TYPE),
        (b"a=" + b"x" * 70_000, FORM_TYPE),
    ],
)
def test_a_form_of_another_kind(visitor: Client, path: str, body: bytes, content_type: str) -> None:
    answer = visitor.post(path, body, content_type=content_type)
    assert answer.status_code in {200, 201, 302, 400, 409, 413}
    if answer.status_code >= 400 and "json" not in answer.headers["Content-Type"]:
        assert b"<h1" in answer.content


@pytest.mark.parametrize("name", ["kv_session", "kv_csrf", "kv_device", "kv_pass", "sessionid"])
@pytest.mark.parametrize("value", ["", "\xff", "a b", '"', "x" * 8000, "\x7f", "a;b=c", "../.."])
def test_a_cookie_that_holds_anything(nobody: Client, name: str, value: str) -> None:
    for path in ("/", "/login", "/profile"):
        cookie = f"{name}={value}".encode("latin-1").decode("latin-1")
        answer = nobody.get(path, headers={"Cookie": cookie})
        assert answer.status_code in {200, 302, 503}  # 503: nobody plays accounts here


@pytest.mark.parametrize(
    "query", ["%00", "next=%00", "next=%ff", "next=http://[::1", "next=" + "x" * 9000, "&=&", "%"]
)
@pytest.mark.parametrize(
    "path", ["/", "/login", "/register", "/profile", "/invite", "/login/other", "/profile/events"]
)
def test_a_query_that_holds_anything(nobody: Client, path: str, query: str) -> None:
    assert nobody.get(f"{path}?{query}").status_code in {200, 302}
