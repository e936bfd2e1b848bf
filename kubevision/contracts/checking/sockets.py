"""Facelogin's sockets against their schemas, and against the order the contract gives them."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from kubevision.contracts import read_json
from kubevision.contracts.checking.schemas import (
    ContractBroken,
    check,
    check_claims,
)

CAPTURE, LIVE = "/face/v1/capture", "/face/v1/live"
SUBPROTOCOL, LIVE_SUBPROTOCOL = "kubevision.face.v1", "kubevision.live.v1"
FROM_CLIENT = ("attempt.start", "attempt.cancel")
FROM_SERVER = (
    "attempt.ready",
    "challenge.step",
    "capture.prompt",
    "capture.feedback",
    "attempt.result",
    "error",
)
LIVE_FROM_CLIENT = ("live.start",)
LIVE_FROM_SERVER = ("attempt.finished", "session.ended", "error")
CLOSE_AFTER_SESSION_ENDED = 4410
CLOSE_AT_THE_END_OF_ITS_TIME = 1000  # without a word; the page comes back

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]


def check_message(text: str, types: tuple[str, ...]) -> dict[str, Any]:
    """Return a text frame that is one of these types; raise ContractBroken for any other."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise ContractBroken(f"not JSON: {text[:200]!r}") from None
    if not isinstance(message, dict) or message.get("type") not in types:
        raise ContractBroken(f"not one of {types}: {text[:200]!r}")
    check(f"messages/{message['type']}", message, message["type"])
    return message


class SocketCheck:
    """Stands between Daphne and the application and listens to one socket.

    What the client sends wrongly must be answered `bad_message`; what the server sends wrongly is
    raised.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Run the application, with an ear at both ends."""
        listeners: dict[str, type[_Listener | _LiveListener]] = {
            CAPTURE: _Listener,
            LIVE: _LiveListener,
        }
        if scope["type"] != "websocket" or scope["path"] not in listeners:
            await self.application(scope, receive, send)
            return
        listener: _Listener | _LiveListener = listeners[scope["path"]]()

        async def receive_and_check() -> Event:
            listener.is_taken()  # who asks for more has taken what came before
            event = await receive()
            listener.heard(event)
            return event

        async def check_and_send(event: Event) -> None:
            listener.said(event)
            await send(event)

        await self.application(scope, receive_and_check, check_and_send)


class _Listener:
    """Follows one socket: what was heard, and so what may be said."""

    def __init__(self) -> None:
        self.frames = 0  # binary frames since attempt.ready or attempt.start
        self.taken = 0  # of the frames: those the application knows of
        self.answered = 0
        self.has_started = False
        self.has_given_up = False
        self.is_open = False
        self.is_ready = False
        self.must_refuse = ""  # why the server owes a bad_message
        self.last: dict[str, Any] | None = None

    def is_taken(self) -> None:
        self.taken = self.frames

    def heard(self, event: Event) -> None:
        if event["type"] != "websocket.receive" or self.last is not None:
            return
        if event.get("bytes") is not None:
            self.frames += 1
            if not self.has_started:
                self.must_refuse = self.must_refuse or "a frame before attempt.start"
            return
        if self.has_given_up:
            return  # the end is decided; whatever is said after it changes nothing
        try:
            message = check_message(event.get("text") or "", FROM_CLIENT)
        except ContractBroken as broken:
            self.must_refuse = self.must_refuse or str(broken)
            return
        if (message["type"] == "attempt.start") == self.has_started:
            self.must_refuse = self.must_refuse or f"{message['type']} at the wrong time"
        self.has_started = True
        self.has_given_up = message["type"] == "attempt.cancel"

    def said(self, event: Event) -> None:
        match event["type"]:
            case "websocket.accept" if event.get("subprotocol") != SUBPROTOCOL:
                raise ContractBroken(f"accepted with {event.get('subprotocol')}")
            case "websocket.send":
                self._said_message(event)
            case "websocket.accept":
                self.is_open = True
            case "websocket.close" if self.is_open:
                self._said_close(event.get("code"))

    def _said_message(self, event: Event) -> None:
        if event.get("bytes") is not None:
            raise ContractBroken("the server sent a binary frame")
        message = check_message(event["text"], FROM_SERVER)
        if self.last is not None:
            raise ContractBroken(f"{message['type']} after {self.last['type']}")
        match message["type"]:
            case "attempt.ready":
                if self.is_ready:
                    raise ContractBroken("attempt.ready twice")
                self.is_ready = True
            case "capture.feedback":
                self.answered += 1
                if message["sequence"] != self.answered or self.answered > self.frames:
                    raise ContractBroken(
                        f"feedback {message['sequence']}, the {self.answered}. of {self.frames}"
                    )
            case "attempt.result":
                self._said_result(message)
            case "error":
                self.last = message
            case _ if not self.is_ready:
                raise ContractBroken(f"{message['type']} before attempt.ready")

    def _said_result(self, message: dict[str, Any]) -> None:
        if not self.is_ready:
            raise ContractBroken("a result before attempt.ready")
        if self.answered < self.taken:
            raise ContractBroken(f"a result after {self.answered} of {self.taken} answers")
        if self.must_refuse:
            raise ContractBroken(f"a result, although the client sent {self.must_refuse}")
        if "assertion" in message:
            check_claims("assertion", message["assertion"])
        self.last = message

    def _said_close(self, code: int | None) -> None:
        if self.last is None:
            raise ContractBroken(f"closed with {code} without a word")
        errors = read_json("errors.json")
        expected = (
            errors["close_codes"][self.last["code"]]
            if self.last["type"] == "error"
            else errors["close_after_result"]
        )
        if code != expected:
            raise ContractBroken(f"closed with {code} after {self.last}, not {expected}")


class _LiveListener:
    """Follows one live socket: nothing is told before it began, nothing after it ended."""

    def __init__(self) -> None:
        self.has_started = False
        self.is_open = False
        self.last: dict[str, Any] | None = None

    def is_taken(self) -> None:
        """Nothing a page sends waits for an answer."""

    def heard(self, event: Event) -> None:
        if event["type"] != "websocket.receive" or event.get("bytes") is not None:
            return
        try:
            check_message(event.get("text") or "", LIVE_FROM_CLIENT)
        except ContractBroken:
            return  # what the socket says to it is checked
        self.has_started = True

    def said(self, event: Event) -> None:
        match event["type"]:
            case "websocket.accept" if event.get("subprotocol") != LIVE_SUBPROTOCOL:
                raise ContractBroken(f"accepted with {event.get('subprotocol')}")
            case "websocket.send":
                self._said_message(event)
            case "websocket.accept":
                self.is_open = True
            case "websocket.close" if self.is_open:
                self._said_close(event.get("code"))

    def _said_message(self, event: Event) -> None:
        if event.get("bytes") is not None:
            raise ContractBroken("the server sent a binary frame")
        message = check_message(event["text"], LIVE_FROM_SERVER)
        if self.last is not None:
            raise ContractBroken(f"{message['type']} after {self.last['type']}")
        if message["type"] != "error" and not self.has_started:
            raise ContractBroken(f"{message['type']} before live.start")
        if message["type"] != "attempt.finished":
            self.last = message

    def _said_close(self, code: int | None) -> None:
        expected = CLOSE_AT_THE_END_OF_ITS_TIME
        if self.last is not None:
            codes = read_json("errors.json")["close_codes"]
            expected = codes.get(self.last.get("code"), CLOSE_AFTER_SESSION_ENDED)
        if code != expected:
            raise ContractBroken(f"closed with {code} after {self.last}, not {expected}")
