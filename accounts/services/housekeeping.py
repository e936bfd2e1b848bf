"""Removes what has expired, and does what is owed; safe to run twice at once."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts import devices, limits, mails
from accounts.factors import totp
from accounts.models import (
    Event,
    FaceExtension,
    FaceTicket,
    Invitation,
    Session,
    SpentToken,
    TotpFactor,
)
from accounts.selectors import IDLE_LIFE, WHOLE_LIFE
from accounts.services import erasure

REPORTS_COME_WITHIN = timedelta(days=2)  # facelogin stops telling after this
EVENTS_KEPT_FOR = timedelta(days=180)  # half a year, as docs/privacy.md says
INVITATIONS_KEPT_FOR = timedelta(days=30)  # after their end: who was invited lately, for staff


def run() -> dict[str, int]:
    """Delete what has expired; return how many of each."""
    now = timezone.now()
    ended = Q(seen_at__lte=now - IDLE_LIFE) | Q(created_at__lte=now - WHOLE_LIFE)
    return {
        "sessions": Session.objects.filter(ended).delete()[0],
        "face tickets": FaceTicket.objects.filter(
            issued_at__lte=now - REPORTS_COME_WITHIN
        ).delete()[0],
        "face extensions": FaceExtension.objects.filter(expires_at__lte=now).delete()[0],
        "spent tokens": SpentToken.objects.filter(expires_at__lte=now).delete()[0],
        "authenticator apps never confirmed": TotpFactor.objects.filter(
            enrolled_at=None, pending_at__lte=now - totp.PENDING_LIFE
        ).delete()[0],
        "counters of tries": limits.remove_old(),
        "browsers": devices.remove_old(),
        "invitations": Invitation.objects.filter(
            expires_at__lte=now - INVITATIONS_KEPT_FOR
        ).delete()[0],
        "events": Event.objects.filter(at__lte=now - EVENTS_KEPT_FOR).delete()[0],
        "erasures done": erasure.pay_all(),
        "mails sent": mails.send_due(),
    }
