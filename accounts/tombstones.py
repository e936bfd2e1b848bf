"""What must stay gone although an old backup still holds it (kubevision.backups)."""

from django.db import models

from accounts.models import Tombstone
from kubevision.backups import tombstones


class Kind(models.TextChoices):
    """What is remembered, and by what it is named."""

    FACE = "face"  # by the person's id
    LIGHT = "light"  # by the extension's id
    TOTP = "totp"  # by the person's id
    RECOVERY_CODES = "recovery_codes"  # all a person had, by the person's id
    RECOVERY_CODE = "recovery_code"  # one that was used, by its hash, as are invitations
    INVITATION = "invitation"
    RIGHT_TO_SIGN_IN = "right_to_sign_in"  # by the person's id: locked down since then


def put(kind: Kind, *keys: object) -> None:
    """Remember that these are gone.

    Before they go: whoever dies in between has taken away what was to go in any case, from a backup
    that somebody may restore.
    """
    tombstones.put(Tombstone, kind, *keys)


def remove_old() -> int:
    """Forget what no backup that may be restored still holds; return how many."""
    return tombstones.remove_old(Tombstone)
