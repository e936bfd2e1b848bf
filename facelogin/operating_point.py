"""Where a match begins: the threshold that the engine's table gives for the chosen error rate.

Nobody's usual limit stands in for a table: an engine without one decides nothing.
"""

import functools
import importlib.resources
import math
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from facelogin import engine_files
from facelogin.recognition import CalibrationError, CalibrationTable, EngineUnavailable

MOST_CAPTURES = 4  # an enrolment and the lights that are kept
_TABLES = importlib.resources.files("facelogin.recognition.engines")


def _name(engine: str, *, is_normalised: bool) -> str:
    """Return a table's file: plain and normalised scores have different scales."""
    return f"{engine}.cohort.calibration.json" if is_normalised else f"{engine}.calibration.json"


@functools.cache
def _shipped(name: str) -> CalibrationTable:
    return CalibrationTable.from_json(_TABLES.joinpath(name).read_text())


@functools.cache
def _measured_by_operator(path: str) -> CalibrationTable:
    return CalibrationTable.from_json(Path(path).read_text())


def _full_name(engine: str | None = None) -> str:
    """Return what tables and references call an engine; that of new references unless given."""
    try:
        return engine_files.name_of(engine or settings.FACELOGIN_ENGINE)
    except EngineUnavailable as error:
        raise ImproperlyConfigured(str(error)) from None


def _table(engine: str | None = None, *, is_normalised: bool = False) -> CalibrationTable:
    """Return an engine's table: the operator's own, if there is one, else the shipped one."""
    name = _full_name(engine)
    own = settings.FACELOGIN_CALIBRATION
    example = f"Example: FACELOGIN_CALIBRATION=/var/lib/kubevision/{name}.calibration.json"
    if own and not is_normalised and name == _full_name():
        try:
            table = _measured_by_operator(own)
        except (CalibrationError, OSError, ValueError) as error:
            raise ImproperlyConfigured(
                f"FACELOGIN_CALIBRATION names {own}, which is no table: {error}. {example}"
            ) from None
        if table.engine != name:
            raise ImproperlyConfigured(
                f"FACELOGIN_CALIBRATION names a table of the engine {table.engine}, "
                f"not of {name}: its thresholds would mean nothing here. {example}"
            )
        return table
    try:
        return _shipped(_name(name, is_normalised=is_normalised))
    except FileNotFoundError:
        kind = name.partition("-")[0]
        raise ImproperlyConfigured(
            f"FACELOGIN_CALIBRATION is not set, and nobody measured where a match begins for the "
            f"engine {name}: run `manage.py evaluate_faces FOLDER --engine {kind} --table FILE` on "
            f"pictures of many people, then name that file. {example}"
        ) from None


def forget_tables() -> None:
    """Read the tables anew: they were written a moment ago."""
    _shipped.cache_clear()
    _measured_by_operator.cache_clear()


def has_cohort_table(engine: str) -> bool:
    """Say whether scores of this engine were ever measured against a cohort."""
    return _TABLES.joinpath(_name(_full_name(engine), is_normalised=True)).is_file()


def can_normalise(engine: str) -> bool:
    """Say whether they were at the chosen false match rate, too."""
    try:
        return has_cohort_table(engine) and math.isfinite(threshold(engine, is_normalised=True))
    except ImproperlyConfigured:
        return False


def threshold(
    engine: str | None = None, *, is_normalised: bool = False, captures: int = 1
) -> float:
    """Return the dissimilarity at or under which a sample matches, from the engine's table.

    Parameters
    ----------
    engine : str, optional
        The engine that made the reference; that of new references unless given.
    is_normalised : bool
        Whether the dissimilarities are normalised against a cohort.
    captures : int
        How many captures the reference holds. Each is one more chance of being taken for somebody
        else, so the rate is shared among them; where the table ends, its strictest point decides.

    Raises
    ------
    ImproperlyConfigured
        If there is no table, or it shows no such false match rate.
    """
    table = _table(engine, is_normalised=is_normalised)
    rate = settings.FACELOGIN_FALSE_MATCH_RATE
    try:
        whole = table.threshold_for(rate)
        strictest = table.points[0].false_match_rate
        return table.threshold_for(max(rate / captures, strictest)) if captures > 1 else whole
    except CalibrationError as error:
        raise ImproperlyConfigured(
            f"FACELOGIN_FALSE_MATCH_RATE: {error}. Example: FACELOGIN_FALSE_MATCH_RATE=0.001"
        ) from None


def can_decide(engine: str) -> bool:
    """Say whether there is a threshold for this engine at the chosen false match rate."""
    try:
        return math.isfinite(threshold(engine))
    except ImproperlyConfigured:
        return False


def laxest_threshold(engine: str) -> float:
    """Return the dissimilarity of the table's laxest point, plain: a fifth of others are under it.

    Over it a face is not the claimed one, whatever a cohort says.
    """
    return _table(engine).points[-1].threshold


def note() -> str | None:
    """Return what an operator should know of the false match rate: how far it was shown.

    Raises
    ------
    ImproperlyConfigured
        If the table shows no such rate.
    """
    engine = settings.FACELOGIN_ENGINE
    return "; ".join(filter(None, (_shortfall(engine), _unshared(engine)))) or None


def normalised_note() -> str | None:
    """Return the same for normalised scores."""
    engine = settings.FACELOGIN_ENGINE
    found = [_shortfall(engine, is_normalised=True), _unshared(engine, is_normalised=True)]
    if settings.FACELOGIN_CALIBRATION:
        found.append("the shipped table decides, FACELOGIN_CALIBRATION holds for plain scores only")
    return "; ".join(f"cohort: {each}" for each in found if each) or None


def _unshared(engine: str, *, is_normalised: bool = False) -> str | None:
    """Say where the table ends before the rate is shared among all captures somebody may have."""
    strictest = _table(engine, is_normalised=is_normalised).points[0].false_match_rate
    if strictest <= settings.FACELOGIN_FALSE_MATCH_RATE / MOST_CAPTURES:
        return None
    return (
        f"the table ends at a false match rate of {strictest * 100:.3g} %, so people who added "
        f"lights may be taken for others up to {MOST_CAPTURES} times as often"
    )


def _shortfall(engine: str, *, is_normalised: bool = False) -> str | None:
    threshold(engine, is_normalised=is_normalised)
    table = _table(engine, is_normalised=is_normalised)
    rate = settings.FACELOGIN_FALSE_MATCH_RATE
    bound = table.point_for(rate).people_bound
    if rate >= bound:
        return None
    return (
        f"the false match rate is set to {rate * 100:.3g} %, "
        f"shown for at most {bound * 100:.2g} % ({table.people} people)"
    )
