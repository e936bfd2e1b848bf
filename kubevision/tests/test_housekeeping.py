"""`python -m kubevision.housekeeping`: again and again until a signal, whatever one round does."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError

from kubevision import databases, housekeeping, startup

rounds: list[int] = []
gone: list[OperationalError] = []


def a_file_that_is_gone_once() -> None:
    """Stand for a look at the database's file, which is not there at first."""
    if not gone:
        gone.append(OperationalError("the database file a.sqlite3 is missing"))
        raise gone[0]


def one_round() -> dict[str, int]:
    """Stand for a room's housekeeping: fails once, and hears SIGTERM in its third round."""
    rounds.append(len(rounds))
    if len(rounds) == 1:
        raise RuntimeError("the database is away")
    if len(rounds) == 3:
        signal.raise_signal(signal.SIGTERM)
    return {"rows": 0}


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    housekeeping._stopping.clear()


def test_rounds_go_on_until_a_signal(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HOUSEKEEPING = [f"{__name__}.one_round"]
    monkeypatch.setattr(housekeeping, "INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(startup, "set_up", lambda: None)
    monkeypatch.setattr(housekeeping, "close_old_connections", lambda: None)
    monkeypatch.setattr(databases, "ask_none_that_is_gone", a_file_that_is_gone_once)
    rounds.clear()
    gone.clear()
    housekeeping.main()
    assert rounds == [0, 1, 2] and gone
