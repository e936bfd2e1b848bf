"""What facelogin keeps: encrypted references, spent tickets, who is before the camera now."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from facelogin import lives
from kubevision.backups import models as backups
from kubevision.expiry import ExpiryIndex
from kubevision.tokens import MAX_CLAIM_CHARACTERS

# Lengths of columns in characters.
HASH_CHARACTERS = 64  # SHA-256 in hexadecimal
ASSERTION_ID_CHARACTERS = 64  # our own token ids have 22
ENGINE_CHARACTERS = 32  # names of engines are ours: "lbph"
KEY_ID_CHARACTERS = 16  # 8 bytes in hexadecimal


class Person(models.Model):
    """Somebody with references: their own key, wrapped, and which reference counts.

    `current_reference` is one column of one row, so that replacing a reference is one write.
    """

    user_id = models.UUIDField(primary_key=True)
    wrapped_key = models.BinaryField()
    current_reference = models.UUIDField(null=True, db_index=True)

    def __str__(self) -> str:
        return str(self.user_id)


class Reference(models.Model):
    """One stored reference, as ciphertext only; pending until accounts activates it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user_id = models.UUIDField(db_index=True)
    engine = models.CharField(max_length=ENGINE_CHARACTERS)
    # Its owner lets it stand for "somebody else" when other people's faces are judged.
    cohort_consent = models.BooleanField(default=False)
    samples = models.PositiveSmallIntegerField()
    ciphertext = models.BinaryField()
    # The enrolment's assertion; accounts names it to activate this reference.
    assertion_jti = models.CharField(max_length=ASSERTION_ID_CHARACTERS, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    # It counts, and what it replaced is gone. Housekeeping looks at the others only, which are few.
    is_settled = models.BooleanField(default=False)

    class Meta:
        # A cohort is a short stretch of this index, however many people are enrolled.
        indexes: ClassVar = [
            models.Index(fields=["cohort_consent", "engine", "id"]),
            models.Index(fields=["engine"]),
            models.Index(fields=["is_settled", "created_at"]),
            ExpiryIndex("expires_at", after=lives.NO_LONGER, name="reference_expiry"),
        ]

    def __str__(self) -> str:
        return f"reference {self.id} of {self.user_id}"


class Extension(models.Model):
    """A short capture in another light, as ciphertext only; it adds to one reference.

    It counts beside the reference that it names, as long as that one is current: whoever enrols
    anew has dropped it in the same write.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user_id = models.UUIDField(db_index=True)
    extends = models.UUIDField()
    engine = models.CharField(max_length=ENGINE_CHARACTERS)
    samples = models.PositiveSmallIntegerField()
    ciphertext = models.BinaryField()
    # Accounts names it to activate this extension, and to remove it.
    assertion_jti = models.CharField(max_length=ASSERTION_ID_CHARACTERS, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    added_at = models.DateTimeField(null=True)  # pending until then
    expires_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["added_at", "created_at"]),
            ExpiryIndex("expires_at", after=lives.NO_LONGER, name="extension_expiry"),
        ]

    def __str__(self) -> str:
        return f"extension {self.id} of {self.user_id}"


class SpentTicket(models.Model):
    """A ticket that was used; inserting it a second time fails, and that is the check."""

    jti = models.CharField(max_length=MAX_CLAIM_CHARACTERS, primary_key=True)
    expires_at = models.DateTimeField()
    # What accounts must still be told of the attempt this ticket opened, and when to try next. In
    # the row of the ticket, so that spending and owing a report are one write.
    report = models.JSONField(null=True)
    report_due_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        indexes: ClassVar = [
            ExpiryIndex("expires_at", after=lives.REPORT, name="spent_ticket_expiry")
        ]

    def __str__(self) -> str:
        return self.jti


class OpenAttempt(models.Model):
    """The one attempt a person may have running; a newer one takes the row over."""

    user_id = models.UUIDField(primary_key=True)
    attempt_id = models.UUIDField()
    session_hash = models.CharField(max_length=HASH_CHARACTERS)
    started_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["session_hash"]),
            ExpiryIndex("started_at", after=lives.ATTEMPT, name="attempt_expiry"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.attempt_id} of {self.user_id}"


class EndedSession(models.Model):
    """A session that accounts ended, for as long as a ticket of it may still come."""

    session_hash = models.CharField(max_length=HASH_CHARACTERS, primary_key=True)
    ended_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            ExpiryIndex("ended_at", after=lives.ENDED_SESSION, name="ended_session_expiry")
        ]

    def __str__(self) -> str:
        return f"session ended at {self.ended_at:%Y-%m-%d %H:%M}"


class TemplateKey(models.Model):
    """When a service key was first seen in use; by its id, which tells nothing of the key."""

    key_id = models.CharField(max_length=KEY_ID_CHARACTERS, primary_key=True)
    first_seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"service key {self.key_id}"


class Tombstone(backups.Tombstone):
    """A face or a light that is erased."""


class Restore(backups.Restore):
    """A backup of facelogin's that was put back."""
