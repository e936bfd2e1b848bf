"""The one rule for user names: what they may hold and when two are the same."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

MAX_CHARACTERS = 64
_ALLOWED = re.compile(r"[\w.@+-]+")


def normalise(username: str) -> str:
    """Return the name as it is shown: NFKC, so that look-alike encodings are one name."""
    return unicodedata.normalize("NFKC", username)


def key(username: str) -> str:
    """Return what names are compared by: case-folded, and NFKC again as folding can undo it."""
    return unicodedata.normalize("NFKC", normalise(username).casefold())


def validate(username: str) -> None:
    """Raise ValidationError unless the normalised name has 1 to 64 permitted characters."""
    if not 1 <= len(username) <= MAX_CHARACTERS:
        raise ValidationError(_("Use 1 to %(limit)s characters.") % {"limit": MAX_CHARACTERS})
    if not _ALLOWED.fullmatch(username):
        raise ValidationError(_("Use letters, digits and . @ + - _ only."))
