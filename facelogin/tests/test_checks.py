import json
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from facelogin import checks, operating_point, workers


@pytest.mark.parametrize("rate", [0.0, 0.00001])
def test_an_unmeasured_rate_stops_the_start(settings, rate: float) -> None:
    settings.FACELOGIN_FALSE_MATCH_RATE = rate
    with pytest.raises(ImproperlyConfigured, match=r"FACELOGIN_FALSE_MATCH_RATE=0\.001"):
        operating_point.threshold()
    assert [error.id for error in checks.check_operating_point()] == ["facelogin.E001"]


def test_a_laxer_rate_gives_a_higher_threshold(settings) -> None:
    assert checks.check_operating_point() == []
    default = operating_point.threshold()
    settings.FACELOGIN_FALSE_MATCH_RATE = 0.05
    assert operating_point.threshold() > default


def test_a_rate_under_what_the_people_show_is_said(
    settings, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    workers.start()
    assert "set to 0.1 %, shown for at most 0.67 % (38 people)" in caplog.text
    caplog.clear()
    shown = {"false_match_rate": 0.001, "threshold": 0.2, "errors": 0, "trials": 9000}
    shown |= {"pairs_with_error": 0, "people_bound": 0.0009}
    table = {"engine": "lbph", "made_by": "a plant", "people": 90, "pairs_of_people": 4005}
    own = tmp_path / "lbph.calibration.json"
    settings.FACELOGIN_CALIBRATION = str(own)
    own.write_text(json.dumps(table | {"points": [shown]}))
    assert "up to 4 times as often" in str(operating_point.note())
    operating_point.forget_tables()
    own.write_text(json.dumps(table | {"points": [shown | {"false_match_rate": 0.0002}, shown]}))
    workers.start()
    assert caplog.text == ""


def test_an_engine_that_does_not_load_stops_the_start() -> None:
    with pytest.raises(ValueError, match="no such engine"):
        workers.WorkerPool("no such engine", 1)
