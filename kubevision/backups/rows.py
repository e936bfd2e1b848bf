"""Rows of any of our databases as lines of JSON, and back.

Django's own serializers do the work. Keys that a database gives out itself (numbers on SQLite,
ObjectIds on MongoDB) are left out, and whoever refers to such a row names it by what it is (a
group by its name), so a line is the same whichever database it comes from.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.core.serializers import python
from django.core.serializers.base import DeserializationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.fields import AutoFieldMixin

from kubevision.backups.plan import model_of
from kubevision.backups.problems import NotABackup

AT_ONCE = 500  # rows in memory: 60 kB each at the most, so 30 MB
Row = dict[str, Any]
_SUM_MODULUS = 2**256


def _has_given_key(model: type[models.Model]) -> bool:
    return isinstance(model._meta.pk, AutoFieldMixin)


class _Serializer(python.Serializer):
    """Django's, for rows of one model."""

    def __init__(self) -> None:
        super().__init__()
        self._named: dict[tuple[type[models.Model], Any], Any] = {}

    def get_dump_object(self, obj: models.Model) -> Row:
        row: Row = super().get_dump_object(obj)
        if _has_given_key(type(obj)):
            row.pop("pk", None)
        return row

    def handle_fk_field(self, obj: models.Model, field: Any) -> None:
        if not _has_given_key(field.related_model):
            super().handle_fk_field(obj, field)
            return
        key = getattr(obj, field.attname)
        named = (field.related_model, key)
        if named not in self._named:  # there are few: groups, permissions, kinds of rows
            self._named[named] = None if key is None else getattr(obj, field.name).natural_key()
        self._current[field.name] = self._named[named]  # type: ignore[attr-defined]  # not in the stubs

    def handle_m2m_field(self, obj: models.Model, field: Any) -> None:
        """Leave them out: the tables between two models are dumped themselves."""


def read(name: str, alias: str) -> Iterator[Row]:
    """Yield all rows of one model of a plan."""
    serializer = _Serializer()
    stored = model_of(name)._base_manager.using(alias).order_by()
    chunk: list[models.Model] = []
    for row in stored.iterator(AT_ONCE):
        chunk.append(row)
        if len(chunk) == AT_ONCE:
            yield from serializer.serialize(chunk)
            chunk.clear()
    yield from serializer.serialize(chunk)


def write(name: str, rows: Iterable[Row], alias: str) -> None:
    """Insert rows of one model.

    Raises
    ------
    NotABackup
        If they do not fit the model.
    """
    try:
        made = [each.object for each in python.Deserializer(list(rows), using=alias)]
    except (DeserializationError, FieldDoesNotExist, ObjectDoesNotExist) as error:
        raise NotABackup(f"rows of {name} do not fit: {error}") from error
    model_of(name)._base_manager.using(alias).bulk_create(made)


def line(row: Row) -> str:
    """Return a row as one line, always the same for the same row."""
    return json.dumps(row, cls=DjangoJSONEncoder, sort_keys=True, separators=(",", ":"))


@dataclass
class Sums:
    """How many rows of each model there are, and a checksum of them that no order changes.

    The checksum is the sum of the lines' SHA-256 values: equal for the same rows, in whatever order
    a database gives them. It finds accidents; it is no signature.
    """

    rows: dict[str, int] = field(default_factory=dict)
    sums: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        """Count one row's line."""
        digest = int.from_bytes(hashlib.sha256(text.encode()).digest())
        self.rows[name] = self.rows.get(name, 0) + 1
        self.sums[name] = (self.sums.get(name, 0) + digest) % _SUM_MODULUS

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return them as a backup's last line says them."""
        return {
            name: {"rows": count, "checksum": f"{self.sums[name]:064x}"}
            for name, count in self.rows.items()
        }

    @classmethod
    def of(cls, names: Iterable[str], alias: str) -> "Sums":
        """Return those of the rows that a database holds."""
        found = cls()
        for name in names:
            for row in read(name, alias):
                found.add(name, line(row))
        return found
