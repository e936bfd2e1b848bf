"""What accounts answers, as the contract spells it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from accounts import selectors
from accounts.models import FaceExtension, FaceFactor, Session, User
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


def account(user: User, include: set[str]) -> dict[str, Any]:
    """Return a person's own account, with the parts asked for."""
    body: dict[str, Any] = {
        **person(user),
        "email": user.email,
        "created_at": timestamp(user.created_at),
    }
    if "factors" in include:
        factor = selectors.face_of(user)
        body["factors"] = {
            "face": face_factor(factor, selectors.extensions_of(user)) if factor else None,
            "totp": None,
            "recovery_codes": {"remaining": selectors.remaining_recovery_codes(user)},
        }
    return body
