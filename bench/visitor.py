"""A person with a browser, as a client of the contract: REST and the capture socket, timed.

Every visitor comes from an address of their own: the product's limits on tries are kept by
address, and it is not the limits that are measured here.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

PASSWORD = "a long enough passphrase"
ANSWER_WITHIN_SECONDS = 30.0
MOST_UNANSWERED = 2  # the contract's limit
MOST_FRAMES = 120

_numbers = count(1)


class Failed(Exception):  # noqa: N818  (an outcome)
    """The product did not do what a visitor was there for."""


def fresh_address() -> str:
    """Return an address that no visitor had yet; the product believes its proxy, loopback."""
    number = next(_numbers)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@dataclass
class Legs:
    """How long each part of one sign-in took, in seconds."""

    password: float = 0.0
    ticket: float = 0.0
    socket_to_ready: float = 0.0
    first_frame_to_verdict: float = 0.0
    assertion: float = 0.0
    frame_to_answer: list[float] = field(default_factory=list)

    @property
    def whole(self) -> float:
        """Return how long the sign-in took without the person's own time."""
        return (
            self.password
            + self.ticket
            + self.socket_to_ready
            + self.first_frame_to_verdict
            + self.assertion
        )


class Visitor:
    """One person; `frames` are what their camera shows, the first half used to enrol."""

    def __init__(self, origin: str, name: str, frames: Sequence[bytes]) -> None:
        self.origin, self.name = origin, name
        half = len(frames) // 2
        self._enrol_with, self._sign_in_with = frames[:half], frames[half:]
        headers = {"X-Forwarded-For": fresh_address()}
        self._http = httpx.AsyncClient(
            base_url=f"{origin}/auth/v1",
            headers=headers,
            timeout=ANSWER_WITHIN_SECONDS,
            trust_env=False,
        )
        self.token = ""

    @property
    def sign_in_frames(self) -> Sequence[bytes]:
        """Return what the camera shows at a sign-in."""
        return self._sign_in_with

    async def call(self, method: str, path: str, **body: str) -> dict[str, Any]:
        """Make one call.

        Raises
        ------
        Failed
            If the answer is a refusal.
        """
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = await self._http.request(method, path, headers=headers, json=body or None)
        except httpx.HTTPError as error:
            raise Failed(f"{method} {path}: {type(error).__name__}") from error
        content: dict[str, Any] = answer.json() if answer.content else {}
        if answer.is_error:
            raise Failed(f"{method} {path}: {answer.status_code} {content.get('code')}")
        return content

    async def register(self) -> None:
        """Make the account."""
        await self.call("POST", "/users", username=self.name, password=PASSWORD)

    async def show_password(self) -> None:
        """Open a session."""
        self.token = ""
        session = await self.call("POST", "/sessions", username=self.name, password=PASSWORD)
        self.token = session["token"]

    async def enrol(self) -> None:
        """Show the password and make a reference of the face."""
        await self.show_password()
        ticket = await self.enrol_ticket()
        async with self.open(ticket) as socket:
            capture = Capture(socket, ticket["ticket"])
            await capture.start()
            assertion = await capture.run(self._enrol_with, seconds_between=0.0, outcome="enrolled")
        await self.call("PUT", "/user/factors/face", assertion=assertion)

    async def enrol_ticket(self) -> dict[str, Any]:
        """Ask for a ticket to enrol, agreeing to what the page says of it."""
        return await self.call(
            "POST", "/session/face-ticket", purpose="enrol", consent_version="2026-11.2"
        )

    async def verify_ticket(self) -> dict[str, Any]:
        """Ask for a ticket for the second factor."""
        return await self.call("POST", "/session/face-ticket", purpose="verify")

    def open(self, ticket: dict[str, Any]) -> connect:
        """Return facelogin's socket, to be entered."""
        return connect(
            ticket["websocket_url"],
            subprotocols=[ticket["websocket_subprotocol"]],
            compression=None,
            proxy=None,
            open_timeout=ANSWER_WITHIN_SECONDS,
        )

    async def sign_in(self, frames_a_second: float) -> Legs:
        """Sign in by password and face; return how long each leg took."""
        legs = Legs()
        clock = Clock()
        await self.show_password()
        legs.password = clock.lap()
        ticket = await self.verify_ticket()
        legs.ticket = clock.lap()
        async with self.open(ticket) as socket:
            capture = Capture(socket, ticket["ticket"])
            await capture.start()
            legs.socket_to_ready = clock.lap()
            assertion = await capture.run(
                self._sign_in_with, seconds_between=1 / frames_a_second, outcome="match"
            )
            legs.first_frame_to_verdict = clock.lap()
        legs.frame_to_answer = capture.answered_after
        clock.lap()  # closing the socket keeps nobody waiting
        session = await self.call("POST", "/session/factors/face", assertion=assertion)
        legs.assertion = clock.lap()
        if session["state"] != "active":
            raise Failed(f"signed in, but the session is {session['state']}")
        self.token = session["token"]
        return legs

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()


