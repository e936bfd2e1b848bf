"""Codes that people type: recovery codes, and those of an administrator."""

import secrets

from accounts.tokens import fingerprint

# Crockford's base 32: no I, L, O, U to misread. 16 characters are 80 random bits, so a stolen
# table of plain SHA-256 hashes cannot be searched.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHARACTERS = 16
GROUP = 4
MAX_TYPED_CHARACTERS = 64

_MISREAD = str.maketrans("OIL", "011")


def normalise(typed: str) -> str:
    """Return a typed code without case, spaces and dashes, with misread letters mended."""
    kept = "".join(c for c in typed[:MAX_TYPED_CHARACTERS].upper() if c.isalnum())
    return kept.translate(_MISREAD)


def hash_of(purpose: str, typed: str) -> str:
    """Return the hash that a code for this purpose is kept and found by."""
    return fingerprint(f"{purpose} {normalise(typed)}")


def new() -> str:
    """Return a fresh random code, as people read it."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS))
    return "-".join(letters[i : i + GROUP] for i in range(0, CHARACTERS, GROUP))
