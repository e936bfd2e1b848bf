"""How long to wait, as people say it."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

# Up to 90 seconds people count seconds, up to 90 minutes minutes.
MINUTE, HOUR = 60, 3600


def in_words(seconds: int) -> str:
    """Return a time to wait, rounded up to what a person would say.

    Parameters
    ----------
    seconds : int
        From Retry-After.
    """
    if seconds <= 1.5 * MINUTE:
        count = max(seconds, 1)
        return ngettext("%(count)d second", "%(count)d seconds", count) % {"count": count}
    if seconds <= 1.5 * HOUR:
        count = -(-seconds // MINUTE)
        return ngettext("%(count)d minute", "%(count)d minutes", count) % {"count": count}
    count = -(-seconds // HOUR)
    return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}


def try_again(seconds: int | None) -> str:
    """Return a sentence that says when to try again; empty if nobody knows."""
    if seconds is None:
        return ""
    return _("You can try again in %(time)s.") % {"time": in_words(seconds)}
