"""The checks by themselves; tests/test_three_rooms.py asks them over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connections, models

from kubevision import databases, draining, readiness


@pytest.fixture(autouse=True)
def not_draining() -> Iterator[None]:
    yield
    draining.forget()


def passes() -> str:
    return "a note"


def says_no() -> None:
    raise readiness.NotReady("the reason")


def breaks() -> None:
    raise ZeroDivisionError("by accident")


def test_failing_checks_are_named_and_the_others_still_asked(settings: Any) -> None:
    settings.READINESS_CHECKS = {
        "broken": f"{__name__}.breaks",
        "closed": f"{__name__}.says_no",
        "open": f"{__name__}.passes",
        "lost": f"{__name__}.no_such_check",
    }
    found = readiness.ask()
    assert found.failing["closed"] == "the reason"
    assert "ZeroDivisionError" in found.failing["broken"] and "lost" in found.failing
    assert found.notes == ["a note"] and "open" not in found.failing


def test_notes_are_asked_for_only_where_all_checks_pass(settings: Any) -> None:
    settings.READINESS_NOTES = [f"{__name__}.breaks", f"{__name__}.passes"]
    settings.READINESS_CHECKS = {}
    assert readiness.ask() == readiness.Readiness(notes=["a note"])
    settings.READINESS_CHECKS = {"closed": f"{__name__}.says_no"}
    assert readiness.ask().notes == []


def test_a_draining_process_is_not_ready(settings: Any) -> None:
    settings.READINESS_CHECKS = {}
    assert readiness.ask().failing == {}
    draining.begin()
    assert list(readiness.ask().failing) == ["draining"]


@pytest.mark.django_db(databases=["default", "facelogin"])
def test_the_databases_of_these_settings_are_ready() -> None:
    readiness.check_databases()


@pytest.mark.django_db(databases=["default", "facelogin"])
def test_a_database_that_cannot_be_read_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise DatabaseError("disk I/O error")

    monkeypatch.setattr(readiness, "_check_migrations", broken)
    with pytest.raises(readiness.NotReady, match="disk I/O error"):
        readiness.check_databases()


def test_a_missing_file_is_found_without_making_one(tmp_path: Path) -> None:
    connection = connections["default"].copy()
    connection.settings_dict = connection.settings_dict | {"NAME": str(tmp_path / "a.sqlite3")}
    assert databases.missing_file(connection) == tmp_path / "a.sqlite3"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.sqlite3").touch()
    assert databases.missing_file(connection) is None


def test_no_database_is_asked_whose_file_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "missing_file", lambda _: None)
    databases.ask_none_that_is_gone()
    monkeypatch.setattr(databases, "missing_file", lambda _: tmp_path / "a.sqlite3")
    with pytest.raises(OperationalError, match=r"the database file a\.sqlite3 is missing"):
        databases.ask_none_that_is_gone()


def test_every_kind_of_uniqueness_is_asked_for() -> None:
    class Declared(models.Model):
        name = models.CharField(max_length=8, unique=True)
        first = models.CharField(max_length=8)
        second = models.CharField(max_length=8, db_column="zweite")

        class Meta:
            app_label = "test_readiness"
            unique_together = [("second", "first")]
            constraints = [models.UniqueConstraint(fields=["first"], name="one")]

        def __str__(self) -> str:
            return self.name

    assert set(readiness._unique_columns(Declared)) == {
        ("id",),
        ("name",),
        ("first", "zweite"),
        ("first",),
    }


def test_keys_that_cannot_be_read_are_named(settings: Any, tmp_path: Path) -> None:
    settings.KEY_FILES = {"A_KEY_FILE": (tmp_path / "none", Path.read_bytes)}
    with pytest.raises(readiness.NotReady, match="A_KEY_FILE"):
        readiness.check_keys()
