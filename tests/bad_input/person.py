"""Somebody with an account and a face, whose next sign-in has to work after every case."""

import json
import uuid
from contextlib import suppress
from itertools import count
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from kubevision import tokens
from kubevision.keys import read_signing_keys
from tests.product import Product

PASSWORD = "a sentence nobody guesses"
CONSENT = "2026-11"
SUBPROTOCOL = "kubevision.face.v1"
CANCEL = json.dumps({"type": "attempt.cancel"})

_numbers = count(1)


class SignInFailed(AssertionError):  # noqa: N818  (an outcome)
    """The product did not let its own person in."""


class Person:
    """An account with an enrolled face, and pictures of that face."""

    def __init__(self, product: Product, frames: list[bytes]) -> None:
        self.product = product
        self.frames = frames
        self.username = f"honest{next(_numbers)}"
        self._rest = httpx.Client(base_url=f"{product.origin}/auth/v1", timeout=30)
        who = {"username": self.username, "password": PASSWORD}
        self._expect(201, self._call("POST", "/users", body=who))
        token = self.sign_in_by_password()
        answer = self._ticket(token, {"purpose": "enrol", "consent_version": CONSENT})
        assertion = self._show_face(answer, frames)
        self._expect(200, self._call("PUT", "/user/factors/face", token, {"assertion": assertion}))

    def new_account(self) -> str:
        """Make an account without a second factor; return the token of its session."""
        who = {"username": f"honest{next(_numbers)}", "password": PASSWORD}
        self._expect(201, self._call("POST", "/users", body=who))
        token: str = self._expect(201, self._call("POST", "/sessions", body=who))["token"]
        return token

    def sign_in(self) -> None:
        """Sign in with password and face, as a browser does; raise SignInFailed if that fails."""
        token = self.sign_in_by_password()
        answer = self._ticket(token, {"purpose": "verify"})
        assertion = self._show_face(answer, self.frames)
        shown = self._call("POST", "/session/factors/face", token, {"assertion": assertion})
        session = self._expect(200, shown)
        if session["state"] != "active" or "face" not in session["amr"]:
            raise SignInFailed(str(session))
        self._call("DELETE", "/session", session["token"])

    def sign_in_by_password(self) -> str:
        """Return the token of a new session."""
        who = {"username": self.username, "password": PASSWORD}
        token: str = self._expect(201, self._call("POST", "/sessions", body=who))["token"]
        return token

    def end_session(self, token: str) -> None:
        """Sign out."""
        self._call("DELETE", "/session", token)

    def _ticket(self, token: str, body: dict[str, str]) -> dict[str, Any]:
        return self._expect(201, self._call("POST", "/session/face-ticket", token, body))

    def _call(self, method: str, path: str, token: str = "", body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self._rest.request(method, path, json=body, headers=headers)

    @staticmethod
    def _expect(status: int, answer: httpx.Response) -> dict[str, Any]:
        if answer.status_code != status:
            raise SignInFailed(f"{answer.request.url}: {answer.status_code} {answer.text}")
        body: dict[str, Any] = answer.json()
        return body

    @staticmethod
    def _show_face(ticket: dict[str, Any], frames: list[bytes]) -> str:
        protocols = [ticket["websocket_subprotocol"]]
        waiting = iter(frames)
        message: dict[str, Any] = {}
        with connect(ticket["websocket_url"], subprotocols=protocols, proxy=None) as socket:
            socket.send(json.dumps({"type": "attempt.start", "ticket": ticket["ticket"]}))
            for text in socket:
                message = json.loads(text)
                if message["type"] == "capture.prompt":  # answers no frame
                    continue
                if message["type"] in {"attempt.result", "error"}:
                    break
                if message.get("progress") != 1.0:  # else the result is on its way
                    with suppress(ConnectionClosed):
                        socket.send(next(waiting, CANCEL))
        if "assertion" not in message:
            raise SignInFailed(str(message))
        assertion: str = message["assertion"]
        return assertion

    def close(self) -> None:
        """Give the connections back."""
        self._rest.close()


def signed_ticket(product: Product, user_id: uuid.UUID | None = None, **changes: Any) -> str:
    """Return a ticket that accounts could have signed, for anybody: no limit of accounts counts."""
    signer = tokens.Signer(
        "accounts", read_signing_keys(product.folder / "keys/accounts-signing.pem")
    )
    typ = changes.pop("typ", "kv-ticket+jwt")
    claims = {"sub": str(user_id or uuid.uuid4()), "purpose": "enrol", "sid": "a session's hash"}
    return signer.sign(claims | changes, typ=typ, audience="facelogin", life_seconds=120)
