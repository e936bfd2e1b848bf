"""From a wanted false match rate to a threshold."""

import json
from importlib.resources import files
from typing import Any

import pytest

from facelogin.recognition import ENGINES, CalibrationError, CalibrationTable


def body(*points: tuple[float, float]) -> dict[str, Any]:
    return {
        "engine": "lbph",
        "people": 3,
        "points": [
            {
                "false_match_rate": rate,
                "threshold": threshold,
                "errors": 0,
                "trials": 1000,
                "people_bound": 1.0,
            }
            for rate, threshold in points
        ],
    }


def table(*points: tuple[float, float]) -> CalibrationTable:
    return CalibrationTable.from_json(json.dumps(body(*points)))


PLACE = files("facelogin.recognition.engines")
# An operator's own model has the operator's own table.
SHIPPED = [name for name, kind in ENGINES.items() if not kind.model_setting]


def shipped(engine: str) -> CalibrationTable:
    return CalibrationTable.from_json(PLACE.joinpath(f"{engine}.calibration.json").read_text())


@pytest.mark.parametrize(
    ("rate", "threshold"),
    [(0.001, 90), (0.0019, 90), (0.002, 95), (0.009, 95), (0.01, 100), (0.5, 100), (1.0, 100)],
)
def test_the_next_stricter_point_is_taken(rate: float, threshold: float) -> None:
    assert table((0.001, 90), (0.002, 95), (0.01, 100)).threshold_for(rate) == threshold


@pytest.mark.parametrize("rate", [0.00099, 0.0, -1.0, float("nan")])
def test_a_rate_never_measured_is_refused(rate: float) -> None:
    with pytest.raises(CalibrationError, match=r"its strictest is 0\.001"):
        table((0.001, 90), (0.01, 100)).threshold_for(rate)


@pytest.mark.parametrize(
    "points",
    [
        (),
        ((0.01, 90), (0.001, 95)),
        ((0.001, 90), (0.001, 90)),
        ((0.001, 95), (0.01, 90)),
        ((0.001, float("nan")),),
        ((float("nan"), 90),),
        ((0.001, float("inf")),),
        ((0.001, 90), (float("inf"), 95)),
    ],
)
def test_points_that_do_not_grow_are_refused(points: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(CalibrationError):
        table(*points)


def test_equal_thresholds_at_growing_rates_are_allowed() -> None:
    assert table((0.001, 90), (0.01, 90)).threshold_for(0.02) == 90


def without(key: str) -> str:
    return json.dumps({k: v for k, v in body((0.1, 90)).items() if k != key})


MALFORMED: list[tuple[str, str]] = [
    ("nothing", ""),
    ("no JSON", "{"),
    ("a list", "[]"),
    ("null", "null"),
    ("no engine", without("engine")),
    ("no people", without("people")),
    ("no points", without("points")),
    ("points that are none", json.dumps(body() | {"points": 5})),
    ("a point that is none", json.dumps(body() | {"points": ["0.1"]})),
    ("a point without threshold", json.dumps(body() | {"points": [{"false_match_rate": 0.1}]})),
    ("a threshold in words", json.dumps(body((0.1, 90))).replace("90", '"much"')),
    ("endless people", json.dumps(body((0.1, 90)) | {"people": float("inf")})),
]


@pytest.mark.parametrize("text", [c[1] for c in MALFORMED], ids=[c[0] for c in MALFORMED])
def test_a_malformed_table_is_refused(text: str) -> None:
    with pytest.raises(CalibrationError, match="malformed calibration table"):
        CalibrationTable.from_json(text)


@pytest.mark.parametrize("engine", SHIPPED)
def test_the_shipped_table_keeps_what_it_promises(engine: str) -> None:
    shipped_table = shipped(engine)
    assert shipped_table.engine == engine
    assert len(shipped_table.points) >= 20
    for point in shipped_table.points:
        assert point.errors / point.trials <= point.false_match_rate
        assert point.trials * point.false_match_rate >= 1  # no rate finer than one comparison
        assert 0 < point.threshold < 256


@pytest.mark.parametrize("engine", SHIPPED)
def test_a_stricter_rate_never_gives_a_laxer_threshold(engine: str) -> None:
    shipped_table = shipped(engine)
    rates = [n / 10_000 for n in range(1, 2001)]
    thresholds = [shipped_table.threshold_for(rate) for rate in rates]
    assert thresholds == sorted(thresholds)
    assert thresholds[0] < thresholds[-1]


@pytest.mark.parametrize("engine", SHIPPED)
def test_the_shipped_table_says_how_few_people_stand_behind_it(engine: str) -> None:
    shipped_table = shipped(engine)
    pairs = shipped_table.people * (shipped_table.people - 1) // 2
    bounds = [point.people_bound for point in shipped_table.points]
    # No error among so many pairs leaves this much possible at 95 %; with errors it is more.
    assert bounds[0] == pytest.approx(1 - 0.05 ** (1 / pairs), abs=1e-5)
    assert bounds == sorted(bounds) and bounds[-1] < 1
    erring = [p.people_bound for p in shipped_table.points if p.errors]
    assert all(bound > bounds[0] for bound in erring)
