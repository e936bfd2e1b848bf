"""Tokens of accounts: opaque ones kept as hashes, tickets it signs, assertions it reads."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings

from kubevision import tokens
from kubevision.keys import read_signing_keys
from kubevision.tokens import KeysUnavailable, TokenRefused

__all__ = ["Assertion", "KeysUnavailable", "Report", "TokenRefused"]

TICKET_TYPE = "kv-ticket+jwt"
ASSERTION_TYPE = "kv-assertion+jwt"
REPORT_TYPE = "kv-report+jwt"
ISSUER = "accounts"
FACELOGIN = "facelogin"
TICKET_LIFE_SECONDS = 120
OPAQUE_TOKEN_BYTES = 32  # 256 random bits; the contract asks for 128 or more


def new_opaque_token() -> str:
    """Return a fresh random token for a session or a pass."""
    return secrets.token_urlsafe(OPAQUE_TOKEN_BYTES)


def fingerprint(secret: str) -> str:
    """Return the hash a random token is kept and found by.

    A plain hash is enough: the token has 256 random bits, so there is nothing to guess.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def session_hash(session_id: uuid.UUID) -> str:
    """Return what facelogin knows a session by: stable while its token is renewed."""
    return fingerprint(f"session {session_id}")


@cache
def signer() -> tokens.Signer:
    """Return this process's signer; the key file is read once."""
    return tokens.Signer(ISSUER, read_signing_keys(settings.ACCOUNTS_SIGNING_KEY_FILE))


def sign_ticket(user_id: uuid.UUID, purpose: str, *, jti: str, **claims: Any) -> str:
    """Return a ticket for facelogin, good once and for two minutes."""
    return signer().sign(
        {"sub": str(user_id), "purpose": purpose, "jti": jti, **claims},
        typ=TICKET_TYPE,
        audience=FACELOGIN,
        life_seconds=TICKET_LIFE_SECONDS,
    )


@dataclass(frozen=True)
class Assertion:
    """What facelogin says of one attempt.

    `nonce` is the jti of the ticket it answers, `expires_at` seconds since 1970.
    """

    user_id: str
    jti: str
    nonce: str
    outcome: str
    engine: str
    expires_at: int


def _read(token: str, typ: str, *required: str) -> dict[str, Any]:
    url = f"{settings.FACELOGIN_URL}/face/.well-known/jwks.json"
    return tokens.read(
        token,
        tokens.remote_keys(url),
        typ=typ,
        issuer=FACELOGIN,
        audience=ISSUER,
        required=required,
    )


def read_assertion(token: str) -> Assertion:
    """Read an assertion that facelogin signed.

    Raises
    ------
    TokenRefused
        If it is not one, or not valid now.
    KeysUnavailable
        If facelogin's keys cannot be read.
    """
    claims = _read(token, ASSERTION_TYPE, "outcome", "nonce", "engine")
    return Assertion(
        user_id=claims["sub"],
        jti=claims["jti"],
        nonce=claims["nonce"],
        outcome=claims["outcome"],
        engine=claims["engine"],
        expires_at=int(claims["exp"]),
    )


@dataclass(frozen=True)
class Report:
    """How an attempt ended, as facelogin tells it.

    `nonce` is the jti of the attempt's ticket, `outcome` a result, an error's code or
    `not_started`.
    """

    user_id: str
    nonce: str
    outcome: str
    accepted_frames: int
    reasons: list[str]


def read_report(token: str) -> Report:
    """Read a report that facelogin signed.

    Raises
    ------
    TokenRefused
        If it is not one, or not valid now.
    KeysUnavailable
        If facelogin's keys cannot be read.
    """
    claims = _read(token, REPORT_TYPE, "outcome", "nonce")
    accepted_frames, reasons = claims.get("accepted_frames"), claims.get("reasons")
    if type(accepted_frames) is not int or not isinstance(reasons, list):
        raise TokenRefused("accepted_frames or reasons is missing")
    return Report(
        user_id=claims["sub"],
        nonce=claims["nonce"],
        outcome=claims["outcome"],
        accepted_frames=accepted_frames,
        reasons=[str(reason) for reason in reasons],
    )
