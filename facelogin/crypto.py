"""Keeps references as AES-GCM ciphertext: a key per person, wrapped by the service's key.

The service key is read from TEMPLATE_KEY_FILE, newest first, and read again when the file changes:
it is renewed while people sign in (facelogin.services.key_renewal). What a text belongs to is bound
in as associated data, so a row moved to another person or another reference does not open.
"""

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from kubevision.keys import TEMPLATE_KEY_BYTES, read_template_keys

NONCE_BYTES = 12  # the length AES-GCM is defined for
KEY_ID_BYTES = 8


class CannotOpen(Exception):  # noqa: N818  (an outcome)
    """The ciphertext, its place or its key does not fit."""


@lru_cache(maxsize=1)
def _read_keys(path: Path, _inode: int, _changed_at: int) -> dict[bytes, AESGCM]:
    keys = read_template_keys(path)
    return {hashlib.sha256(key).digest()[:KEY_ID_BYTES]: AESGCM(key) for key in keys}


def service_keys() -> dict[bytes, AESGCM]:
    """Return the service keys of the file as it is now, by id, newest first.

    Who holds on to them can still open what the file's present keys no longer do.

    Raises
    ------
    CannotOpen
        If the file is gone or holds no keys.
    """
    path = settings.FACELOGIN_TEMPLATE_KEY_FILE
    try:
        seen = path.stat()
        return _read_keys(path, seen.st_ino, seen.st_mtime_ns)
    except (OSError, ValueError, ImproperlyConfigured) as error:
        raise CannotOpen(f"the service keys cannot be read: {error}") from error


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
    return _wrap(secrets.token_bytes(TEMPLATE_KEY_BYTES), user_id)


def _wrap(person_key: bytes, user_id: uuid.UUID) -> bytes:
    newest, service_key = next(iter(service_keys().items()))
    return newest + _seal(service_key, person_key, _person_place(user_id))


def _unwrap(
    wrapped_key: bytes, user_id: uuid.UUID, among: Mapping[bytes, AESGCM] | None = None
) -> bytes:
    wrapped_by = wrapped_key[:KEY_ID_BYTES]
    service_key = (service_keys() if among is None else among).get(wrapped_by)
    if service_key is None:
        raise CannotOpen(f"no service key has the id {wrapped_by.hex()}")
    return _open(service_key, wrapped_key[KEY_ID_BYTES:], _person_place(user_id))


def newest_key_id() -> bytes:
    """Return the id of the newest service key; every key that it wraps begins with it."""
    return next(iter(service_keys()))


def has_service_key(wrapped_key: bytes) -> bool:
    """Say whether a service key is there that a person's key was wrapped by."""
    return wrapped_key[:KEY_ID_BYTES] in service_keys()


def rewrap(wrapped_key: bytes, user_id: uuid.UUID, among: Mapping[bytes, AESGCM]) -> bytes:
    """Return a person's key wrapped by the newest service key; what it opens stays as it is.

    `among`: the service keys that may open it now.

    Raises
    ------
    CannotOpen
        If none of them does.
    """
    return _wrap(_unwrap(wrapped_key, user_id, among), user_id)


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
    return _seal(AESGCM(_unwrap(wrapped_key, user_id)), plaintext, place)


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
    return _open(AESGCM(_unwrap(wrapped_key, user_id)), ciphertext, place)