class Clock:
    """Tells the time between laps."""

    def __init__(self) -> None:
        self._at = time.perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last lap."""
        before, self._at = self._at, time.perf_counter()
        return self._at - before


class Capture:
    """One attempt on an open socket."""

    def __init__(self, socket: ClientConnection, ticket: str) -> None:
        self._socket, self._ticket = socket, ticket
        self._sent_at: list[float] = []
        self.answered_after: list[float] = []
        self.verdicts: list[str] = []
        self._answered = asyncio.Event()

    async def start(self) -> None:
        """Show the ticket and wait until frames are wanted."""
        await self._socket.send(json.dumps({"type": "attempt.start", "ticket": self._ticket}))
        message = await self._next()
        if message["type"] != "attempt.ready":
            raise Failed(message.get("code", message))

    async def run(self, frames: Sequence[bytes], *, seconds_between: float, outcome: str) -> str:
        """Send frames until there is a result; return its assertion.

        Without time between them one frame is sent as soon as the last one is answered.

        Raises
        ------
        Failed
            If the result is another one.
        """
        sending = asyncio.create_task(self._send(frames, seconds_between))
        try:
            while (message := await self._next())["type"] not in ("attempt.result", "error"):
                self._note(message)
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
        if message.get("outcome") != outcome:
            raise Failed(f"{message} after {self.verdicts}")
        return str(message["assertion"])

    async def flood(
        self, frames: Sequence[bytes], until: float, *, seconds_between: float = 0.0
    ) -> None:
        """Send the frames over and over, one at a time, until a moment of the event loop's clock.

        Frames shown before are refused as repeats after the same work, and end no attempt; so
        fewer frames than a verdict needs keep an attempt open until its deadline.
        """
        loop = asyncio.get_running_loop()
        for frame in cycle(frames):
            if loop.time() >= until:
                return
            next_at = loop.time() + seconds_between
            self._sent_at.append(time.perf_counter())
            await self._socket.send(frame)
            message = await self._next()
            if message["type"] != "capture.feedback":
                raise Failed(f"the attempt ended: {message}")
            self._note(message)
            await asyncio.sleep(max(0.0, next_at - loop.time()))

    async def _send(self, frames: Sequence[bytes], seconds_between: float) -> None:
        with suppress(ConnectionClosed):  # the result came first
            for _, frame in zip(range(MOST_FRAMES), cycle(frames), strict=False):
                most = MOST_UNANSWERED if seconds_between else 1
                while len(self._sent_at) - len(self.answered_after) >= most:
                    self._answered.clear()
                    await self._answered.wait()
                self._sent_at.append(time.perf_counter())
                await self._socket.send(frame)
                await asyncio.sleep(seconds_between)

    def _note(self, message: dict[str, Any]) -> None:
        if message["type"] != "capture.feedback":
            return
        sent_at = self._sent_at[message["sequence"] - 1]
        self.answered_after.append(time.perf_counter() - sent_at)
        self.verdicts.append(message["verdict"])
        self._answered.set()

    async def _next(self) -> dict[str, Any]:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                message: dict[str, Any] = json.loads(await self._socket.recv())
                while message["type"] == "capture.prompt":  # a wish: nobody here can grant it
                    message = json.loads(await self._socket.recv())
        except (ConnectionClosed, TimeoutError) as error:
            raise Failed(f"the socket gave no answer: {error!r}") from error
        return message
