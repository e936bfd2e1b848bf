"""What of facelogin a backup holds, and what must not come back with it."""

import uuid
from datetime import datetime

from facelogin import crypto, stores
from facelogin.models import Extension, Person, Reference, Restore, Tombstone
from facelogin.tombstones import Kind
from kubevision.backups.plan import Plan
from kubevision.backups.tombstones import gone_since, in_parts


def settle(made_at: datetime) -> dict[str, int]:
    """Take away what a restored backup of that time holds and must not."""
    return {
        "faces erased since": _erase(made_at),
        "faces that no service key opens any more": _remove_what_does_not_open(),
    }


def _erase(made_at: datetime) -> int:
    removed = 0
    for key, at in gone_since(Tombstone, Kind.FACE, made_at).items():
        user_id = uuid.UUID(key)
        # What was enrolled after the erasure is not what was erased.
        removed += Reference.objects.filter(user_id=user_id, created_at__lte=at).delete()[0]
        Extension.objects.filter(user_id=user_id, created_at__lte=at).delete()
        if not Reference.objects.filter(user_id=user_id).exists():
            Person.objects.filter(user_id=user_id).delete()
    for lights in in_parts(gone_since(Tombstone, Kind.LIGHT, made_at)):
        Extension.objects.filter(assertion_jti__in=lights).delete()
    return removed


def _remove_what_does_not_open() -> int:
    """Remove people whose service key was retired since the backup: their rows are but noise."""
    removed = 0
    for person in stores.people():
        if not crypto.has_service_key(bytes(person.wrapped_key)):
            stores.remove_rows(person.user_id)
            removed += 1
    return removed


PLAN = Plan(
    room="facelogin",
    kept=("facelogin.reference", "facelogin.extension", "facelogin.person"),
    ended=("facelogin.openattempt",),
    staying=(
        *("facelogin.spentticket", "facelogin.endedsession", "facelogin.templatekey"),
        *("facelogin.tombstone", "facelogin.restore"),
    ),
    made_by_migrate=(),
    tombstone=Tombstone,
    restore=Restore,
    settle=settle,
)
