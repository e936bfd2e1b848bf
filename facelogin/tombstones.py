"""What must stay erased although an old backup still holds it (kubevision.backups)."""

from django.db import models

from facelogin.models import Tombstone
from kubevision.backups import tombstones


class Kind(models.TextChoices):
    """What is remembered, and by what it is named."""

    FACE = "face"  # all of a person, by their id
    LIGHT = "light"  # an extension, by its assertion's id


def put(kind: Kind, key: object) -> None:
    """Remember that something is erased."""
    tombstones.put(Tombstone, kind, key)


def remove_old() -> int:
    """Forget what no backup that may be restored still holds; return how many."""
    return tombstones.remove_old(Tombstone)
