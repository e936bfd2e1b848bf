"""What accounts answers (contract section 1), read into what pages need of it.

The readers raise KeyError, TypeError, ValueError or AttributeError for a body of another shape, and
ignore what it says besides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# What the page's script is given to open facelogin's socket.
TICKET_MEMBERS = (
    "ticket",
    "expires_in",
    "websocket_url",
    "websocket_subprotocol",
    "attempts_remaining",
)
# What an event may say besides; what a later accounts adds has no words here.
EVENT_DETAILS = ("methods", "factor", "limit", "outcome", "reasons", "fields", "device")


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
    device_token: str | None = None

    @property
    def is_active(self) -> bool:
        """Say whether all factors the person has were shown."""
        return self.state == "active"

    @property
    def has_second_factor(self) -> bool:
        """Say whether the person has shown or can show more than a password."""
        return bool(self.available_factors) or "mfa" in self.methods


@dataclass(frozen=True)
class LiveSession:
    """A place where somebody is signed in, as the list of them tells it."""

    id: str
    device: str
    address: str | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    methods: list[str]
    is_current: bool


@dataclass(frozen=True)
class Event:
    """Something that happened to an account."""

    at: datetime
    kind: str
    by_administrator: bool
    address: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True)
class EventPage:
    """Some events, the newest first, and where older ones are."""

    events: list[Event]
    next_cursor: str | None


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
class Totp:
    """An authenticator app that counts."""

    enrolled_at: datetime


@dataclass(frozen=True)
class TotpSecret:
    """What an authenticator app is given; the address holds the secret, too."""

    secret: str
    uri: str


@dataclass(frozen=True)
class Account:
    """A person's own account with its factors, and what else was asked for."""

    user: Person
    email: str
    face: Face | None
    totp: Totp | None
    remaining_recovery_codes: int
    sessions: tuple[LiveSession, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def has_second_factor(self) -> bool:
        """Say whether more than a password is asked of the person."""
        return self.face is not None or self.totp is not None

    @property
    def current_session(self) -> LiveSession | None:
        """Return the session that asked, if accounts told it."""
        return next((session for session in self.sessions if session.is_current), None)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _person(body: Mapping[str, Any]) -> Person:
    return Person(body["id"], body["username"], body["display_name"])


def session(body: Mapping[str, Any]) -> Session:
    """Read a session."""
    return Session(
        state=body["state"],
        user=_person(body["user"]),
        methods=list(body["amr"]),
        available_factors=list(body["available_factors"]),
        authenticated_at=_time(body["authenticated_at"]),
        token=body.get("token"),
        pass_token=body.get("pass_token"),
        device_token=body.get("device_token"),
    )


def _live_session(body: Mapping[str, Any]) -> LiveSession:
    return LiveSession(
        id=body["id"],
        device=body["device"],
        address=body["address"],
        created_at=_time(body["created_at"]),
        seen_at=_time(body["seen_at"]),
        expires_at=_time(body["expires_at"]),
        methods=list(body["amr"]),
        is_current=body["current"] is True,
    )


def _event(body: Mapping[str, Any]) -> Event:
    return Event(
        at=_time(body["at"]),
        kind=body["kind"],
        by_administrator=body["by_administrator"] is True,
        address=body["address"],
        details={name: body["details"][name] for name in EVENT_DETAILS if name in body["details"]},
    )


def event_page(body: Mapping[str, Any]) -> EventPage:
    """Read a page of events."""
    return EventPage([_event(event) for event in body["events"]], body["next_cursor"])


def _extension(body: Mapping[str, Any]) -> Extension:
    return Extension(body["id"], _time(body["added_at"]), _time(body["expires_at"]))


def _face(body: Mapping[str, Any]) -> Face:
    return Face(
        _time(body["enrolled_at"]),
        body["engine"],
        _time(body["expires_at"]),
        body.get("cohort_consent") is True,  # an older accounts says nothing of it
        tuple(map(_extension, body.get("extensions", []))),  # likewise
    )


def account(body: Mapping[str, Any]) -> Account:
    """Read an account."""
    factors = body["factors"]
    totp = factors.get("totp")
    return Account(
        user=_person(body),
        email=body["email"],
        face=_face(factors["face"]) if factors["face"] else None,
        totp=Totp(_time(totp["enrolled_at"])) if totp else None,
        remaining_recovery_codes=factors["recovery_codes"]["remaining"],
        # There if they were asked for; an older accounts has none to tell.
        sessions=tuple(map(_live_session, body.get("sessions", []))),
        events=tuple(map(_event, body.get("events", []))),
    )


def username(body: Mapping[str, Any]) -> str:
    """Read whose account an invitation was for."""
    return str(body["username"])


def totp_secret(body: Mapping[str, Any]) -> TotpSecret:
    """Read what an authenticator app is given."""
    return TotpSecret(str(body["secret"]), str(body["otpauth_uri"]))


def first_codes(body: Mapping[str, Any]) -> list[str]:
    """Read the recovery codes that only a first second factor brings."""
    return [str(code) for code in body.get("recovery_codes", [])]


def new_codes(body: Mapping[str, Any]) -> list[str]:
    """Read the recovery codes that replace the old ones."""
    return [str(code) for code in body["codes"]]


def ticket(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read a ticket; what goes to the page's script is that and nothing else accounts may say."""
    return {name: body[name] for name in TICKET_MEMBERS}
