"""Accounts' calls to facelogin."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import httpx
from django.conf import settings

from accounts import tokens
from kubevision import connections
from kubevision.tokens import new_jti

TIMEOUT_SECONDS = 4.0  # the person waits; the contract's answer for the rest is 503
SIGN_OUT_TIMEOUT_SECONDS = 1.0  # nobody's sign-out waits for a facelogin that is away


class FaceloginUnavailable(Exception):  # noqa: N818  (an outcome, named as the contract names it)
    """Facelogin did not answer, or could not do it now."""


class NothingToActivate(Exception):  # noqa: N818  (an outcome)
    """Facelogin has no such pending reference: expired, erased or another person's."""


@dataclass(frozen=True)
class ExtensionStatus:
    """One light that counts beside the reference."""

    id: str
    added_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class ReferenceStatus:
    """What facelogin tells about a stored reference; never its numbers."""

    enrolled_at: datetime
    engine: str
    expires_at: datetime
    cohort_consent: bool
    extensions: tuple[ExtensionStatus, ...]


def _call(
    method: str,
    user_id: uuid.UUID,
    purpose: str,
    *,
    path: str = "reference",
    timeout: float = TIMEOUT_SECONDS,
    **claims: str,
) -> httpx.Response:
    ticket = tokens.sign_ticket(user_id, purpose, jti=new_jti(), **claims)
    try:
        answer = connections.client().request(
            method,
            f"{settings.FACELOGIN_URL}/face/v1/{path}",
            headers={"Authorization": f"Bearer {ticket}"},
            timeout=timeout,
        )
    except httpx.HTTPError as error:
        raise FaceloginUnavailable(str(error)) from error
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise NothingToActivate
    if answer.is_error:
        raise FaceloginUnavailable(f"facelogin answered {answer.status_code}")
    return answer


def activate_reference(user_id: uuid.UUID, assertion_jti: str) -> ReferenceStatus:
    """Let the pending reference or extension of an assertion count; twice is as good as once.

    Raises
    ------
    NothingToActivate
        If facelogin knows no such enrolment or extension of this person.
    FaceloginUnavailable
        If it cannot be asked; nothing has changed then, or only what a repeat will find done.
    """
    _call("PUT", user_id, "activate", nonce=assertion_jti)
    body = _call("GET", user_id, "status").json()
    return ReferenceStatus(
        enrolled_at=datetime.fromisoformat(body["enrolled_at"]),
        engine=body["engine"],
        expires_at=datetime.fromisoformat(body["expires_at"]),
        cohort_consent=body.get("cohort_consent") is True,  # an older facelogin says nothing of it
        extensions=tuple(map(_extension, body.get("extensions", []))),  # likewise
    )


def _extension(body: dict[str, str]) -> ExtensionStatus:
    return ExtensionStatus(
        id=body["id"],
        added_at=datetime.fromisoformat(body["added_at"]),
        expires_at=datetime.fromisoformat(body["expires_at"]),
    )


def remove_extension(user_id: uuid.UUID, extension_id: str) -> None:
    """Undo one extension; doing it twice is doing it once.

    Raises
    ------
    FaceloginUnavailable
        If it cannot be asked, or is one that knows no extensions.
    """
    try:
        path = f"reference/extensions/{extension_id}"
        _call("DELETE", user_id, "erase", path=path, nonce=extension_id)
    except NothingToActivate as error:
        raise FaceloginUnavailable("facelogin has no extensions") from error


def erase(user_id: uuid.UUID) -> None:
    """Have all erased that facelogin stores of a person; twice is as good as once.

    Raises
    ------
    FaceloginUnavailable
        If it cannot be asked, or could not do it.
    """
    try:
        _call("DELETE", user_id, "erase")
    except NothingToActivate as error:
        raise FaceloginUnavailable("facelogin knows no erasure") from error


def end_captures(user_id: uuid.UUID, session_hash: str) -> None:
    """Have what a session does at facelogin's socket closed.

    Raises
    ------
    FaceloginUnavailable
        If it cannot be asked, or is one that cannot do it.
    """
    try:
        _call(
            "POST",
            user_id,
            "revoke",
            path="session-ended",
            timeout=SIGN_OUT_TIMEOUT_SECONDS,
            sid=session_hash,
        )
    except NothingToActivate as error:
        raise FaceloginUnavailable("facelogin cannot end captures") from error
