"""JSON from strangers: read one way or not at all, so that no two readers see different things."""

import json
from math import isfinite
from typing import Any, NoReturn


def loads(text: str) -> Any:
    """Read JSON text.

    Raises
    ------
    ValueError
        If it is none; also for a name twice in one object, NaN and Infinity, and for what is
        nested more deeply than Python's stack allows (about a thousand).
    """
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("a number too large")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
