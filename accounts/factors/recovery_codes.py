"""Ten codes, each good once, that stand in when the camera cannot."""

from django.utils import timezone

from accounts import codes, tombstones
from accounts.models import RecoveryCode, User
from accounts.tombstones import Kind

COUNT = 10
_PURPOSE = "recovery code"


def replace(user: User, *, proves_beside_face: bool) -> list[str]:
    """Make ten new codes, then let the old ones die; return the new ones, readable only now.

    `proves_beside_face`: whether more than the face stands behind their making.

    In this order a process that dies in between leaves the person more codes, never none.
    """
    old = list(RecoveryCode.objects.filter(user=user).values_list("pk", flat=True))
    new = [codes.new() for _ in range(COUNT)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(
            user=user,
            code_hash=codes.hash_of(_PURPOSE, code),
            proves_beside_face=proves_beside_face,
        )
        for code in new
    )
    if old:
        tombstones.put(Kind.RECOVERY_CODES, user.pk)
    RecoveryCode.objects.filter(pk__in=old).delete()
    return new


def drop(user: User) -> bool:
    """Remove a person's codes, whoever asks; False if there were none."""
    tombstones.put(Kind.RECOVERY_CODES, user.pk)
    return bool(RecoveryCode.objects.filter(user=user).delete()[0])


def spend(user: User, typed: str) -> RecoveryCode | None:
    """Use a code up and return it; None if it is none of this person's unused ones.

    One conditional update: of two at once only one finds it unused.
    """
    code_hash = codes.hash_of(_PURPOSE, typed)
    own = RecoveryCode.objects.filter(user=user, code_hash=code_hash)
    unused = own.filter(used_at=None)
    if unused.exists():
        tombstones.put(Kind.RECOVERY_CODE, code_hash)
    if not unused.update(used_at=timezone.now()):
        return None
    return own.get()
