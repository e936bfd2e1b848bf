"""What a room with backups keeps beside its own rows; its own models make the tables."""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

from kubevision.expiry import ExpiryIndex

KIND_CHARACTERS = 16
KEY_CHARACTERS = 64  # a hash in hexadecimal; ids are shorter
SOURCE_CHARACTERS = 255  # a file's name

# How long what is gone is remembered. A backup older than this is refused: nobody knows any more
# what must stay gone of it.
TOMBSTONE_LIFE = timedelta(days=90)


class Tombstone(models.Model):
    """Something that is gone for good, for whoever restores a backup that still holds it.

    It names the thing by its id or its hash and holds nothing of it. It is in no backup, and no
    restore takes it away.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=KIND_CHARACTERS)
    key = models.CharField(max_length=KEY_CHARACTERS)
    # Whatever of this kind and key is older is gone; what was made later is not.
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "key"], name="%(app_label)s_one_tombstone")
        ]
        indexes: ClassVar = [
            ExpiryIndex("at", after=TOMBSTONE_LIFE, name="%(app_label)s_tombstone_expiry")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} gone since {self.at:%Y-%m-%d %H:%M}"


class Restore(models.Model):
    """A backup that was put back, or is being put back: unfinished, the room is not ready."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.CharField(max_length=SOURCE_CHARACTERS)
    made_at = models.DateTimeField()
    begun_at = models.DateTimeField(default=timezone.now)
    # Tokens that were signed before this are good no more: the backup may not know they were spent.
    finished_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"restore of {self.source}"
