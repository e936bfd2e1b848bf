"""Facelogin's few HTTP calls, asked by somebody who is not accounts."""

import base64

import pytest
from django.test import Client

from facelogin.tests.conftest import Accounts
from kubevision.tests import headers
from kubevision.tests.walking import METHODS, every_path

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/face/v1/reference"
DEEP = base64.urlsafe_b64encode(b"[" * 2900).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer ..",
        "Bearer a.b.c",
        "Bearer a.b.c.d",
        "Bearer \xff.\xff.\xff",
        f"Bearer {DEEP}.e30.x",
        f"Bearer e30.{DEEP}.x",
        "Bearer e30.e30." + "x" * 8000,
        "Basic YTpi",
        "x" * 9000,
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_no_ticket_is_no_answer(accounts: Accounts, method: str, authorization: str) -> None:
    response = Client().generic(method, PATH, headers={"Authorization": authorization})
    assert response.status_code == 401
    assert headers.assert_problem(response)["code"] == "ticket_refused"


@pytest.mark.parametrize("path", every_path())
def test_other_methods_and_bodies_change_nothing(accounts: Accounts, path: str) -> None:
    for method in (*METHODS, "BREW", "TRACE"):
        for body in (b"", b"x" * 100_000, b"[" * 9000, b"\0"):
            response = Client().generic(method, path, body, content_type="application/json")
            assert response.status_code in {200, 401, 404, 405}
            if response.status_code >= 400 and method != "HEAD":
                headers.assert_problem(response)
