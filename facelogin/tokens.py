"""Tickets that accounts signed, and the assertions facelogin signs in return."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.conf import settings

from kubevision import tokens
from kubevision.keys import read_signing_keys
from kubevision.tokens import KeysUnavailable, TokenRefused, new_jti

__all__ = ["KeysUnavailable", "Ticket", "TokenRefused", "new_jti"]

TICKET_TYPE = "kv-ticket+jwt"
ASSERTION_TYPE = "kv-assertion+jwt"
REPORT_TYPE = "kv-report+jwt"
ISSUER = "facelogin"
ACCOUNTS = "accounts"
ASSERTION_LIFE_SECONDS = 60
REPORT_LIFE_SECONDS = 600  # signed anew for every try to deliver it


@dataclass(frozen=True)
class Ticket:
    """What accounts lets one caller do once.

    `session_hash` and `nonce` are empty where the purpose has none; `cohort_consent` comes with
    `enrol` only.
    """

    user_id: uuid.UUID
    jti: str
    purpose: str
    session_hash: str
    nonce: str
    issued_at: datetime
    expires_at: datetime
    cohort_consent: bool = False


@cache
def signer() -> tokens.Signer:
    """Return this process's signer; the key file is read once."""
    return tokens.Signer(ISSUER, read_signing_keys(settings.FACELOGIN_SIGNING_KEY_FILE))


def read_ticket(token: str, *purposes: str) -> Ticket:
    """Read a ticket for one of these purposes; it is not spent yet.

    Raises
    ------
    TokenRefused
        If it is none, or not valid now.
    KeysUnavailable
        If accounts' keys cannot be read.
    """
    url = f"{settings.ACCOUNTS_URL}/auth/.well-known/jwks.json"
    claims = tokens.read(
        token,
        tokens.remote_keys(url),
        typ=TICKET_TYPE,
        issuer=ACCOUNTS,
        audience=ISSUER,
        # The one kind that does nothing without it.
        required=("purpose", "sid") if purposes == ("revoke",) else ("purpose",),
    )
    if claims["purpose"] not in purposes:
        raise TokenRefused("wrong purpose")
    try:
        user_id = uuid.UUID(claims["sub"])
    except ValueError:
        raise TokenRefused("sub is no user id") from None
    return Ticket(
        user_id=user_id,
        jti=claims["jti"],
        purpose=claims["purpose"],
        session_hash=str(claims.get("sid", "")),
        nonce=str(claims.get("nonce", "")),
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        cohort_consent=claims["purpose"] == "enrol" and claims.get("cohort_consent") is True,
    )


def sign_assertion(ticket: Ticket, outcome: str, engine: str, *, jti: str) -> str:
    """Return facelogin's word on the attempt that this ticket opened, good once for a minute."""
    return signer().sign(
        {
            "sub": str(ticket.user_id),
            "jti": jti,
            "nonce": ticket.jti,
            "outcome": outcome,
            "engine": engine,
        },
        typ=ASSERTION_TYPE,
        audience=ACCOUNTS,
        life_seconds=ASSERTION_LIFE_SECONDS,
    )


def sign_report(claims: Mapping[str, Any]) -> str:
    """Return facelogin's word on how an attempt ended; the claims are the contract's own."""
    return signer().sign(
        dict(claims), typ=REPORT_TYPE, audience=ACCOUNTS, life_seconds=REPORT_LIFE_SECONDS
    )
