"""What may be said to the capture socket, and what it must answer: the error and its close code."""

import asyncio
import base64
import json
import struct
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from facelogin.protocol import CLOSE_CODES, MAX_FRAME_BYTES, ErrorCode
from tests.bad_input.person import CANCEL, SUBPROTOCOL, signed_ticket
from tests.product import Product

HEAR_SECONDS = 20.0  # until a test gives up; no case needs a third of it
MOST_PLACES = 2 * 16  # attempts at once with the two workers that tests run with at the most
PIECE = b"\xff\xd8\xff\xd9"  # begins as a JPEG and is none: the smallest frame
MAX_MESSAGE_BYTES = 2 * MAX_FRAME_BYTES


@dataclass
class Visitor:
    """A client of the socket that keeps to no rule but those of TCP."""

    product: Product
    heard: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Return the socket's address."""
        return f"ws://localhost:{self.product.port}/face/v1/capture"

    def ticket(self, **changes: Any) -> str:
        """Return a fresh ticket for anybody's enrolment."""
        return signed_ticket(self.product, **changes)

    def start(self, **changes: Any) -> str:
        """Return the first message of an attempt."""
        return json.dumps({"type": "attempt.start", "ticket": self.ticket(**changes)})

    def open(self, **options: Any) -> connect:
        """Open a socket; compression would hide how much is sent."""
        options.setdefault("subprotocols", [SUBPROTOCOL])
        return connect(self.url, proxy=None, compression=None, max_size=None, **options)

    async def hear(self, socket: ClientConnection) -> dict[str, Any]:
        """Return the next message; prompts may be ignored, and are."""
        while True:
            message: dict[str, Any] = json.loads(
                await asyncio.wait_for(socket.recv(), HEAR_SECONDS)
            )
            if message["type"] != "capture.prompt":
                return message

    async def hear_end(self, socket: ClientConnection) -> str:
        """Return how the socket ended: its last message and the close code, feedback left out."""
        last = ""
        try:
            while True:
                message = await self.hear(socket)
                if message["type"] in {"error", "attempt.result"}:
                    last = message.get("code") or message["outcome"]
        except ConnectionClosed:
            pass
        code = socket.close_code
        if code == 1006:  # what a client notes when no close frame came
            return f"{last}, dropped without a close frame".removeprefix(", ")
        return f"{last}, closed with {code}"


def told(code: ErrorCode) -> str:
    """Say how a socket ends with an error."""
    return f"{code}, closed with {CLOSE_CODES[code]}"


DROPPED = "dropped without a close frame"
REFUSED = "HTTP 403 at the handshake"
BAD_REQUEST = "HTTP 400 at the handshake"
CANCELLED = "cancelled, closed with 1000"

Act = Callable[[Visitor], Awaitable[str]]


@dataclass(frozen=True)
class SocketCase:
    """One thing a client may do; `sees` is what it must see."""

    name: str
    act: Act
    sees: str


def says(*messages: str | bytes | list[bytes]) -> Act:
    """Return what somebody does who says this before any attempt; a list is one in fragments."""

    async def act(visitor: Visitor) -> str:
        async with visitor.open() as socket:
            await _say(socket, messages)
            return await visitor.hear_end(socket)

    return act


def says_in_attempt(*messages: str | bytes | list[bytes]) -> Act:
    """Return what somebody does who says this once an attempt runs."""

    async def act(visitor: Visitor) -> str:
        async with visitor.open() as socket:
            await socket.send(visitor.start())
            assert (await visitor.hear(socket))["type"] == "attempt.ready"
            await _say(socket, messages)
            return await visitor.hear_end(socket)

    return act


def starts_with(**changes: Any) -> Act:
    """Return what somebody does whose ticket has other claims than ours."""

    async def act(visitor: Visitor) -> str:
        async with visitor.open() as socket:
            await socket.send(visitor.start(**changes))
            return await visitor.hear_end(socket)

    return act


def shakes_hands(**options: Any) -> Act:
    """Return what somebody sees who opens the socket in another way."""

    async def act(visitor: Visitor) -> str:
        try:
            async with visitor.open(**options):
                return "a socket"
        except InvalidStatus as refused:
            return f"HTTP {refused.response.status_code} at the handshake"

    return act


async def _say(socket: ClientConnection, messages: tuple[str | bytes | list[bytes], ...]) -> None:
    try:
        for message in messages:
            await socket.send(message)
    except ConnectionClosed:
        pass  # it has heard enough; what it said about it is still to be read


