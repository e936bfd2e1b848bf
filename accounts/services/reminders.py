"""Telling people in time that their face is about to count no more."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import mails
from accounts.models import FaceFactor, User

BEFORE = timedelta(days=30)  # who comes once a month reads it in time
MOST_AT_ONCE = 500  # people a round; the rest are the next round's


def write_due() -> int:
    """Write to everybody whose face ends soon, once for each face; return to how many."""
    if not mails.is_possible():
        return 0
    now = timezone.now()
    due = FaceFactor.objects.filter(
        reminded_at=None, expires_at__gt=now, expires_at__lte=now + BEFORE
    ).order_by("expires_at")[:MOST_AT_ONCE]
    people = User.objects.in_bulk([factor.user_id for factor in due])
    written = 0
    for factor in due:
        user = people.get(factor.user_id)
        # The letter first: whoever dies in between finds it there the next time.
        if user is not None and user.is_active:
            written += _write(user, factor)
        FaceFactor.objects.filter(pk=factor.pk, expires_at=factor.expires_at).update(
            reminded_at=now
        )
    return written


def _write(user: User, factor: FaceFactor) -> bool:
    day = date_format(factor.expires_at, "Y-m-d")
    site = settings.PUBLIC_ORIGINS[0]
    lines = [
        _("The face of your KubeVision account %(name)s at %(site)s counts until %(day)s.")
        % {"name": user.username, "site": site, "day": day},
        "",
        _("Faces change, so yours is enrolled anew once a year. It takes a minute:"),
        "",
        f"  {site}/train",
        "",
        _("If you do not, you sign in with another factor from then on, and enrol when you like."),
    ]
    subject = _("Your account %(name)s: enrol your face until %(day)s") % {
        "name": user.username,
        "day": day,
    }
    # The same id for the same face, so that two housekeepers at once write one letter.
    letter = uuid.uuid5(user.pk, factor.expires_at.isoformat())
    return mails.write(user.email, subject, "\n".join(lines), letter=letter)
