"""Removes what has expired; safe to run twice at once."""

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import FaceExtension, FaceTicket, Session, SpentToken
from accounts.selectors import IDLE_LIFE, WHOLE_LIFE

REPORTS_COME_WITHIN = timedelta(days=2)  # facelogin stops telling after this


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
    }
