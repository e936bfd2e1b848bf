from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from prometheus_client import generate_latest

from kubevision.metrics import REQUESTS, RequestMetricsMiddleware


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/profile", ("dashboard", "GET", "200")),
        ("POST", "/auth/v1/sessions", ("accounts", "POST", "200")),
        ("PUT", "/face/v1/reference", ("facelogin", "PUT", "200")),
        ("GET", "/facelogin", ("dashboard", "GET", "200")),
        ("BREW", "/", ("dashboard", "other", "200")),
    ],
)
def test_answers_are_counted(settings: Any, method: str, path: str, labels: Any) -> None:
    settings.ROOMS_BY_PREFIX = [
        ("/auth/", "accounts"),
        ("/face/", "facelogin"),
        ("/", "dashboard"),
    ]
    before = REQUESTS.labels(*labels)._value.get()
    RequestMetricsMiddleware(lambda _request: HttpResponse())(
        RequestFactory().generic(method, path)
    )
    assert REQUESTS.labels(*labels)._value.get() == before + 1


def test_no_label_holds_what_people_send() -> None:
    RequestMetricsMiddleware(lambda _request: HttpResponse())(
        RequestFactory().generic("X" * 50, "/auth/v1/user/sessions/3f2a-secret?name=ada")
    )
    text = generate_latest().decode()
    assert "secret" not in text and "ada" not in text and "XXX" not in text
