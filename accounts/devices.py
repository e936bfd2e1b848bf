"""Browsers that somebody signed in with before; each is worth a counter of its own, no more."""

import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import lives
from accounts.models import Device, User
from accounts.tokens import fingerprint, new_opaque_token

MOST_OF_A_PERSON = 20  # the longest unused go first; people have a few


def known(token: str, user: User | None) -> Device | None:
    """Return the person's device of this token; None for anybody else's."""
    if not token:
        return None
    # Asked for nobody as well: a name that does not exist costs what one costs that does.
    own = Device.objects.filter(user_id=user.pk if user else uuid.UUID(int=0))
    since = timezone.now() - lives.DEVICE
    return own.filter(token_hash=fingerprint(token), seen_at__gt=since).first()


def remember(token: str, user: User) -> str | None:
    """Note that the person signed in with this browser; return a token if it needs one.

    A browser that several people use keeps its token. One that nobody knows is not ours.
    """
    token_hash = fingerprint(token)
    if not (token and Device.objects.filter(token_hash=token_hash).exists()):
        token, is_new = new_opaque_token(), True
        token_hash = fingerprint(token)
    else:
        is_new = False
    own = Device.objects.filter(token_hash=token_hash, user=user)
    if not own.update(seen_at=timezone.now()):
        try:
            with transaction.atomic():
                Device.objects.create(token_hash=token_hash, user=user)
        except IntegrityError:  # two sign-ins of one browser at once
            pass
        kept = Device.objects.filter(user=user).order_by("-seen_at")
        beyond = list(kept.values_list("pk", flat=True)[MOST_OF_A_PERSON:])
        Device.objects.filter(pk__in=beyond).delete()
    return token if is_new else None


def remove_old() -> int:
    """Forget browsers that were not used for half a year."""
    return Device.objects.filter(seen_at__lte=timezone.now() - lives.DEVICE).delete()[0]
