"""The official backend but for its unique indexes, which are of no use to the queries.

It makes each unique index partial, over documents whose field has the column's type, so that a
column may hold many nulls. MongoDB's planner does not use such an index for `{field: value}`: every
read and write by a key would walk through the whole collection (tried with 5.2.4 on MongoDB 6.0).
A column that is never null needs no such filter. And a block of reads may see one moment.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import models
from django_mongodb_backend import base
from django_mongodb_backend.schema import DatabaseSchemaEditor


class WholeIndex(models.Index):
    """An index over all documents."""

    def get_pymongo_index_model(self, *arguments: Any, **options: Any) -> Any:
        """Return the backend's own index without the filter."""
        made = super().get_pymongo_index_model(*arguments, **options)  # type: ignore[misc]
        made.document.pop("partialFilterExpression", None)
        return made


class SchemaEditor(DatabaseSchemaEditor):  # type: ignore[misc]  # the backend ships no types
    """Makes unique indexes whole where no column of them may be null."""

    def add_index(
        self,
        model: type[models.Model],
        index: models.Index,
        *,
        unique: bool = False,
        **options: Any,
    ) -> None:
        """Make one index."""
        if unique and index.condition is None and not self._may_be_null(model, index):
            index = WholeIndex(fields=list(index.fields), name=index.name)
        super().add_index(model, index, unique=unique, **options)

    @staticmethod
    def _may_be_null(model: type[models.Model], index: models.Index) -> bool:
        fields = [model._meta.get_field(name) for name, _order in index.fields_orders]
        return any(field.null for field in fields)


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]  # likewise
    """A connection to MongoDB."""

    SchemaEditorClass = SchemaEditor

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let every read in a block see the same moment (read concern "snapshot")."""
        # The backend hands its session to each question, and opens none outside transactions.
        self.session = self.connection.start_session(snapshot=True)
        try:
            yield
        finally:
            self._end_session()
