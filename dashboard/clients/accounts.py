"""Accounts' REST API as this room uses it (contract section 1), one method a call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import httpx
from django.conf import settings

T = TypeVar("T")

# A person waits for the page: better a helpful one soon than a spinner.
CONNECT_TIMEOUT_SECONDS = 1.0
ANSWER_TIMEOUT_SECONDS = 4.0
# Changes of a face make accounts ask facelogin, which has its own time.
ACTIVATION_TIMEOUT_SECONDS = 10.0
# What the page's script is given to open facelogin's socket.
TICKET_MEMBERS = (
    "ticket",
    "expires_in",
    "websocket_url",
    "websocket_subprotocol",
    "attempts_remaining",
)


class AccountsUnavailable(Exception):  # noqa: N818  (an outcome)
    """Accounts did not answer, or failed."""


class Refusal(Exception):  # noqa: N818  (an answer, not a fault)
    """Accounts said no, in the words of its problem document."""

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: int | None) -> None:
        self.status = status
        self.code = str(problem.get("code", ""))
        self.detail = str(problem.get("detail", ""))
        self.errors: dict[str, list[str]] = problem.get("errors") or {}
        self.retry_after = retry_after  # seconds
        super().__init__(self.code)


@dataclass(frozen=True)
class Person:
    """Whom a page greets."""

    id: str
    username: str
    display_name: str


@dataclass(frozen=True)
class Session:
    """A sign-in; the tokens are there only when they were made just now."""

    state: str
    user: Person
    methods: list[str]
    available_factors: list[str]
    authenticated_at: datetime
    token: str | None = None
    pass_token: str | None = None

    @property
    def is_active(self) -> bool:
        """Say whether all factors the person has were shown."""
        return self.state == "active"

    @property
    def has_second_factor(self) -> bool:
        """Say whether the person has shown or can show more than a password."""
        return bool(self.available_factors) or "mfa" in self.methods


@dataclass(frozen=True)
class Extension:
    """A light added to a face."""

    id: str
    added_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Face:
    """An enrolled face, as far as it may be told."""

    enrolled_at: datetime
    engine: str
    expires_at: datetime
    cohort_consent: bool = False
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True)
class Account:
    """A person's own account with its factors."""

    user: Person
    email: str
    face: Face | None
    remaining_recovery_codes: int