def _pieces(size: int, count: int) -> list[bytes]:
    piece = b"x" * (size // count)
    return [piece] * count


async def start_twice(visitor: Visitor) -> str:
    """Start a second attempt on the same socket, with a ticket of its own."""
    async with visitor.open() as socket:
        await socket.send(visitor.start())
        await visitor.hear(socket)
        await socket.send(visitor.start())
        return await visitor.hear_end(socket)


async def a_ticket_twice(visitor: Visitor) -> str:
    """Use a ticket that another socket has used."""
    start = visitor.start()
    async with visitor.open() as first, visitor.open() as second:
        await first.send(start)
        await visitor.hear(first)
        await second.send(start)
        return await visitor.hear_end(second)


async def two_tabs(visitor: Visitor) -> str:
    """Open the camera in a second tab; what the first one sees."""
    person = uuid.uuid4()
    async with visitor.open() as older, visitor.open() as newer:
        for tab in (older, newer):
            start = {"type": "attempt.start", "ticket": visitor.ticket(sub=str(person))}
            await tab.send(json.dumps(start))
            await visitor.hear(tab)
        seen = await visitor.hear_end(older)
        await newer.send(PIECE)
        assert (await visitor.hear(newer))["verdict"] == "rejected"
        return seen


async def frames_after_the_result(visitor: Visitor) -> str:
    """Go on sending after the end; nothing but the close frame may follow."""
    async with visitor.open() as socket:
        await socket.send(visitor.start())
        await visitor.hear(socket)
        await socket.send(CANCEL)
        result = await visitor.hear(socket)
        assert result["outcome"] == "cancelled"
        await _say(socket, (PIECE,) * 50)
        return f"{result['outcome']}{await visitor.hear_end(socket)}"


async def a_burst(visitor: Visitor) -> str:
    """Send 1 000 frames in one go, the first of which keeps recognition busy for a while."""
    async with visitor.open() as socket:
        await socket.send(visitor.start())
        await visitor.hear(socket)
        socket.transport.write(b"".join([*raw_frames(_large(), 1), *raw_frames(PIECE, 1000)]))
        return await visitor.hear_end(socket)


def _large() -> bytes:
    """Return the largest picture there may be."""
    noise = np.random.default_rng(1).integers(100, 156, (960, 1280)).astype(np.uint8)
    return cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 10])[1].tobytes()


async def fill_the_server(visitor: Visitor) -> str:
    """Run as many attempts as there are places; what the next one sees."""
    sockets: list[ClientConnection] = []
    try:
        while len(sockets) <= MOST_PLACES:
            socket = await visitor.open()
            sockets.append(socket)
            start = visitor.start()
            await socket.send(start)
            message = await visitor.hear(socket)
            if message["type"] == "error":
                async with visitor.open() as again:  # its ticket is spent all the same
                    await again.send(start)
                    assert (await visitor.hear(again))["code"] == "ticket_refused"
                return f"{message['code']}, {await visitor.hear_end(socket)}".replace(", , ", ", ")
        return f"a place for each of {len(sockets)} people"
    finally:
        await asyncio.gather(*(socket.close() for socket in sockets))


async def wait_in_silence(visitor: Visitor) -> str:
    """Say nothing at all."""
    async with visitor.open() as socket:
        return await visitor.hear_end(socket)


async def half_open(visitor: Visitor) -> str:
    """Vanish in the middle of an attempt, without a word; its place must be free again."""
    person = str(uuid.uuid4())
    for _ in range(3):
        socket = await visitor.open()
        start = {"type": "attempt.start", "ticket": visitor.ticket(sub=person)}
        await socket.send(json.dumps(start))
        await visitor.hear(socket)
        socket.transport.abort()
    async with visitor.open() as socket:
        start = {"type": "attempt.start", "ticket": visitor.ticket(sub=person)}
        await socket.send(json.dumps(start))
        assert (await visitor.hear(socket))["type"] == "attempt.ready"
        await socket.send(CANCEL)
        return await visitor.hear_end(socket)


async def half_a_message(visitor: Visitor) -> str:
    """Announce a frame, send half of it and vanish."""
    socket = await visitor.open()
    await socket.send(visitor.start())
    await visitor.hear(socket)
    (frame,) = raw_frames(b"x" * 50_000, 1)
    socket.transport.write(frame[:25_000])
    socket.transport.abort()
    return "nothing: it has gone"


