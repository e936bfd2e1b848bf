"""The dashboard alone: accounts is out of reach, so a small HTTP server answers for it.

It answers with the contract's examples, and every answer and the request it came to are held to the
contract. The real accounts meets the dashboard in the tests that cross rooms.
"""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client

from dashboard.clients import accounts as accounts_client
from kubevision import contracts
from kubevision.contracts.checking import ContractBroken, check_answer

# The contract's own examples; where a proof must be fresh for the test, its time is far ahead.
FRESH = {"authenticated_at": "2099-01-01T00:00:00Z", "expires_at": "2099-01-01T01:00:00Z"}
SESSION = contracts.example("session.password_only") | FRESH
WAITING = contracts.example("session.waiting") | FRESH
FULL = contracts.example("session.active") | FRESH
ACCOUNT = contracts.example("user.with_face")
EVERYTHING = contracts.example("user.with_everything")
EVENTS = contracts.example("events")
(CURRENT, OTHER) = contracts.example("sessions")
TICKET = contracts.example("face_ticket")
REGISTERED = contracts.example("registered")
FACE = contracts.example("face_activated.again")
CODES = contracts.example("recovery_codes")
ASSERTION = contracts.example("assertion.request")
TOKENS = {
    name: contracts.example("opened_session.active")[name] for name in ("token", "pass_token")
}
TOKEN = TOKENS["token"]


def opened(session: dict[str, Any]) -> dict[str, Any]:
    """A session at the moment its tokens are made."""
    names = ("token", "pass_token") if session["state"] == "active" else ("token",)
    return session | {name: TOKENS[name] for name in names}


def account_in(session: dict[str, Any], base: dict[str, Any] = ACCOUNT) -> dict[str, Any]:
    """The account as somebody in this session is told it, with the session and no events."""
    return base | {"sessions": [CURRENT | {"amr": session["amr"]}], "events": []}


NEWCOMER = account_in(SESSION, contracts.example("user.no_factors"))


def words(code: str) -> str:
    """What accounts says with a refusal."""
    detail: str = contracts.example(f"problems/{code}")["detail"]
    return detail


def status_of_success(call: str) -> int:
    """The status the contract gives a call that succeeds."""
    method, _, path = call.partition(" ")
    (answers,) = (
        methods[method.lower()]["responses"]
        for template, methods in contracts.openapi("accounts")["paths"].items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), f"/auth/v1{path}")
    )
    (status,) = (int(status) for status in answers if status.startswith("2"))
    return status


@dataclass
class Accounts:
    """What accounts answers, by method and path, and what it was asked."""

    answers: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    breaches: dict[str, str] = field(default_factory=dict)  # of the contract, by call
    calls: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)

    def says(self, call: str, body: dict[str, Any], status: int | None = None) -> None:
        self.answers[call] = (status or status_of_success(call), body)

    def refuses(self, call: str, code: str, **more: Any) -> None:
        problem = contracts.example(f"problems/{code}")
        self.answers[call] = problem["status"], problem | more

    def breaks_the_contract(self, call: str) -> None:
        """Note that an answer was meant to be none of accounts'."""
        assert self.breaches.pop(call, None), f"{call} was answered as the contract says"

    def body_of(self, call: str) -> dict[str, Any]:
        return next(body for name, body, _ in reversed(self.calls) if name == call)

    def headers_of(self, call: str) -> dict[str, str]:
        return next(headers for name, _, headers in reversed(self.calls) if name == call)


@pytest.fixture
def accounts(settings: Any) -> Iterator[Accounts]:
    fake = Accounts()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            path, _, query = self.path.removeprefix("/auth/v1").partition("?")
            fake.queries.append(query)
            length = int(self.headers.get("Content-Length") or 0)
            sent = self.rfile.read(length)
            body = json.loads(sent) if sent else {}
            call = f"{self.command} {path}"
            fake.calls.append((call, body, dict(self.headers)))
            refusal = contracts.example("problems/unauthenticated")
            status, content = fake.answers.get(call, (401, refusal))
            data = json.dumps(content).encode() if status != 204 else b""
            headers = {
                "Content-Type": "application/problem+json" if status >= 400 else "application/json",
                "Content-Length": str(len(data)),
            }
            if status == 401:
                headers["WWW-Authenticate"] = "Bearer"
            if status in {429, 503}:
                headers["Retry-After"] = "30"
            if status == 429:
                headers["RateLimit-Policy"] = '"code";q=5'
                headers["RateLimit"] = '"code";r=0;t=30'
            try:
                address = self.path.partition("?")[0]
                check_answer(self.command, address, status, headers, data, request_body=sent)
            except (ContractBroken, ValueError, LookupError) as broken:  # or unreadable
                fake.breaches[call] = repr(broken)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    settings.ACCOUNTS_URL = f"http://127.0.0.1:{server.server_address[1]}"
    yield fake
    accounts_client._connections().close()
    accounts_client._connections.cache_clear()
    server.shutdown()
    server.server_close()
    thread.join()
    assert fake.breaches == {}


@pytest.fixture
def nobody() -> Client:
    return Client()


@pytest.fixture
def ada(accounts: Accounts) -> Client:
    """A browser with a session token that accounts knows."""
    client = Client()
    client.cookies["kv_session"] = "token"
    accounts.says("GET /session", SESSION)
    accounts.says("GET /user", ACCOUNT)
    return client
