"""Removes what has expired, and does what is owed; safe to run twice at once."""

from django.db.models import Q
from django.utils import timezone

from accounts import devices, limits, lives, mails, tombstones
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
from accounts.selectors import IDLE_LIFE
from accounts.services import erasure, reminders


def run() -> dict[str, int]:
    """Delete what has expired; return how many of each."""
    now = timezone.now()
    ended = Q(seen_at__lte=now - IDLE_LIFE) | Q(created_at__lte=now - lives.SESSION)
    return {
        "sessions": Session.objects.filter(ended).delete()[0],
        "face tickets": FaceTicket.objects.filter(issued_at__lte=now - lives.FACE_TICKET).delete()[
            0
        ],
        "face extensions": FaceExtension.objects.filter(expires_at__lte=now).delete()[0],
        "spent tokens": SpentToken.objects.filter(expires_at__lte=now).delete()[0],
        "authenticator apps never confirmed": TotpFactor.objects.filter(
            enrolled_at=None, pending_at__lte=now - totp.PENDING_LIFE
        ).delete()[0],
        "counters of tries": limits.remove_old(),
        "browsers": devices.remove_old(),
        "invitations": Invitation.objects.filter(expires_at__lte=now - lives.INVITATION).delete()[
            0
        ],
        "events": Event.objects.filter(at__lte=now - lives.EVENT).delete()[0],
        "tombstones": tombstones.remove_old(),
        "reminders": reminders.write_due(),
        "erasures done": erasure.pay_all(),
        "mails sent": mails.send_due(),
    }
