"""Accounts alone: a real facelogin is out of reach here, so a small HTTP server answers for it.

It says only what the contract's examples say, is held to the contract in all it answers, and signs
with a key of its own.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import passwords
from accounts.passwords import Argon2idHasher
from kubevision import contracts, tokens
from kubevision.contracts.checking import check_answer, check_claims
from kubevision.tests import scans

PASSWORD = "correct horse battery"
CONSENT = "2026-11.2"
LIGHT = contracts.example("reference_status.extended")["extensions"][0]


@dataclass
class Facelogin:
    """Stands in for facelogin: signs assertions, answers activation as told."""

    signer: tokens.Signer
    activation_status: int = 204
    # Ids of the lights that count, as it tells them.
    lights: list[str] = field(default_factory=list)
    removal_status: int = 204
    erasure_status: int = 204
    ended_sessions: list[str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    is_lent: bool | None = False  # None: of a facelogin that does not say

    def assertion(self, ticket: str, outcome: str, **changes: Any) -> str:
        claims = ticket_claims(ticket)
        audience = changes.pop("aud", "accounts")
        typ = changes.pop("typ", "kv-assertion+jwt")
        life = changes.pop("life", 60)
        body = {"sub": claims["sub"], "nonce": claims["jti"], "outcome": outcome, "engine": "lbph"}
        return self.signer.sign(body | changes, typ=typ, audience=audience, life_seconds=life)

    def report(self, ticket: str, outcome: str, **changes: Any) -> str:
        claims = ticket_claims(ticket)
        audience = changes.pop("aud", "accounts")
        typ = changes.pop("typ", "kv-report+jwt")
        body = {
            "sub": claims["sub"],
            "nonce": claims["jti"],
            "outcome": outcome,
            "accepted_frames": 0,
            "reasons": [],
            "engine": "lbph",
            "duration_ms": 2500,
        }
        return self.signer.sign(body | changes, typ=typ, audience=audience, life_seconds=600)


def ticket_claims(ticket: str) -> dict[str, Any]:
    import jwt

    return jwt.decode(ticket, options={"verify_signature": False})


@pytest.fixture
def facelogin(settings: Any) -> Iterator[Facelogin]:
    with standing_in() as fake:
        settings.FACELOGIN_URL = fake.url
        yield fake


@contextmanager
def standing_in() -> Iterator[Facelogin]:
    """Run the stand-in until the block is left."""
    fake = Facelogin(tokens.Signer("facelogin", [Ed25519PrivateKey.generate()]))

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            fake.calls.append((self.command, self.path))
            status, body = 200, fake.signer.jwks()
            headers = {"Content-Type": "application/json"}
            if self.path == "/face/v1/reference":
                ticket = self.headers["Authorization"].removeprefix("Bearer ")
                check_claims("ticket", ticket)
                status = {
                    "GET": 200,
                    "PUT": fake.activation_status,
                    "DELETE": fake.erasure_status,
                }[self.command]
                body = contracts.example("reference_status")
                body["expires_at"] = "2099-11-23T08:00:00+00:00"
                body["cohort_consent"] = fake.is_lent
                if fake.is_lent is None:
                    del body["cohort_consent"]
                body["extensions"] = [
                    {**LIGHT, "id": light, "expires_at": "2099-01-01T00:00:00+00:00"}
                    for light in fake.lights
                ]
            if self.path.startswith("/face/v1/reference/extensions/"):
                ticket = self.headers["Authorization"].removeprefix("Bearer ")
                check_claims("ticket", ticket)
                claims, light = ticket_claims(ticket), self.path.rpartition("/")[2]
                assert (claims["purpose"], claims["nonce"]) == ("erase", light)
                status = fake.removal_status
                if status == 204 and light in fake.lights:
                    fake.lights.remove(light)
            if self.path == "/face/v1/session-ended":
                ticket = self.headers["Authorization"].removeprefix("Bearer ")
                check_claims("ticket", ticket)
                claims = ticket_claims(ticket)
                assert claims["purpose"] == "revoke"
                fake.ended_sessions.append(claims["sid"])
                status = 204
            if status >= 400:
                code = {404: "not_found", 503: "temporarily_unavailable"}[status]
                body = contracts.example(f"problems/{code}")
                headers = {"Content-Type": "application/problem+json", "Retry-After": "5"}
            content = b"" if status == 204 else json.dumps(body).encode()
            check_answer(self.command, self.path, status, headers, content)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@cache
def _handler() -> Any:
    """What answers requests, for all clients: each of its own would look for static files anew."""
    return Client().handler


class Api:
    """Calls the REST API as a client would."""

    def __init__(self) -> None:
        self.client = Client()
        self.client.handler = _handler()
        self.token = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
        response = self.client.generic(
            method, f"/auth/v1{path}", data, content_type="application/json", headers=headers
        )
        if response.status_code >= 400:
            assert response.headers["Content-Type"] == "application/problem+json"
            problem = response.json()
            assert {"type", "title", "status", "detail", "code"} <= set(problem)
            assert problem["status"] == response.status_code
        return response

    def take_token(self, response: Any) -> Any:
        self.token = response.json()["token"]
        return response


@pytest.fixture
def api(db: None) -> Api:
    return Api()


@pytest.fixture
def ada(api: Api) -> Api:
    """Ada, registered and signed in by password."""
    api.call("POST", "/users", {"username": "ada", "password": PASSWORD})
    api.take_token(api.call("POST", "/sessions", {"username": "ada", "password": PASSWORD}))
    return api


def enrol(api: Api, facelogin: Facelogin) -> Any:
    """Enrol the signed-in person's face."""
    body = {"purpose": "enrol", "consent_version": CONSENT}
    ticket = api.call("POST", "/session/face-ticket", body).json()["ticket"]
    assertion = facelogin.assertion(ticket, "enrolled")
    return api.call("PUT", "/user/factors/face", {"assertion": assertion})