def raw_message(first: int, payload: bytes) -> bytes:
    """Return one masked WebSocket frame (RFC 6455, section 5.2); the mask is all zeros."""
    if len(payload) < 126:
        length = bytes([0x80 | len(payload)])
    elif len(payload) < 65_536:
        length = b"\xfe" + struct.pack(">H", len(payload))
    else:
        length = b"\xff" + struct.pack(">Q", len(payload))
    return bytes([first]) + length + bytes(4) + payload


def raw_frames(payload: bytes, count: int) -> Iterator[bytes]:
    """Yield binary messages as they go over the wire."""
    for _ in range(count):
        yield raw_message(0x82, payload)


def writes(*raw: bytes, in_attempt: bool = False) -> Act:
    """Return what somebody does who writes bytes that no client library would."""

    async def act(visitor: Visitor) -> str:
        async with visitor.open() as socket:
            if in_attempt:
                await socket.send(visitor.start())
                await visitor.hear(socket)
            for piece in raw:
                socket.transport.write(piece)
            return await visitor.hear_end(socket)

    return act


_DEEP_SEGMENT = base64.urlsafe_b64encode(b"[" * 2900).rstrip(b"=").decode()


def _start(ticket: str) -> str:
    return json.dumps({"type": "attempt.start", "ticket": ticket})


BAD_MESSAGE = told(ErrorCode.BAD_MESSAGE)
TICKET_REFUSED = told(ErrorCode.TICKET_REFUSED)
FRAME_TOO_LARGE = told(ErrorCode.FRAME_TOO_LARGE)

