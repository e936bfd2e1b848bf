"""Pytest plugin: in every test, holds each answer and each socket to the contract.

Named in pyproject.toml, so that no test can forget it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.apps import apps
from django.core.handlers.base import BaseHandler

from kubevision.contracts.checking import SocketCheck, check_answer


@pytest.fixture(autouse=True)
def _all_is_held_to_the_contract(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    answer = BaseHandler.get_response

    def get_response(self: BaseHandler, request: Any) -> Any:
        response = answer(self, request)
        hold_to_contract(request, response)
        return response

    monkeypatch.setattr(BaseHandler, "get_response", get_response)
    connect = WebsocketCommunicator.__init__

    def connect_through_check(
        self: WebsocketCommunicator, application: Any, *args: Any, **kwargs: Any
    ) -> None:
        connect(self, SocketCheck(application), *args, **kwargs)

    monkeypatch.setattr(WebsocketCommunicator, "__init__", connect_through_check)
    yield


def hold_to_contract(request: Any, response: Any) -> None:
    """Check one of Django's answers; streamed ones are static files.

    A room alone answers the paths of another as it does any other it does not know.
    """
    room = {"auth": "accounts", "face": "facelogin"}.get(
        request.path.partition("/")[2].partition("/")[0]
    )
    if response.streaming or room is None or not apps.is_installed(room):
        return
    try:
        request_body = request.body
    except Exception:  # too large, or read already: only successes need it
        request_body = b""
    check_answer(
        request.method or "",
        request.path,
        response.status_code,
        response.headers,
        response.content,
        request_body=request_body,
    )
