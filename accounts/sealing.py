"""Secrets that accounts must read again, sealed for their owner's row by keys of SECRET_KEY_FILE.

An authenticator app's secret cannot be kept as a hash. Sealed, a copy of the database alone makes
no codes, and a secret moved into another person's row opens nothing.
"""

import base64
import secrets
import uuid
from collections.abc import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

NONCE_BYTES = 12  # AES-GCM's own length
KEY_BYTES = 32


class CannotOpen(Exception):  # noqa: N818  (an outcome)
    """None of the present keys opens it: the key it was sealed with is gone, or it was changed."""


def _keys() -> Iterator[AESGCM]:
    """Give the newest key first."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"kubevision accounts sealing")
        yield AESGCM(derived.derive(force_bytes(key)))


def seal(secret: bytes, owner: uuid.UUID) -> str:
    """Return a secret sealed for one person, as text."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = next(_keys()).encrypt(nonce, secret, owner.bytes)
    return base64.b64encode(nonce + sealed).decode()


def open_sealed(sealed: str, owner: uuid.UUID) -> bytes:
    """Return what was sealed for this person.

    Raises
    ------
    CannotOpen
        If no key opens it.
    """
    data = base64.b64decode(sealed)
    for key in _keys():
        try:
            return key.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], owner.bytes)
        except InvalidTag:
            continue
    raise CannotOpen
