"""The checks that hold all tests to the contract do find what it does not allow."""

import asyncio
import json
from typing import Any

import pytest

from kubevision.contracts import example
from kubevision.contracts.checking import ContractBroken, SocketCheck, check_answer

JSON = {"Content-Type": "application/json"}
PROBLEM = {"Content-Type": "application/problem+json", "WWW-Authenticate": "Bearer"}
SESSION = example("session.active")


def answer(
    status: int, body: Any, headers: dict[str, str] = JSON, *, path: str = "/auth/v1/session"
) -> None:
    check_answer("GET", path, status, headers, json.dumps(body).encode() if body else b"")


def test_answers_of_the_contract_pass() -> None:
    answer(200, SESSION)
    answer(401, example("problems/unauthenticated"), PROBLEM)
    answer(404, example("problems/not_found"), PROBLEM, path="/auth/v1/nothing")
    answer(200, {"any": "thing"}, path="/login")  # pages are not the contract's


UNAUTHENTICATED = example("problems/unauthenticated")
WRONG_ANSWERS: dict[str, tuple[Any, ...]] = {
    "a member missing": (200, {k: v for k, v in SESSION.items() if k != "amr"}),
    "a member too many": (200, SESSION | {"score": 3}),
    "a token where none belongs": (200, SESSION | {"token": "x" * 30}),
    "a wrong time": (200, SESSION | {"expires_at": "tomorrow"}),
    "another status": (202, SESSION),
    "another refusal": (403, example("problems/second_factor_required"), PROBLEM),
    "a status of another code": (401, UNAUTHENTICATED | {"status": 400}, PROBLEM),
    "an unknown code": (401, UNAUTHENTICATED | {"code": "nope"}, PROBLEM),
    "another type": (401, UNAUTHENTICATED | {"type": "about:blank"}, PROBLEM),
    "no problem": (401, {"error": "no"}, JSON),
    "no scheme": (401, UNAUTHENTICATED, {"Content-Type": "application/problem+json"}),
    "a page": (500, None, {"Content-Type": "text/html"}),
    "no time to come back": (503, example("problems/facelogin_unavailable"), PROBLEM),
    "a body where none belongs": (204, SESSION),
}


@pytest.mark.parametrize("wrong", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS)
def test_other_answers_are_found(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(ContractBroken):
        answer(*wrong)


def test_an_unknown_path_that_answers_is_found() -> None:
    with pytest.raises(ContractBroken, match="no such operation"):
        answer(200, {}, path="/auth/v1/debug")


def test_a_success_for_a_wrong_request_is_found() -> None:
    opened = json.dumps(example("opened_session.password_only")).encode()
    for request, is_allowed in (
        ({"username": "a", "password": "b"}, True),
        ({"username": "a"}, False),
        ({"username": 1, "password": "b"}, False),
    ):
        body = json.dumps(request).encode()
        call = ("POST", "/auth/v1/sessions", 201, JSON, opened)
        if is_allowed:
            check_answer(*call, request_body=body)
        else:
            with pytest.raises(ContractBroken):
                check_answer(*call, request_body=body)


# -- sockets ------------------------------------------------------------------------------------

START = json.dumps(example("messages/attempt.start"))
READY, ACCEPTED = (
    example("messages/attempt.ready.verify"),
    example("messages/capture.feedback.dropped"),
)
ACCEPT = {"type": "websocket.accept", "subprotocol": "kubevision.face.v1"}
FRAME = {"type": "websocket.receive", "bytes": b"\xff\xd8\xff"}


def text(message: Any) -> dict[str, Any]:
    return {"type": "websocket.send", "text": json.dumps(message)}


def heard(message: str) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": message}


def feedback(sequence: int) -> dict[str, Any]:
    return text(ACCEPTED | {"sequence": sequence})


def close(code: int) -> dict[str, Any]:
    return {"type": "websocket.close", "code": code}


RESULT = text(example("messages/attempt.result.non_match"))
BAD_MESSAGE = text(example("messages/error.bad_message"))


def run(*events: dict[str, Any]) -> None:
    """Play one socket: what is received comes in, all else goes out, in this order."""

    async def application(_scope: Any, receive: Any, send: Any) -> None:
        asked = asyncio.ensure_future(receive())
        for event in events:
            if event["type"] == "websocket.receive":
                await asked
                asked = asyncio.ensure_future(receive())  # a consumer always listens
                await asyncio.sleep(0)
            else:
                await send(event)
        asked.cancel()

    incoming = iter([e for e in events if e["type"] == "websocket.receive"])

    async def receive() -> Any:
        return next(incoming, None) or await asyncio.get_running_loop().create_future()

    async def send(_event: Any) -> None:
        pass

    scope = {"type": "websocket", "path": "/face/v1/capture"}
    asyncio.run(SocketCheck(application)(scope, receive, send))


def test_a_good_socket_passes() -> None:
    run(
        ACCEPT,
        heard(START),
        text(READY),
        FRAME,
        FRAME,
        feedback(1),
        feedback(2),
        RESULT,
        close(1000),
    )
    run(ACCEPT, heard("nonsense"), BAD_MESSAGE, close(4400))
    run(ACCEPT, FRAME, BAD_MESSAGE, close(4400))
    cancel = json.dumps({"type": "attempt.cancel"})
    run(ACCEPT, heard(START), text(READY), heard(cancel), heard("nonsense"), RESULT, close(1000))


WRONG_SOCKETS: dict[str, tuple[dict[str, Any], ...]] = {
    "no subprotocol": ({"type": "websocket.accept", "subprotocol": None},),
    "a binary answer": (ACCEPT, {"type": "websocket.send", "bytes": b"x"}),
    "an unknown type": (ACCEPT, text({"type": "score", "value": 3})),
    "a member too many": (ACCEPT, heard(START), text(READY | {"threshold": 98.5})),
    "feedback without a frame": (ACCEPT, heard(START), text(READY), feedback(1)),
    "feedback out of order": (ACCEPT, heard(START), text(READY), FRAME, FRAME, feedback(2)),
    "a frame answered twice": (ACCEPT, heard(START), text(READY), FRAME, feedback(1), feedback(1)),
    "ready twice": (ACCEPT, heard(START), text(READY), text(READY)),
    "a result before ready": (ACCEPT, heard(START), RESULT),
    "a result with a frame unanswered": (ACCEPT, heard(START), text(READY), FRAME, RESULT),
    "feedback after the result": (
        *(ACCEPT, heard(START), text(READY), FRAME, feedback(1), RESULT, feedback(2)),
    ),
    "a wrong close after a result": (ACCEPT, heard(START), text(READY), RESULT, close(1011)),
    "a wrong close after an error": (ACCEPT, heard(START), BAD_MESSAGE, close(4401)),
    "nonsense overlooked": (ACCEPT, heard(START), text(READY), heard("{}"), RESULT),
    "an end without a word": (ACCEPT, heard(START), text(READY), close(4500)),
    "a second start overlooked": (ACCEPT, heard(START), text(READY), heard(START), RESULT),
}


@pytest.mark.parametrize("events", WRONG_SOCKETS.values(), ids=WRONG_SOCKETS)
def test_other_sockets_are_found(events: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(ContractBroken):
        run(*events)
