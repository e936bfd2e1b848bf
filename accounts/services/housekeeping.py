"""Removes what has expired; safe to run twice at once."""

from django.db.models import Q
from django.utils import timezone

from accounts.models import Session, SpentToken
from accounts.selectors import IDLE_LIFE, WHOLE_LIFE


def run() -> dict[str, int]:
    """Delete expired sessions and spent tokens; return how many of each."""
    now = timezone.now()
    ended = Q(seen_at__lte=now - IDLE_LIFE) | Q(created_at__lte=now - WHOLE_LIFE)
    return {
        "sessions": Session.objects.filter(ended).delete()[0],
        "spent tokens": SpentToken.objects.filter(expires_at__lte=now).delete()[0],
    }
