"""Writes `tokens/vectors.json`: tokens that a reader must take or refuse, signed with known keys.

Development only. `python -m kubevision.contracts.vectors` writes the file again; Ed25519 signatures
are deterministic, so a test compares it byte by byte.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kubevision.tokens import public_jwk

FILE = Path(__file__).with_name("tokens") / "vectors.json"
NOW = 1_795_435_200  # 2026-11-23T12:00:00Z: the moment at which the verdicts hold
ADA = "0b7f3ad2-8c1e-4f0a-9d55-6f3f2f1c9a10"
TICKET_JTI, JTI = "dGlja2V0LW9mLWFkYS0xMjM", "YXNzZXJ0aW9uLW9mLWFkYS0x"
LIVES = {"ticket": 120, "assertion": 60, "report": 600}  # seconds

Token = dict[str, Any]


def key(name: str) -> Ed25519PrivateKey:
    """Return a key that everybody knows: its seed is the SHA-256 of its name. Never use it."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


KEYS = {"accounts": key("accounts example"), "facelogin": key("facelogin example")}


def _encoded(value: bytes | Token) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def header(kind: str) -> Token:
    """Return the header of a good token."""
    issuer = "accounts" if kind == "ticket" else "facelogin"
    kid = public_jwk(KEYS[issuer].public_key())["kid"]
    return {"typ": f"kv-{kind}+jwt", "alg": "EdDSA", "kid": kid}


def claims(kind: str) -> Token:
    """Return the claims of a good token."""
    issuer, audience = ("accounts", "facelogin") if kind == "ticket" else ("facelogin", "accounts")
    own: dict[str, Token] = {
        "ticket": {"purpose": "verify", "sid": hashlib.sha256(b"session").hexdigest()},
        "assertion": {"outcome": "match", "nonce": TICKET_JTI, "engine": "lbph"},
        "report": {
            "outcome": "non_match",
            "nonce": TICKET_JTI,
            "accepted_frames": 12,
            "reasons": [],
            "engine": "lbph",
            "duration_ms": 3200,
        },
    }
    jti = TICKET_JTI if kind == "ticket" else JTI
    times = {"iat": NOW, "exp": NOW + LIVES[kind]}
    return {"iss": issuer, "aud": audience, "sub": ADA, "jti": jti, **times, **own[kind]}


def signed(head: Token, body: bytes | Token, signer: Ed25519PrivateKey) -> str:
    """Return a compact JWS."""
    signing_input = f"{_encoded(head)}.{_encoded(body)}"
    return f"{signing_input}.{_encoded(signer.sign(signing_input.encode()))}"


def good(kind: str) -> str:
    """Return a token that its reader takes at NOW."""
    return signed(header(kind), claims(kind), KEYS[claims(kind)["iss"]])


def _refused(kind: str) -> dict[str, str]:
    head, body = header(kind), claims(kind)
    issuer, stranger = KEYS[body["iss"]], key("stranger")
    public = issuer.public_key().public_bytes_raw()
    unsigned = f"{_encoded(head | {'alg': 'none'})}.{_encoded(body)}"
    hmac_input = f"{_encoded(head | {'alg': 'HS256'})}.{_encoded(body)}"
    hmac_tag = hmac.digest(public, hmac_input.encode(), "sha256")
    doubled = json.dumps(body)[:-1].encode() + b', "sub": "somebody else"}'
    other = {"ticket": "assertion", "assertion": "report", "report": "ticket"}[kind]
    return {
        "alg none": f"{unsigned}.",
        "alg none with the signature of the good one": f"{unsigned}.{good(kind).split('.')[2]}",
        "HS256 with the public key": f"{hmac_input}.{_encoded(hmac_tag)}",
        "signed by a stranger": signed(head, body, stranger),
        "the stranger's key embedded": signed(
            head | {"jwk": public_jwk(stranger.public_key())}, body, stranger
        ),
        "the stranger's key by address": signed(
            head | {"jku": "https://example.org/jwks.json"}, body, stranger
        ),
        "unknown kid": signed(head | {"kid": "A" * 43}, body, issuer),
        "a path as kid": signed(head | {"kid": "../../keys/secret.key"}, body, issuer),
        "a query as kid": signed(head | {"kid": "x' or '1'='1"}, body, issuer),
        "no kid": signed({k: v for k, v in head.items() if k != "kid"}, body, issuer),
        "another kind of token": signed(head | {"typ": f"kv-{other}+jwt"}, body, issuer),
        "a plain JWT": signed(head | {"typ": "JWT"}, body, issuer),
        "expired": signed(head, body | {"iat": NOW - 900, "exp": NOW - 6}, issuer),
        "from the future": signed(head, body | {"iat": NOW + 60, "exp": NOW + 120}, issuer),
        "another issuer": signed(head, body | {"iss": "dashboard"}, issuer),
        "another audience": signed(head, body | {"aud": "dashboard"}, issuer),
        "our audience among others": signed(head, body | {"aud": [body["aud"], "x"]}, issuer),
        "no subject": signed(head, {k: v for k, v in body.items() if k != "sub"}, issuer),
        "no end": signed(head, {k: v for k, v in body.items() if k != "exp"}, issuer),
        "a claim of ten kilobytes": signed(head, body | {"sid": "f" * 10_240}, issuer),
        "a claim twice": signed(head, doubled, issuer),
        "claims that are a list": signed(head, json.dumps([body]).encode(), issuer),
        "signature cut short": good(kind)[:-4],
        "one bit of the claims changed": _with_changed_claims(good(kind)),
        "no token": "",
        "two parts": ".".join(good(kind).split(".")[:2]),
    }


def _with_changed_claims(token: str) -> str:
    head, body, signature = token.split(".")
    changed = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).replace(b"lbph", b"lbpi")
    changed = changed.replace(b'"verify"', b'"verifz"')
    return f"{head}.{_encoded(changed)}.{signature}"


def document() -> dict[str, Any]:
    """Return all vectors."""
    lending = claims("ticket") | {"purpose": "enrol", "cohort_consent": True}
    return {
        "description": (
            "At `now` a reader that trusts `jwks` of the issuer takes each token of `valid` and "
            "refuses each of `refused`. The keys are made from the SHA-256 of their names and "
            "worth nothing."
        ),
        "now": NOW,
        "leeway_seconds": 5,
        "jwks": {
            name: {"keys": [public_jwk(private.public_key())]} for name, private in KEYS.items()
        },
        "valid": [
            *(
                {"kind": kind, "token": good(kind), "header": header(kind), "claims": claims(kind)}
                for kind in LIVES
            ),
            {
                "kind": "ticket",
                "token": signed(header("ticket"), lending, KEYS["accounts"]),
                "header": header("ticket"),
                "claims": lending,
            },
        ],
        "refused": [
            {"kind": kind, "why": why, "token": token}
            for kind in LIVES
            for why, token in _refused(kind).items()
        ],
    }


def as_text() -> str:
    """Return the file's content."""
    return json.dumps(document(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_text())