SOCKETS = [
    SocketCase("a frame before the ticket", says(PIECE), BAD_MESSAGE),
    SocketCase("an empty frame before the ticket", says(b""), BAD_MESSAGE),
    SocketCase("the ticket in a binary message", says(b'{"type":"attempt.start"}'), BAD_MESSAGE),
    SocketCase("a frame as text", says_in_attempt("ÿØÿ"), BAD_MESSAGE),
    SocketCase("an empty text", says(""), BAD_MESSAGE),
    SocketCase("no JSON", says("attempt.start"), BAD_MESSAGE),
    SocketCase("JSON that is no object", says("[]"), BAD_MESSAGE),
    SocketCase("8 000 brackets", says("[" * 8000), BAD_MESSAGE),
    SocketCase("1 600 objects in each other", says('{"a":' * 1600), BAD_MESSAGE),
    SocketCase("a number of 5 000 digits", says('{"type":1' + "0" * 5000 + "}"), BAD_MESSAGE),
    SocketCase("NaN", says('{"type":"attempt.start","ticket":NaN}'), BAD_MESSAGE),
    SocketCase(
        "a name twice", says('{"type":"x","type":"attempt.start","ticket":"a"}'), BAD_MESSAGE
    ),
    SocketCase("a type that does not exist", says('{"type":"attempt.stop"}'), BAD_MESSAGE),
    SocketCase("a type with a lone surrogate", says('{"type":"\\ud800"}'), BAD_MESSAGE),
    SocketCase("a text of 8 193 characters", says("x" * 8193), BAD_MESSAGE),
    SocketCase("a text of 200 000 characters", says("x" * 200_000), BAD_MESSAGE),
    SocketCase("attempt.start without a ticket", says('{"type":"attempt.start"}'), BAD_MESSAGE),
    SocketCase("a number for a ticket", says('{"type":"attempt.start","ticket":5}'), BAD_MESSAGE),
    SocketCase("cancel before start", says(CANCEL), BAD_MESSAGE),
    SocketCase("attempt.start twice", start_twice, BAD_MESSAGE),
    SocketCase("a made-up ticket", says(_start("made.up.ticket")), TICKET_REFUSED),
    SocketCase("an empty ticket", says(_start("")), TICKET_REFUSED),
    SocketCase("a ticket of 8 000 characters", says(_start("a.b." + "x" * 8000)), TICKET_REFUSED),
    SocketCase(
        "a ticket of 2 900 brackets", says(_start(f"{_DEEP_SEGMENT}.e30.x")), TICKET_REFUSED
    ),
    SocketCase("a ticket with a lone surrogate", says(_start("\ud800.a.b")), TICKET_REFUSED),
    SocketCase("a ticket for nobody", starts_with(sub="no id"), TICKET_REFUSED),
    SocketCase(
        "a ticket with a list for a purpose", starts_with(purpose=["enrol"]), TICKET_REFUSED
    ),
    SocketCase(
        "a ticket with an id of 2 500 characters", starts_with(jti="x" * 2500), TICKET_REFUSED
    ),
    SocketCase("a ticket with NUL in its id", starts_with(jti="x\0y"), TICKET_REFUSED),
    SocketCase("a ticket with a surrogate in its id", starts_with(jti="\ud800"), TICKET_REFUSED),
    SocketCase("an assertion for a ticket", starts_with(typ="kv-assertion+jwt"), TICKET_REFUSED),
    SocketCase("a ticket used before", a_ticket_twice, TICKET_REFUSED),
    SocketCase("nothing within 5 s", wait_in_silence, told(ErrorCode.TOO_SLOW)),
    SocketCase("a second tab", two_tabs, told(ErrorCode.SUPERSEDED)),
    SocketCase(
        "a frame one byte over the limit",
        says_in_attempt(b"\xff\xd8\xff" + bytes(MAX_FRAME_BYTES - 2)),
        FRAME_TOO_LARGE,
    ),
    SocketCase(
        "a frame of twice the limit", says_in_attempt(bytes(MAX_MESSAGE_BYTES)), FRAME_TOO_LARGE
    ),
    SocketCase(
        "a frame of twice the limit and one byte",
        says_in_attempt(bytes(MAX_MESSAGE_BYTES + 1)),
        DROPPED,
    ),
    SocketCase("2 MiB whole", says_in_attempt(bytes(2**21)), DROPPED),
    SocketCase("2 MiB in 1 000 fragments", says_in_attempt(_pieces(2**21, 1000)), DROPPED),
    SocketCase(
        "a frame over the limit in 1 000 fragments",
        says_in_attempt(_pieces(MAX_FRAME_BYTES + 1000, 1000)),
        FRAME_TOO_LARGE,
    ),
    SocketCase("bad UTF-8", writes(raw_message(0x81, b'{"type":"\xff\xfe"}')), DROPPED),
    SocketCase("half a character at a message's end", writes(raw_message(0x81, b'"\xc3')), DROPPED),
    SocketCase("a frame without a mask", writes(b"\x82\x04" + PIECE), DROPPED),
    SocketCase("a reserved opcode", writes(raw_message(0x83, PIECE)), DROPPED),
    SocketCase("reserved bits set", writes(raw_message(0xF2, PIECE)), DROPPED),
    SocketCase("a continuation of nothing", writes(raw_message(0x80, PIECE)), DROPPED),
    SocketCase("a ping of 126 bytes", writes(raw_message(0x89, bytes(126))), DROPPED),
    SocketCase("a length of 2**63", writes(b"\x82\xff" + b"\xff" * 8 + bytes(4)), DROPPED),
    SocketCase("HTTP in the middle of a socket", writes(b"GET / HTTP/1.1\r\n\r\n"), DROPPED),
    SocketCase("1 000 frames at once", a_burst, told(ErrorCode.TOO_MANY_FRAMES)),
    SocketCase("1 000 bad texts at once", says_in_attempt(*['{"type":"x"}'] * 1000), BAD_MESSAGE),
    SocketCase("1 000 cancels at once", says_in_attempt(*[CANCEL] * 1000), CANCELLED),
    SocketCase("frames after giving up", says_in_attempt(CANCEL, *[PIECE] * 30), CANCELLED),
    SocketCase("frames after the result", frames_after_the_result, CANCELLED),
    SocketCase("gone without a word, three times", half_open, CANCELLED),
    SocketCase("gone in the middle of a message", half_a_message, "nothing: it has gone"),
    SocketCase("more people than there are places", fill_the_server, told(ErrorCode.SERVER_FULL)),
    SocketCase("no subprotocol", shakes_hands(subprotocols=None), REFUSED),
    SocketCase("an unknown subprotocol", shakes_hands(subprotocols=["other.v1"]), REFUSED),
    SocketCase("another page's Origin", shakes_hands(origin="https://evil.example"), REFUSED),
    SocketCase("Origin null", shakes_hands(origin="null"), REFUSED),
    SocketCase("an Origin that is no address", shakes_hands(origin="http://[::1"), BAD_REQUEST),
    SocketCase(
        "an Origin with port 99999", shakes_hands(origin="http://localhost:99999"), BAD_REQUEST
    ),
]
