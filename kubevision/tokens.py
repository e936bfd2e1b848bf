"""JWTs between services: Ed25519 only, read as RFC 8725 says.

Tokens are given and taken as text; what a token may do is the business of the room that reads it.
"""

import base64
import hashlib
import json
import logging
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kubevision import connections, strict_json

logger = logging.getLogger(__name__)

LEEWAY_SECONDS = 5
MAX_TOKEN_CHARACTERS = 4096  # ours have about 600; longer ones are refused unread
MAX_CLAIM_CHARACTERS = (
    128  # ids, names and hashes have at most 64; the column of spent ones has 128
)
UNKNOWN_KEY_REFETCH_SECONDS = 10.0  # a flood of made-up kids causes one fetch in this time
FAILED_REFETCH_SECONDS = 2.0  # with no keys at all: soon, but not for every caller anew
KEYS_FRESH_SECONDS = 300.0  # a key its service no longer publishes is forgotten after this
KEYS_TIMEOUT_SECONDS = 3.0

Claims = dict[str, Any]


class TokenRefused(Exception):  # noqa: N818  (an outcome, named as the contract names it)
    """The token is not one to act on; the message says why, for the log only."""


class KeysUnavailable(Exception):  # noqa: N818  (an outcome, named as the contract names it)
    """The other service's public keys could not be fetched and none are cached."""


def new_jti() -> str:
    """Return a token id of 128 random bits."""
    return secrets.token_urlsafe(16)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """Return the key as a JWK whose kid is its RFC 7638 thumbprint."""
    required = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(key.public_bytes_raw())}
    canonical = json.dumps(required, sort_keys=True, separators=(",", ":")).encode()
    kid = _base64url(hashlib.sha256(canonical).digest())
    return {**required, "alg": "EdDSA", "use": "sig", "kid": kid}


@dataclass(frozen=True)
class Signer:
    """Signs with the newest of a service's keys and publishes all of them."""

    issuer: str
    keys: Sequence[Ed25519PrivateKey]

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public keys as a JWK set (RFC 7517)."""
        return {"keys": [public_jwk(key.public_key()) for key in self.keys]}

    def sign(self, claims: Claims, *, typ: str, audience: str, life_seconds: int) -> str:
        """Return a signed token; issuer, times and, if absent, a fresh jti are filled in."""
        now = int(time.time())
        newest = self.keys[0]
        return jwt.encode(
            {
                "jti": new_jti(),
                **claims,
                "iss": self.issuer,
                "aud": audience,
                "iat": now,
                "exp": now + life_seconds,
            },
            newest,
            algorithm="EdDSA",
            headers={"typ": typ, "kid": public_jwk(newest.public_key())["kid"]},
        )


class RemoteKeys:
    """Another service's public keys, fetched from its JWKS and kept in this process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched_at = float("-inf")  # monotonic seconds of the last attempt
        self._lock = threading.Lock()

    def get(self, kid: str) -> Ed25519PublicKey:
        """Return a public key.

        Raises
        ------
        TokenRefused
            If the service publishes no such key.
        KeysUnavailable
            If it cannot be asked and nothing is cached.
        """
        if self._is_due(kid):
            # One caller fetches; whoever waits for it does not ask again. A known key that is still
            # fresh never comes here, so a service that hangs holds up only what needs its answer.
            with self._lock:
                if self._is_due(kid):
                    self._fetch()
        keys = self._keys
        if kid in keys:
            return keys[kid]
        if not keys:
            raise KeysUnavailable(f"no keys could be read from {self.url}")
        raise TokenRefused("unknown kid")

    def _is_due(self, kid: str) -> bool:
        age = time.monotonic() - self._fetched_at
        if not self._keys:
            return age > FAILED_REFETCH_SECONDS
        return age > KEYS_FRESH_SECONDS or (
            kid not in self._keys and age > UNKNOWN_KEY_REFETCH_SECONDS
        )

    def _fetch(self) -> None:
        try:
            answer = connections.client().get(self.url, timeout=KEYS_TIMEOUT_SECONDS)
            answer.raise_for_status()
            self._keys = dict(_read_jwk(jwk) for jwk in answer.json()["keys"])
        except (httpx.HTTPError, KeyError, TypeError, ValueError, UnsupportedAlgorithm) as error:
            # The old keys go on serving: a service that restarts must not stop sign-ins.
            logger.warning("keys of %s could not be fetched: %s", self.url, error)
        self._fetched_at = time.monotonic()


def _read_jwk(jwk: dict[str, str]) -> tuple[str, Ed25519PublicKey]:
    if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
        raise ValueError("not an Ed25519 key")
    x = jwk["x"]
    raw = base64.urlsafe_b64decode(x + "=" * (-len(x) % 4))
    return jwk["kid"], Ed25519PublicKey.from_public_bytes(raw)


@cache
def remote_keys(url: str) -> RemoteKeys:
    """Return this process's one cache for a JWKS address."""
    return RemoteKeys(url)


def _segment(token: str, index: int) -> dict[str, Any]:
    text = token.split(".")[index]
    parsed = strict_json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
    if not isinstance(parsed, dict):
        raise ValueError("not an object")
    return parsed


def _is_short_text(claim: object) -> bool:
    """Say whether a claim can go into a database column and a log line."""
    return (
        isinstance(claim, str)
        and 0 < len(claim) <= MAX_CLAIM_CHARACTERS
        and claim.isascii()
        and claim.isprintable()
    )


def read(
    token: str,
    keys: RemoteKeys,
    *,
    typ: str,
    issuer: str,
    audience: str,
    required: Sequence[str] = (),
) -> Claims:
    """Return the claims of a token that another service signed for us.

    Parameters
    ----------
    token : str
        A compact JWS.
    keys : RemoteKeys
        The issuer's public keys. Header hints (jku, jwk, x5u) are never followed.
    typ, issuer, audience : str
        What the token must say of itself, exactly.
    required : sequence of str
        Own claims that must be there as short printable text, besides sub and jti.

    Raises
    ------
    TokenRefused
        For any token that is not all of this, or not valid now (leeway 5 s).
    KeysUnavailable
        If nothing can be said because the issuer's keys are out of reach.
    """
    if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii() or token.count(".") != 2:
        raise TokenRefused("not a compact token")
    try:
        header = _segment(token, 0)
        claims = _segment(token, 1)
    except ValueError as error:
        raise TokenRefused(f"malformed: {error}") from None
    kid = header.get("kid")
    if header.get("alg") != "EdDSA" or header.get("typ") != typ or not isinstance(kid, str):
        raise TokenRefused("wrong header")
    try:
        jwt.decode(
            token,
            keys.get(kid),
            algorithms=["EdDSA"],
            issuer=issuer,
            audience=audience,
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "aud", "sub", "jti", "iat", "exp"]},
        )
    except jwt.InvalidTokenError as error:
        raise TokenRefused(f"{type(error).__name__}: {error}") from None
    if claims["aud"] != audience:  # a list that holds us among others is not for us
        raise TokenRefused("wrong audience")
    for name in ("sub", "jti", *required):
        if not _is_short_text(claims.get(name)):
            raise TokenRefused(f"claim {name} is missing or no short text")
    return claims
