"""Extensions: short captures that add another light to a person's reference.

One counts while it is activated, has not expired, is among the newest EXTENSIONS_KEPT, and extends
the reference that is current now. All four are asked when it is read, so dying between any two
writes leaves none that counts too long.
"""

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from facelogin import crypto, lives
from facelogin.models import Extension, Reference
from facelogin.operating_point import MOST_CAPTURES
from facelogin.recognition import Reference as FaceReference

logger = logging.getLogger(__name__)

EXTENSIONS_KEPT = MOST_CAPTURES - 1  # lights beside the first; a fourth replaces the oldest


@dataclass(frozen=True)
class ExtensionStatus:
    """What may be told about one that counts; `id` names it to accounts."""

    id: str
    added_at: datetime
    expires_at: datetime
    samples: int


def store_pending(
    base: Reference, wrapped_key: bytes, capture: FaceReference, assertion_jti: str
) -> None:
    """Keep a finished capture of the reference's own engine until accounts activates it."""
    extension_id = uuid.uuid4()
    ciphertext = crypto.seal_reference(
        capture.to_bytes(),
        wrapped_key,
        user_id=base.user_id,
        reference_id=extension_id,
        engine=capture.engine,
        extends=base.id,
    )
    Extension.objects.create(
        id=extension_id,
        user_id=base.user_id,
        extends=base.id,
        engine=capture.engine,
        samples=len(capture.templates),
        ciphertext=ciphertext,
        assertion_jti=assertion_jti,
        expires_at=min(timezone.now() + lives.EXTENSION, base.expires_at),
    )


def activate(base: Reference, assertion_jti: str) -> bool:
    """Let a pending extension count; True also if it does already."""
    own = Extension.objects.filter(
        user_id=base.user_id, extends=base.id, assertion_jti=assertion_jti
    )
    oldest_pending = timezone.now() - lives.PENDING
    own.filter(added_at=None, created_at__gt=oldest_pending).update(added_at=timezone.now())
    if not own.exclude(added_at=None).exists():
        return False
    kept = _counting(base)
    if len(kept) == EXTENSIONS_KEPT:
        Extension.objects.filter(extends=base.id, added_at__lt=kept[-1].added_at).delete()
    return True


def _counting(base: Reference) -> list[Extension]:
    """Return the rows that count beside a current reference, the newest first."""
    rows = Extension.objects.filter(
        user_id=base.user_id, extends=base.id, expires_at__gt=timezone.now()
    )
    return list(rows.exclude(added_at=None).order_by("-added_at", "id")[:EXTENSIONS_KEPT])


def references(base: Reference, wrapped_key: bytes) -> list[FaceReference]:
    """Return the captures that count beside a current reference, decrypted into memory.

    One that does not open is left out: the person is compared with the other lights.
    """
    opened = []
    for row in _counting(base):
        try:
            plaintext = crypto.open_reference(
                bytes(row.ciphertext),
                wrapped_key,
                user_id=row.user_id,
                reference_id=row.id,
                engine=row.engine,
                extends=base.id,
            )
            opened.append(FaceReference.from_bytes(plaintext))
        except (crypto.CannotOpen, ValueError):
            logger.error(
                "the extension %s of %s does not open; it is left out", row.id, row.user_id
            )
    return opened


def statuses(base: Reference) -> list[ExtensionStatus]:
    """Return what may be told about those that count, the newest first."""
    return [
        ExtensionStatus(row.assertion_jti, row.added_at, row.expires_at, row.samples)
        for row in _counting(base)
        if row.added_at is not None
    ]


def remove(user_id: uuid.UUID, assertion_jti: str) -> None:
    """Undo one, activated or not; nothing happens if there is none."""
    Extension.objects.filter(user_id=user_id, assertion_jti=assertion_jti).delete()


def remove_all(user_id: uuid.UUID) -> None:
    """Remove all of a person's extensions."""
    Extension.objects.filter(user_id=user_id).delete()


def drop_of_others(base: Reference) -> None:
    """Remove a person's extensions of any other reference than this one."""
    Extension.objects.filter(user_id=base.user_id).exclude(extends=base.id).delete()


def drop_of(base: Reference) -> None:
    """Remove the extensions of a reference that is about to be removed."""
    Extension.objects.filter(user_id=base.user_id, extends=base.id).delete()


def remove_expired() -> int:
    """Delete those that cannot count any more; return how many."""
    now = timezone.now()
    never_activated = Q(added_at=None, created_at__lt=now - lives.PENDING)
    return Extension.objects.filter(Q(expires_at__lte=now) | never_activated).delete()[0]
