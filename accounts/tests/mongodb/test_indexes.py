"""The indexes that MongoDB needs are there, and /readyz misses each that is not."""

from typing import Any

import pytest
from django.db import connection

from kubevision import readiness

pytestmark = pytest.mark.django_db
TABLES = ("accounts_spenttoken", "accounts_session", "accounts_user", "django_session")


def _made(table: str) -> dict[str, Any]:
    found: dict[str, Any] = connection.database[table].index_information()  # type: ignore[attr-defined]
    return {name: kept for name, kept in found.items() if name != "_id_"}


def test_unique_indexes_are_whole() -> None:
    """A partial one is of no use to the planner (kubevision.mongodb).

    The first test here: those below make indexes of their own.
    """
    for table in TABLES:
        assert not [kept for kept in _made(table).values() if "partialFilterExpression" in kept]


def test_a_database_as_it_was_made_is_ready() -> None:
    readiness.check_databases()


@pytest.mark.parametrize("table", TABLES)
def test_every_index_that_is_gone_is_missed(table: str) -> None:
    collection = connection.database[table]  # type: ignore[attr-defined]
    for name, kept in _made(table).items():
        collection.drop_index(name)
        with pytest.raises(readiness.NotReady, match=f"{table} has no (unique )?index on "):
            readiness.check_databases()
        options = {
            key: value for key, value in kept.items() if key in {"unique", "expireAfterSeconds"}
        }
        collection.create_index(kept["key"], name=name, **options)
    readiness.check_databases()


def test_rows_that_would_not_go_by_themselves_are_missed() -> None:
    collection = connection.database["accounts_session"]  # type: ignore[attr-defined]
    collection.drop_index("session_expiry")
    collection.create_index("created_at", name="session_expiry")
    with pytest.raises(readiness.NotReady, match="do not go by themselves"):
        readiness.check_databases()
    collection.drop_index("session_expiry")
    collection.create_index("created_at", name="session_expiry", expireAfterSeconds=24 * 3600)
    readiness.check_databases()
