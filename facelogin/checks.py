"""Start-up checks: what would make facelogin refuse everybody, or let the wrong ones in."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from facelogin import operating_point


@register()
def check_operating_point(**_options: Any) -> list[CheckMessage]:
    """Refuse a threshold that no measurement stands behind: it decides who gets in."""
    engine = settings.FACELOGIN_ENGINE
    try:
        operating_point.threshold(engine)
        if settings.FACELOGIN_COHORT != "off" and operating_point.has_cohort_table(engine):
            operating_point.threshold(engine, is_normalised=True)
    except ImproperlyConfigured as error:
        return [Error(str(error), id="facelogin.E001")]
    return []


@register(Tags.security, deploy=True)
def check_missing_origin(**_options: Any) -> list[CheckMessage]:
    """Name a door that scripts need and browsers do not."""
    if not settings.FACELOGIN_ALLOW_MISSING_ORIGIN:
        return []
    return [
        CheckWarning(
            "FACELOGIN_ALLOW_MISSING_ORIGIN is on: programs that are no browser may open the "
            "camera's socket, and show it any picture. Example: FACELOGIN_ALLOW_MISSING_ORIGIN=off",
            id="facelogin.W001",
        )
    ]
