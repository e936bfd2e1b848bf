"""Facelogin and the contract name the same paths, messages, codes and claims."""

import json
import re
import uuid
from dataclasses import fields
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from facelogin import protocol
from facelogin.consumers import CaptureConsumer
from facelogin.live_consumer import LiveConsumer
from facelogin.protocol import CLOSE_AFTER_RESULT, CLOSE_CODES, ErrorCode, Outcome
from facelogin.recognition import Reason
from facelogin.services.capture import explain
from facelogin.tests.conftest import Accounts
from kubevision import contracts
from kubevision.contracts.checking.sockets import FROM_CLIENT, LIVE_FROM_CLIENT

PATHS = contracts.openapi("facelogin")["paths"]
ERRORS = contracts.read_json("errors.json")


def values(message_type: str, member: str) -> set[str]:
    schema = contracts.read_json(f"messages/{message_type}.schema.json")["properties"][member]
    return set(schema.get("items", schema)["enum"])


def test_every_path_of_the_contract_answers_and_no_other_does() -> None:
    (room,) = get_resolver().url_patterns
    ours = {re.sub(r"<\w+:\w+>", "{id}", f"/face/{p.pattern}") for p in room.url_patterns}
    assert ours == set(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_takes_the_contracts_methods_and_no_other(path: str) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        answer = Client().generic(method, path.replace("{id}", "x"))
        is_allowed = method.lower() in PATHS[path]
        assert (answer.status_code == 405) is not is_allowed, method
        if not is_allowed:
            assert set(answer.headers["Allow"].split(", ")) >= {m.upper() for m in PATHS[path]}


def test_codes_reasons_and_outcomes_are_the_contracts() -> None:
    assert ERRORS["close_codes"] == CLOSE_CODES
    assert ERRORS["close_after_result"] == CLOSE_AFTER_RESULT
    assert set(Reason) == values("capture.feedback", "reasons")
    assert set(protocol.FrameVerdict) == values("capture.feedback", "verdict")
    assert set(Outcome) == values("attempt.result", "outcome")
    assert set(protocol.Position) == values("challenge.step", "step")


def test_every_message_is_the_contracts() -> None:
    sent = {
        message.type: {field.name for field in fields(message)}
        for message in protocol.Message.__subclasses__()
    }
    schemas = {
        name: set(contracts.read_json(f"messages/{name}.schema.json")["properties"]) - {"type"}
        for name in sent
    }
    assert sent == schemas
    document = contracts._FOLDER.joinpath("messages")
    known = {f.name.removesuffix(".schema.json") for f in document.iterdir()}
    assert known == set(sent) | {*FROM_CLIENT, *LIVE_FROM_CLIENT}


@pytest.mark.parametrize("name", ["attempt.start", "attempt.cancel", "live.start"])
def test_the_contracts_messages_are_understood(name: str) -> None:
    message = contracts.example(f"messages/{name}")
    decoded = protocol.decode(json.dumps(message))
    expected: Any = {
        "attempt.start": protocol.AttemptStart(message.get("ticket", "")),
        "attempt.cancel": protocol.AttemptCancel(),
        "live.start": protocol.LiveStart(message.get("ticket", "")),
    }[name]
    assert decoded == expected


@pytest.mark.parametrize("code", ErrorCode)
def test_errors_read_as_their_examples(code: ErrorCode) -> None:
    assert json.loads(explain(code).encode()) == contracts.example(f"messages/error.{code}")


@pytest.mark.parametrize(
    "status, code", [(401, "ticket_refused"), (503, "temporarily_unavailable")]
)
def test_problems_read_as_their_examples(
    accounts: Accounts, settings: Any, status: int, code: str
) -> None:
    ticket = accounts.ticket("status", uuid.uuid4()) if status == 503 else "x.y.z"
    if status == 503:
        settings.ACCOUNTS_URL = "http://127.0.0.1:9"
    answer = Client().get("/face/v1/reference", headers={"Authorization": f"Bearer {ticket}"})
    assert answer.status_code == status
    assert answer.json() == contracts.example(f"problems/{code}")


def test_the_consumers_serve_the_contracts_addresses() -> None:
    from facelogin.routing import application

    (capture, live, _unknown) = application.application.routes
    assert f"/{capture.pattern}" == "/face/v1/capture"
    assert capture.callback.consumer_class is CaptureConsumer
    assert f"/{live.pattern}" == "/face/v1/live"
    assert live.callback.consumer_class is LiveConsumer
