"""The indexes that MongoDB needs are there, and /readyz misses each that is not."""

import pytest
from django.db import connection

from kubevision import readiness

pytestmark = pytest.mark.django_db
TABLES = ("facelogin_spentticket", "facelogin_person", "facelogin_reference")


@pytest.mark.parametrize("table", TABLES)
def test_every_index_that_is_gone_is_missed(table: str) -> None:
    readiness.check_databases()
    collection = connection.database[table]  # type: ignore[attr-defined]
    for name, kept in collection.index_information().items():
        if name == "_id_":
            continue
        collection.drop_index(name)
        with pytest.raises(readiness.NotReady, match=f"{table} has no (unique )?index on "):
            readiness.check_databases()
        options = {
            key: value for key, value in kept.items() if key in {"unique", "expireAfterSeconds"}
        }
        collection.create_index(kept["key"], name=name, **options)
    readiness.check_databases()