@pytest.fixture
def enrolled_ada(ada: Api, facelogin: Facelogin) -> Api:
    """Ada with a face, in a new session that waits for it; her codes are in `codes`."""
    response = enrol(ada, facelogin)
    ada.codes = response.json()["recovery_codes"]  # type: ignore[attr-defined]
    ada.take_token(Api.call(Api(), "POST", "/sessions", {"username": "ada", "password": PASSWORD}))
    return ada


@pytest.fixture(autouse=True)
def light_argon2id(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same algorithm with little memory: these tests verify thousands of passwords."""
    monkeypatch.setattr(Argon2idHasher, "time_cost", 1)
    monkeypatch.setattr(Argon2idHasher, "memory_cost", 64)  # KiB
    passwords._nobodys_hash.cache_clear()
    yield
    passwords._nobodys_hash.cache_clear()


class Clock:
    """What the limits take for the time: it stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = timezone.now()

    def now(self) -> datetime:
        return self.moment

    def move(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Waits are counted in seconds; no test may depend on how long a slow machine takes."""
    clock = Clock()
    monkeypatch.setattr("accounts.limits.timezone", clock)
    return clock


@pytest.fixture(scope="session", autouse=True)
def every_question_has_an_index(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """On MongoDB: nothing these tests make the code ask reads a whole table."""
    if connection.vendor != "mongodb":
        yield
        return
    allowed = (
        "'by_administrator': True",  # the administration's filter, over ten thousand at most
        *_ASKED_BY_TESTS,
    )
    with django_db_blocker.unblock(), scans.heard(connection, *allowed):
        yield


_ASKED_BY_TESTS = (
    *("'cohort': True", "'purpose': 'enrol'", "'purpose': 'verify'", "{'ticket_jti':"),
    *("'is_staff': True", "{'is_active': True}", "'user_agent': 'Firefox'"),
    "accounts_recoverycode: command [{'$match': {'$",  # used_at alone
)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave what is about MongoDB to the run that has one (tests/run.py)."""
    is_mongodb = collection_path.name == "mongodb"
    return True if is_mongodb and connection.vendor != "mongodb" else None
