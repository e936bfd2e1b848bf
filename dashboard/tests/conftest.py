"""The dashboard alone: accounts is out of reach, so a small HTTP server answers for it.

It says only what contract.md says accounts says. The real accounts meets the dashboard in the tests
that cross rooms.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client

from dashboard.clients import accounts as accounts_client

SESSION = {
    "state": "active",
    "user": {"id": "6f9d", "username": "ada", "display_name": "Ada"},
    "amr": ["pwd"],
    "available_factors": [],
    "authenticated_at": "2099-01-01T00:00:00Z",
    "expires_at": "2099-01-01T01:00:00Z",
}
WAITING = SESSION | {
    "state": "awaiting_second_factor",
    "available_factors": ["face", "recovery_code"],
}
FULL = SESSION | {"amr": ["pwd", "face", "mfa"], "available_factors": ["face", "recovery_code"]}
ACCOUNT = {
    "id": "6f9d",
    "username": "ada",
    "display_name": "Ada",
    "email": "",
    "factors": {
        "face": {
            "enrolled_at": "2026-11-23T08:00:00Z",
            "engine": "lbph",
            "expires_at": "2027-11-23T08:00:00Z",
        },
        "totp": None,
        "recovery_codes": {"remaining": 9},
    },
}
TICKET = {
    "ticket": "a.b.c",
    "expires_in": 120,
    "websocket_url": "ws://localhost:8000/face/v1/capture",
    "websocket_subprotocol": "kubevision.face.v1",
    "attempts_remaining": 9,
}


def problem(status: int, code: str, **more: Any) -> tuple[int, dict[str, Any]]:
    body = {"type": f"urn:x:{code}", "title": code, "status": status, "code": code}
    return status, body | {"detail": f"In words: {code}."} | more


@dataclass
class Accounts:
    """What accounts answers, by method and path, and what it was asked."""

    answers: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)

    def says(self, call: str, body: dict[str, Any], status: int = 200) -> None:
        self.answers[call] = (status, body)

    def refuses(self, call: str, status: int, code: str, **more: Any) -> None:
        self.answers[call] = problem(status, code, **more)

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
            path = self.path.removeprefix("/auth/v1").partition("?")[0]
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            call = f"{self.command} {path}"
            fake.calls.append((call, body, dict(self.headers)))
            status, content = fake.answers.get(call, problem(401, "unauthenticated"))
            data = json.dumps(content).encode() if status != 204 else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if status == 429:
                self.send_header("Retry-After", "30")
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = answer

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
