"""Having faces erased at facelogin: owed until it is done, however long facelogin is away."""

import logging
import uuid

from django.conf import settings

from accounts import clients, tombstones
from accounts.models import FaceExtension, FaceFactor, OwedErasure, User
from accounts.refusals import Refused

logger = logging.getLogger(__name__)

RETRY_FACELOGIN_SECONDS = 5


def remove_face(user: User) -> None:
    """Let a person's face count no more, and have it erased now or as soon as facelogin is there.

    Owed before anything else is written: whoever dies here leaves a face that housekeeping removes,
    never one that nobody will.
    """
    tombstones.put(tombstones.Kind.FACE, user.pk)
    OwedErasure.objects.get_or_create(user_id=user.pk)
    if not _pay(user.pk):
        logger.warning("facelogin is away; the face of %s is erased later", user.pk)


def settle(user: User) -> None:
    """Have what is owed to a person erased before a new face is enrolled.

    Raises
    ------
    Refused
        facelogin_unavailable.
    """
    if OwedErasure.objects.filter(user_id=user.pk).exists() and not _pay(user.pk):
        raise Refused("facelogin_unavailable", retry_after=RETRY_FACELOGIN_SECONDS)


def pay_all() -> int:
    """Ask facelogin for all that is owed, until it does not answer; return how many it did."""
    paid = 0
    for user_id in OwedErasure.objects.order_by("asked_at").values_list("user_id", flat=True):
        if not _pay(user_id):
            break
        paid += 1
    return paid


def _pay(user_id: uuid.UUID) -> bool:
    FaceFactor.objects.filter(user_id=user_id).delete()
    FaceExtension.objects.filter(user_id=user_id).delete()
    if not settings.FACELOGIN_URL:
        return False
    try:
        clients.erase(user_id)
    except clients.FaceloginUnavailable:
        return False
    OwedErasure.objects.filter(user_id=user_id).delete()
    return True
