"""Keeps references as AES-GCM ciphertext: a key per person, wrapped by the service's key.

The service key is read from TEMPLATE_KEY_FILE, newest first. What a text belongs to is bound in as
associated data, so a row moved to another person or another reference does not open.
"""

import hashlib
import secrets
import uuid
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from kubevision.keys import TEMPLATE_KEY_BYTES, read_template_keys

NONCE_BYTES = 12  # the length AES-GCM is defined for
KEY_ID_BYTES = 8


class CannotOpen(Exception):  # noqa: N818  (an outcome)
    """The ciphertext, its place or its key does not fit."""


@cache
def _service_keys() -> dict[bytes, AESGCM]:
    """Return the service keys by id, newest first."""
    keys = read_template_keys(settings.FACELOGIN_TEMPLATE_KEY_FILE)
    return {hashlib.sha256(key).digest()[:KEY_ID_BYTES]: AESGCM(key) for key in keys}


def _seal(key: AESGCM, plaintext: bytes, place: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + key.encrypt(nonce, plaintext, place)


def _open(key: AESGCM, sealed: bytes, place: bytes) -> bytes:
    try:
        return key.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place)
    except (InvalidTag, ValueError):
        raise CannotOpen from None


def _person_place(user_id: uuid.UUID) -> bytes:
    return b"person " + user_id.bytes


def new_wrapped_key(user_id: uuid.UUID) -> bytes:
    """Return a fresh key for one person, wrapped by the newest service key."""
    key_id, service_key = next(iter(_service_keys().items()))
    person_key = secrets.token_bytes(TEMPLATE_KEY_BYTES)
    return key_id + _seal(service_key, person_key, _person_place(user_id))


def _unwrap(wrapped_key: bytes, user_id: uuid.UUID) -> AESGCM:
    service_key = _service_keys().get(wrapped_key[:KEY_ID_BYTES])
    if service_key is None:
        raise CannotOpen
    return AESGCM(_open(service_key, wrapped_key[KEY_ID_BYTES:], _person_place(user_id)))


def _reference_place(
    user_id: uuid.UUID, reference_id: uuid.UUID, engine: str, extends: uuid.UUID | None
) -> bytes:
    kind = b"reference " if extends is None else b"extension of " + extends.bytes
    return kind + user_id.bytes + reference_id.bytes + engine.encode()


def seal_reference(
    plaintext: bytes,
    wrapped_key: bytes,
    *,
    user_id: uuid.UUID,
    reference_id: uuid.UUID,
    engine: str,
    extends: uuid.UUID | None = None,
) -> bytes:
    """Return a reference as ciphertext that opens for this person, row and engine only.

    `extends`: it is an extension, and opens only as one of the reference with this id.

    Raises
    ------
    CannotOpen
        If the wrapped key is not this person's, or its service key is gone.
    """
    place = _reference_place(user_id, reference_id, engine, extends)
    return _seal(_unwrap(wrapped_key, user_id), plaintext, place)


def open_reference(
    ciphertext: bytes,
    wrapped_key: bytes,
    *,
    user_id: uuid.UUID,
    reference_id: uuid.UUID,
    engine: str,
    extends: uuid.UUID | None = None,
) -> bytes:
    """Return the plaintext of `seal_reference`.

    Raises
    ------
    CannotOpen
        If anything about it is not as it was sealed.
    """
    place = _reference_place(user_id, reference_id, engine, extends)
    return _open(_unwrap(wrapped_key, user_id), ciphertext, place)
