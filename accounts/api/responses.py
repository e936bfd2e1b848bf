"""What accounts answers, as the contract spells it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from accounts import selectors
from accounts.models import Event, FaceExtension, FaceFactor, Session, TotpFactor, User
from accounts.services.sessions import Opened


def timestamp(moment: datetime) -> str:
    """Return a time as RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def person(user: User) -> dict[str, str]:
    """Return what pages need to greet somebody."""
    return {
        "id": str(user.id),
        "username": user.username,
        "display_name": user.get_full_name(),
    }


def session(current: Session, opened: Opened | None = None) -> dict[str, Any]:
    """Return the contract's Session; tokens only if they were made just now."""
    body: dict[str, Any] = {}
    if opened is not None:
        body["token"] = opened.token
        if opened.pass_token is not None:
            body["pass_token"] = opened.pass_token
        if opened.device_token is not None:
            body["device_token"] = opened.device_token
    return body | {
        "state": selectors.state(current),
        "user": person(current.user),
        "amr": selectors.methods(current),
        "available_factors": selectors.available_factors(current.user),
        "authenticated_at": timestamp(selectors.authenticated_at(current)),
        "expires_at": timestamp(selectors.expires_at(current)),
    }


def face_factor(factor: FaceFactor, added: Iterable[FaceExtension]) -> dict[str, Any]:
    """Return what is known of an enrolled face; never a number of it."""
    return {
        "enrolled_at": timestamp(factor.enrolled_at),
        "engine": factor.engine,
        "expires_at": timestamp(factor.expires_at),
        "cohort_consent": factor.cohort_consent,
        "extensions": [
            {
                "id": extension.id,
                "added_at": timestamp(extension.added_at),
                "expires_at": timestamp(extension.expires_at),
            }
            for extension in added
        ],
    }


def totp_factor(factor: TotpFactor) -> dict[str, Any]:
    """Return what is known of an authenticator app; never its secret."""
    assert factor.enrolled_at is not None  # only confirmed ones are shown
    return {"enrolled_at": timestamp(factor.enrolled_at)}


def session_list(live: Iterable[Session], current: Session) -> list[dict[str, Any]]:
    """Return where somebody is signed in."""
    return [
        {
            "id": str(session.pk),
            "device": session.user_agent,
            "address": session.address,
            "created_at": timestamp(session.created_at),
            "seen_at": timestamp(session.seen_at),
            "expires_at": timestamp(selectors.expires_at(session)),
            "amr": selectors.methods(session),
            "current": session.pk == current.pk,
        }
        for session in live
    ]


def event_list(found: Iterable[Event]) -> list[dict[str, Any]]:
    """Return what happened to somebody; an administrator's address is nobody else's business."""
    return [
        {
            "id": str(event.pk),
            "at": timestamp(event.at),
            "kind": event.kind,
            "by_administrator": event.by_administrator,
            "address": None if event.by_administrator else event.address,
            "request_id": event.request_id,
            "details": event.details,
        }
        for event in found
    ]


def account(current: Session, include: set[str]) -> dict[str, Any]:
    """Return a person's own account, with the parts asked for."""
    user = current.user
    body: dict[str, Any] = {
        **person(user),
        "email": user.email,
        "created_at": timestamp(user.created_at),
    }
    if "factors" in include:
        factor, app = selectors.face_of(user), selectors.totp_of(user)
        body["factors"] = {
            "face": face_factor(factor, selectors.extensions_of(user)) if factor else None,
            "totp": totp_factor(app) if app else None,
            "recovery_codes": {"remaining": selectors.remaining_recovery_codes(user)},
        }
    if "sessions" in include:
        body["sessions"] = session_list(selectors.live_sessions_of(user), current)
    if "events" in include:
        body["events"] = event_list(selectors.events_of(user).events)
    return body