@dataclass(frozen=True)
class Caller:
    """On whose behalf a call is made; goes along as headers."""

    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def _read(parse: Callable[[Any], T], body: Any) -> T:
    """Read an answer; one of another shape is no answer."""
    try:
        return parse(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AccountsUnavailable(f"accounts answered something else: {error!r}") from error


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _person(body: Mapping[str, Any]) -> Person:
    return Person(body["id"], body["username"], body["display_name"])


def _session(body: Mapping[str, Any]) -> Session:
    return Session(
        state=body["state"],
        user=_person(body["user"]),
        methods=list(body["amr"]),
        available_factors=list(body["available_factors"]),
        authenticated_at=_time(body["authenticated_at"]),
        token=body.get("token"),
        pass_token=body.get("pass_token"),
    )


def _face(body: Mapping[str, Any]) -> Face:
    return Face(
        _time(body["enrolled_at"]),
        body["engine"],
        _time(body["expires_at"]),
        body.get("cohort_consent") is True,  # an older accounts says nothing of it
        tuple(map(_extension, body.get("extensions", []))),  # likewise
    )


def _extension(body: Mapping[str, Any]) -> Extension:
    return Extension(body["id"], _time(body["added_at"]), _time(body["expires_at"]))


def _account(body: Mapping[str, Any]) -> Account:
    factors = body["factors"]
    return Account(
        user=_person(body),
        email=body["email"],
        face=_face(factors["face"]) if factors["face"] else None,
        remaining_recovery_codes=factors["recovery_codes"]["remaining"],
    )


def _first_codes(body: Mapping[str, Any]) -> list[str]:
    # Only the first face brings codes.
    return [str(code) for code in body.get("recovery_codes", [])]


def _new_codes(body: Mapping[str, Any]) -> list[str]:
    return [str(code) for code in body["codes"]]


def _ticket(body: Mapping[str, Any]) -> dict[str, Any]:
    # Goes to the page's script, so nothing else that accounts may say one day goes along.
    return {name: body[name] for name in TICKET_MEMBERS}


@cache
def _connections() -> httpx.Client:
    """Return this process's connections, kept open between calls."""
    timeout = httpx.Timeout(ANSWER_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS)
    # No proxy of the environment may stand between the rooms.
    return httpx.Client(timeout=timeout, trust_env=False)


class Accounts:
    """Calls accounts for one browser.

    Every method raises `Refusal` when accounts says no and `AccountsUnavailable` when it says
    nothing of use.
    """

    def __init__(self, caller: Caller) -> None:
        self._headers = dict(caller.headers)
        if caller.token:
            self._headers["Authorization"] = f"Bearer {caller.token}"

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **options: Any
    ) -> Any:
        try:
            answer = _connections().request(
                method,
                f"{settings.ACCOUNTS_URL}/auth/v1{path}",
                json=body,
                headers=self._headers,
                **options,
            )
            content = answer.json() if answer.content else {}
        except (httpx.HTTPError, ValueError) as error:
            raise AccountsUnavailable(str(error)) from error
        if answer.is_success:
            return content
        code = content.get("code") if isinstance(content, dict) else None
        # No code: something between us answered that is not accounts.
        if code is None or (answer.is_server_error and code != "facelogin_unavailable"):
            raise AccountsUnavailable(f"accounts answered {answer.status_code}")
        retry_after = answer.headers.get("Retry-After", "")
        raise Refusal(
            answer.status_code, content, int(retry_after) if retry_after.isdigit() else None
        )

    def register(self, username: str, password: str, display_name: str) -> None:
        """Make an account."""
        body = {"username": username, "password": password, "display_name": display_name}
        self._call("POST", "/users", body)

    def sign_in(self, username: str, password: str) -> Session:
        """Open a session by password."""
        return _read(
            _session, self._call("POST", "/sessions", {"username": username, "password": password})
        )

    def session(self) -> Session:
        """Read the session."""
        return _read(_session, self._call("GET", "/session"))

    def sign_out(self) -> None:
        """End the session."""
        self._call("DELETE", "/session")

    def confirm_password(self, password: str) -> Session:
        """Show the password again."""
        return _read(
            _session, self._call("POST", "/session/reauthentication", {"password": password})
        )

    def face_ticket(
        self, purpose: str, consent_version: str = "", *, cohort_consent: bool = False
    ) -> dict[str, Any]:
        """Return a ticket for the camera, as the page's script wants it.

        `cohort_consent`: the person lends the new reference, see docs/privacy.md.
        """
        body: dict[str, str | bool] = {"purpose": purpose}
        if consent_version:
            body["consent_version"] = consent_version
        if cohort_consent:
            body["cohort_consent"] = True
        return _read(_ticket, self._call("POST", "/session/face-ticket", body))

    def show_face(self, assertion: str) -> Session:
        """Show the face as second factor."""
        return _read(
            _session, self._call("POST", "/session/factors/face", {"assertion": assertion})
        )

    def show_recovery_code(self, code: str) -> Session:
        """Show a recovery code as second factor."""
        return _read(_session, self._call("POST", "/session/factors/recovery-code", {"code": code}))

    def account(self) -> Account:
        """Read the person's account with its factors."""
        return _read(_account, self._call("GET", "/user?include=factors"))

    def activate_face(self, assertion: str) -> list[str]:
        """Let an enrolled face or an added light count; return codes if the person had none."""
        body = self._call(
            "PUT",
            "/user/factors/face",
            {"assertion": assertion},
            timeout=ACTIVATION_TIMEOUT_SECONDS,
        )
        return _read(_first_codes, body)

    def remove_extension(self, extension_id: str) -> None:
        """Take an added light away again."""
        self._call(
            "DELETE",
            f"/user/factors/face/extensions/{extension_id}",
            timeout=ACTIVATION_TIMEOUT_SECONDS,
        )

    def renew_recovery_codes(self) -> list[str]:
        """Replace the person's recovery codes; return the new ones."""
        return _read(_new_codes, self._call("POST", "/user/factors/recovery-codes"))
