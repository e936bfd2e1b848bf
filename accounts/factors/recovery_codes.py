"""Ten codes, each good once, that stand in when the camera cannot."""

import secrets

from django.utils import timezone

from accounts.models import RecoveryCode, User
from accounts.tokens import fingerprint

COUNT = 10
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


def _hash(typed: str) -> str:
    return fingerprint(f"recovery code {normalise(typed)}")


def _new_code() -> str:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS))
    return "-".join(letters[i : i + GROUP] for i in range(0, CHARACTERS, GROUP))


def replace(user: User, *, proves_beside_face: bool) -> list[str]:
    """Make ten new codes, then let the old ones die; return the new ones, readable only now.

    `proves_beside_face`: whether more than the face stands behind their making.

    In this order a process that dies in between leaves the person more codes, never none.
    """
    old = list(RecoveryCode.objects.filter(user=user).values_list("pk", flat=True))
    codes = [_new_code() for _ in range(COUNT)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, code_hash=_hash(code), proves_beside_face=proves_beside_face)
        for code in codes
    )
    RecoveryCode.objects.filter(pk__in=old).delete()
    return codes


def spend(user: User, typed: str) -> RecoveryCode | None:
    """Use a code up and return it; None if it is none of this person's unused ones.

    One conditional update: of two at once only one finds it unused.
    """
    own = RecoveryCode.objects.filter(user=user, code_hash=_hash(typed))
    if not own.filter(used_at=None).update(used_at=timezone.now()):
        return None
    return own.get()
