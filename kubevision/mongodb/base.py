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


@contextmanager
def _unless_gone() -> Iterator[None]:
    """Let the backend find no index where it looks for the one to remove."""
    try:
        yield
    except ValueError as error:
        if "wrong number (0)" not in str(error):
            raise


class WholeIndex(models.Index):
    """An index over all documents."""

    def get_pymongo_index_model(self, *arguments: Any, **options: Any) -> Any:
        """Return the backend's own index without the filter."""
        made = super().get_pymongo_index_model(*arguments, **options)  # type: ignore[misc]
        made.document.pop("partialFilterExpression", None)
        return made


class SchemaEditor(DatabaseSchemaEditor):  # type: ignore[misc]  # the backend ships no types
    """Makes unique indexes whole where no column of them may be null, and goes on where one died.

    A migration is no transaction here: who kills it leaves half of it, and the next try begins it
    anew. An index that is there already is none to make for MongoDB itself.
    """

    def create_model(self, model: type[models.Model]) -> None:
        """Make a collection with its indexes, or complete one that was left without."""
        if model._meta.db_table not in self.connection.introspection.table_names():
            super().create_model(model)
            return
        self._create_model_indexes(model)
        for field in model._meta.local_many_to_many:
            through = field.remote_field.through
            if through is not None and through._meta.auto_created:
                self.create_model(through)

    def _remove_field_index(self, *arguments: Any, **options: Any) -> None:
        with _unless_gone():
            super()._remove_field_index(*arguments, **options)

    def _remove_field_unique(self, *arguments: Any, **options: Any) -> None:
        with _unless_gone():
            super()._remove_field_unique(*arguments, **options)

    def remove_index(self, model: type[models.Model], index: models.Index) -> None:
        """Remove an index, unless it is gone."""
        if index.name in self.get_collection(model._meta.db_table).index_information():
            super().remove_index(model, index)

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
