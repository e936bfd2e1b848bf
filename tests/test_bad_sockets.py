"""All that may be said to the socket: answered as the contract says, and nobody else hurt."""

import asyncio
import json
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from socket import create_connection

import pytest
from websockets.exceptions import ConnectionClosed

from facelogin.frames import MAX_WAITING
from facelogin.protocol import CLOSE_CODES, MAX_FRAME_BYTES, ErrorCode
from tests.bad_input.person import Person
from tests.bad_input.sockets import (
    CANCEL,
    CANCELLED,
    PIECE,
    SOCKETS,
    SocketCase,
    Visitor,
    raw_frames,
    raw_message,
    told,
)
from tests.bad_input.watching import resident_bytes, watched
from tests.product import Product, running_product

# Told only when a server ends, a session ends or a database is away: tests of those reach them.
REACHED_ELSEWHERE = {
    ErrorCode.SESSION_ENDED: "facelogin/tests/test_capture.py",
    ErrorCode.TEMPORARILY_UNAVAILABLE: "facelogin/tests/test_capture.py",
    ErrorCode.SERVER_DRAINING: "tests/test_drain.py",
}
# What is sent, and how much of it a server that keeps nothing may still have in its buffers.
SENT_BYTES, MOST_HELD_BYTES = 192 * 2**20, 64 * 2**20
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product of its own: its log and its memory are looked at."""
    with running_product(tmp_path_factory.mktemp("sockets"), FACELOGIN_WORKERS="1") as running:
        yield running


@pytest.fixture(scope="module")
def honest(product: Product, ada_jpegs: Path) -> Iterator[Person]:
    person = Person(product, [file.read_bytes() for file in sorted(ada_jpegs.glob("*.jpg"))])
    yield person
    person.close()


@pytest.mark.parametrize("case", SOCKETS, ids=[case.name for case in SOCKETS])
def test_it_is_answered_and_the_next_sign_in_works(
    product: Product, honest: Person, case: SocketCase
) -> None:
    with watched(product) as trace:
        seen = asyncio.run(case.act(Visitor(product)))
    assert seen == case.sees
    assert not trace.broken and not trace.lost_workers
    honest.sign_in()


def test_every_close_code_is_reached() -> None:
    ends = {case.sees for case in SOCKETS}
    for code in ErrorCode:
        if code in REACHED_ELSEWHERE:
            assert f'"{code}"' in (ROOT / REACHED_ELSEWHERE[code]).read_text(), code
        else:
            assert told(code) in ends, code


def test_a_client_that_never_reads_costs_little(product: Product, honest: Person) -> None:
    """It sends as fast as it may and takes no answer until the server has had enough of it."""

    async def send_and_never_read() -> int:
        visitor = Visitor(product)
        async with visitor.open() as socket:
            await socket.send(visitor.start())
            await visitor.hear(socket)
            socket.transport.pause_reading()
            sent = 0
            while sent < SENT_BYTES and not socket.transport.is_closing():
                if socket.transport.get_write_buffer_size() < 2**20:
                    for frame in raw_frames(PIECE * 4000, MAX_WAITING):
                        socket.transport.write(frame)
                        sent += len(frame)
                await asyncio.sleep(0)
            socket.transport.abort()
            return sent

    before = resident_bytes(product)
    with watched(product) as trace:
        sent = asyncio.run(send_and_never_read())
    assert sent > MAX_WAITING * len(PIECE) * 4000
    _assert_little_is_held(resident_bytes(product) - before)
    assert not trace.broken and not trace.lost_workers
    honest.sign_in()


def test_a_thousand_messages_a_second_are_not_kept(product: Product, honest: Person) -> None:
    """Frames as large as allowed, a thousand of them; each answered, or the sender sent away."""

    async def flood() -> str:
        visitor = Visitor(product)
        async with visitor.open() as socket:
            await socket.send(visitor.start())
            await visitor.hear(socket)
            ending = asyncio.create_task(visitor.hear_end(socket))
            with suppress(ConnectionClosed):
                for _ in range(SENT_BYTES // MAX_FRAME_BYTES):
                    await socket.send(b"\xff\xd8\xff" + bytes(MAX_FRAME_BYTES - 3))
                await socket.send(CANCEL)
            return await ending

    before = resident_bytes(product)
    with watched(product) as trace:
        ended = asyncio.run(flood())
    assert ended in {told(ErrorCode.TOO_MANY_FRAMES), CANCELLED}
    _assert_little_is_held(resident_bytes(product) - before)
    assert not trace.broken and not trace.lost_workers
    honest.sign_in()


def _assert_little_is_held(grown: int) -> None:
    assert grown < MOST_HELD_BYTES, f"{grown / 2**20:.1f} MiB of {SENT_BYTES / 2**20:.0f} sent"


HANDSHAKE = (
    "GET /face/v1/capture HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: kubevision.face.v1\r\n\r\n"
)
AWAY_SECONDS = 3.0


def test_who_is_on_a_slow_network_hears_the_end(product: Product) -> None:
    """The connection stays until the last words were read: a reset would take them back."""
    with create_connection(("127.0.0.1", product.port), 20) as late:
        late.sendall(HANDSHAKE.format(port=product.port).encode())
        assert late.recv(65_536).startswith(b"HTTP/1.1 101 ")
        late.sendall(raw_message(0x81, b"no message of ours"))
        time.sleep(AWAY_SECONDS)
        heard = b""
        while not heard.endswith(struct.pack(">H", CLOSE_CODES[ErrorCode.BAD_MESSAGE])):
            heard += late.recv(65_536)
        assert b'"bad_message"' in heard
        late.sendall(raw_message(0x88, heard[-2:]))  # fails on a connection that was reset


def test_every_frame_is_counted_once_at_any_speed(product: Product) -> None:
    """A thousand frames one after the other: each has one answer, in order."""

    async def count() -> list[int]:
        visitor = Visitor(product)
        async with visitor.open() as socket:
            await socket.send(visitor.start())
            await visitor.hear(socket)
            sequences = []
            for _ in range(1000):
                await socket.send(PIECE)
                sequences.append((await visitor.hear(socket))["sequence"])
            await socket.send(json.dumps({"type": "attempt.cancel"}))
            return sequences

    assert asyncio.run(count()) == list(range(1, 1001))
