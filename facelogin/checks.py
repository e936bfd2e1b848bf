"""Start-up checks: what would make facelogin refuse everybody, or let the wrong ones in."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from facelogin import workers


@register()
def check_operating_point(**_options: Any) -> list[CheckMessage]:
    """Refuse a threshold that no measurement stands behind: it decides who gets in."""
    try:
        workers.threshold()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="facelogin.E001")]
    return []
