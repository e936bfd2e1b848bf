"""Start-up checks: what would make facelogin refuse everybody, or let the wrong ones in."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from facelogin import engine_files, operating_point
from facelogin.recognition import ENGINES, EngineUnavailable


@register()
def check_engine(**_options: Any) -> list[CheckMessage]:
    """Refuse an engine that is not here, before anybody is at the camera."""
    engine = settings.FACELOGIN_ENGINE
    if engine not in ENGINES:
        said = f"FACELOGIN_ENGINE must be one of {', '.join(ENGINES)}, not {engine!r}. "
        return [Error(f"{said}Example: FACELOGIN_ENGINE=lbph", id="facelogin.E002")]
    try:
        engine_files.source(engine)
    except EngineUnavailable as error:
        return [Error(str(error), id="facelogin.E002")]
    return []


@register()
def check_operating_point(**_options: Any) -> list[CheckMessage]:
    """Refuse a threshold that no measurement stands behind: it decides who gets in."""
    engine = settings.FACELOGIN_ENGINE
    if check_engine():
        return []  # said there
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
