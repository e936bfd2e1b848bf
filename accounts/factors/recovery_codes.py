"""Ten codes, each good once, that stand in when the camera cannot."""

from django.utils import timezone

from accounts import codes
from accounts.models import RecoveryCode, User

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
    RecoveryCode.objects.filter(pk__in=old).delete()
    return new


def spend(user: User, typed: str) -> RecoveryCode | None:
    """Use a code up and return it; None if it is none of this person's unused ones.

    One conditional update: of two at once only one finds it unused.
    """
    own = RecoveryCode.objects.filter(user=user, code_hash=codes.hash_of(_PURPOSE, typed))
    if not own.filter(used_at=None).update(used_at=timezone.now()):
        return None
    return own.get()
