"""Where a match begins: the threshold that the engine's table gives for the chosen error rate."""

import functools
import importlib.resources

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from facelogin.recognition import CalibrationError, CalibrationTable


@functools.cache
def _table(engine: str) -> CalibrationTable:
    folder = importlib.resources.files("facelogin.recognition.engines")
    return CalibrationTable.from_json(folder.joinpath(f"{engine}.calibration.json").read_text())


def threshold(engine: str | None = None) -> float:
    """Return the dissimilarity at or under which a sample matches, from the engine's table.

    Parameters
    ----------
    engine : str, optional
        The engine that made the reference; that of new references unless given.

    Raises
    ------
    ImproperlyConfigured
        If the table shows no such false match rate.
    """
    try:
        table = _table(engine or settings.FACELOGIN_ENGINE)
        return table.threshold_for(settings.FACELOGIN_FALSE_MATCH_RATE)
    except CalibrationError as error:
        raise ImproperlyConfigured(
            f"FACELOGIN_FALSE_MATCH_RATE: {error}. Example: FACELOGIN_FALSE_MATCH_RATE=0.001"
        ) from None


def note() -> str | None:
    """Return what an operator should know of the false match rate: how far it was shown.

    Raises
    ------
    ImproperlyConfigured
        If the table shows no such rate.
    """
    threshold()
    table, rate = _table(settings.FACELOGIN_ENGINE), settings.FACELOGIN_FALSE_MATCH_RATE
    bound = table.point_for(rate).people_bound
    if rate >= bound:
        return None
    return (
        f"the false match rate is set to {rate * 100:.3g} %, "
        f"shown for at most {bound * 100:.2g} % ({table.people} people)"
    )
