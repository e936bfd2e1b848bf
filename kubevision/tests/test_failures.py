"""What is logged of refused requests: the sender's doing never looks like a fault of ours."""

import logging
import logging.config

import pytest
from django.conf import settings
from django.test import Client

from kubevision.failures import RefusalFilter


def _record(level: int, **extra: object) -> logging.LogRecord:
    try:
        raise ValueError("what the sender did")
    except ValueError as error:
        cause = (type(error), error, error.__traceback__)
    record = logging.LogRecord("django.security", level, __file__, 1, "refused", (), cause)
    record.__dict__.update(extra)
    return record


@pytest.mark.parametrize("status", [400, 404, 413, 499])
def test_refusals_are_warnings_without_a_traceback(status: int) -> None:
    record = _record(logging.ERROR, status_code=status)
    assert RefusalFilter().filter(record)
    assert record.exc_info is None and record.levelname == "WARNING"


@pytest.mark.parametrize("extra", [{}, {"status_code": 500}, {"status_code": 503}])
def test_faults_keep_theirs(extra: dict[str, int]) -> None:
    record = _record(logging.ERROR, **extra)
    assert RefusalFilter().filter(record)
    assert record.exc_info is not None and record.levelname == "ERROR"


def test_the_console_has_the_filter(capsys: pytest.CaptureFixture[str]) -> None:
    logging.config.dictConfig(settings.LOGGING)  # anew, so that it writes to what capsys reads
    answer = Client().get("/auth/v1/session", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    said = capsys.readouterr().err
    assert "DisallowedHost" in said and "Traceback" not in said and " ERROR " not in said
