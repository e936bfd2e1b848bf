"""May this process take work now? The checks that any room can name in READINESS_CHECKS.

A check is a function without arguments. It raises `NotReady`, or returns a note for whoever reads
/readyz, or None. READINESS_NOTES names functions that only have something to tell. None of them
asks another room or Redis: one that is down must not take the rooms beside it out of service.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.utils.module_loading import import_string

from kubevision import databases, draining
from kubevision.expiry import ExpiryIndex

logger = logging.getLogger(__name__)


class NotReady(Exception):  # noqa: N818  (an answer, not a fault)
    """Work must not come here now; the message says why."""


@dataclass
class Readiness:
    """What the checks said: failing ones by name, and what the others had to tell."""

    failing: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def ask() -> Readiness:
    """Run every check of these settings."""
    found = Readiness()
    if draining.is_draining():
        found.failing["draining"] = "this process is stopping and takes no new work"
    for name, check in settings.READINESS_CHECKS.items():
        try:
            note = import_string(check)()
        except NotReady as reason:
            found.failing[name] = str(reason)
        except Exception as error:  # a check that breaks is no reason to send people here
            logger.exception("the readiness check %s broke", name)
            found.failing[name] = f"{type(error).__name__}: {error}"
        else:
            if note:
                found.notes.append(note)
    if not found.failing:  # what they would look at is there
        found.notes += filter(None, map(_note, settings.READINESS_NOTES))
    return found


def _note(name: str) -> str | None:
    try:
        note: str | None = import_string(name)()
    except Exception:  # nobody is kept out because there is nothing to tell
        logger.exception("the note %s broke", name)
        return None
    return note


def check_databases() -> None:
    """Ask whether each database of this room is there, migrated, and keeps unique what must be."""
    for alias in settings.DATABASES:
        connection = connections[alias]
        try:
            if missing := databases.missing_file(connection):
                raise NotReady(f"the database file {missing.name} is missing")
            _check_migrations(connection)
            _check_indexes(connection)
        except databases.errors() as error:
            raise NotReady(cannot_be_read(error)) from error


def cannot_be_read(error: Exception) -> str:
    """Say that a database does not answer."""
    return f"the database cannot be read: {databases.in_a_line(error)}"


def _check_migrations(connection: BaseDatabaseWrapper) -> None:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        first, _is_backwards = plan[0]
        raise NotReady(f"migration {first} is not applied; run `manage.py prepare`")


def _check_indexes(connection: BaseDatabaseWrapper) -> None:
    """Ask for every index that the models declare.

    One-time tokens are spent by unique inserts: without the index every replay would pass. Without
    the others each question would read a whole table.
    """
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            if not router.allow_migrate_model(connection.alias, model) or not model._meta.managed:
                continue
            if table not in present:
                raise NotReady(f"the table {table} is missing")
            constraints = [*connection.introspection.get_constraints(cursor, table).values()]
            unique = {
                tuple(sorted(each["columns"]))
                for each in constraints
                # MongoDB's own key, which the backend lists as "id", is not ours of that name.
                if each["unique"] or (each["primary_key"] and connection.vendor != "mongodb")
            }
            for columns in _unique_columns(model):
                if columns not in unique and columns != ("_id",):
                    raise NotReady(f"{table} has no unique index on {', '.join(columns)}")
            indexed = {tuple(each["columns"]) for each in constraints if each["columns"]}
            for columns in _indexed_columns(model):
                if columns not in indexed:
                    raise NotReady(f"{table} has no index on {', '.join(columns)}")
            if connection.vendor == "mongodb":
                _check_expiry(connection, model)


def _unique_columns(model: type[models.Model]) -> Iterator[tuple[str, ...]]:
    """Yield what the model declares unique: columns, each group in alphabetical order."""
    meta = model._meta
    groups: list[Sequence[str]] = [[one.name] for one in meta.local_fields if one.unique]
    groups += [*meta.unique_together]
    groups += [constraint.fields for constraint in meta.total_unique_constraints]
    for names in groups:
        yield tuple(sorted(_column(model, name) for name in names))


def _indexed_columns(model: type[models.Model]) -> Iterator[tuple[str, ...]]:
    """Yield what the model wants to be found by: columns in the order of each index."""
    meta = model._meta
    for one in meta.local_fields:
        if getattr(one, "db_index", False) and not one.unique:
            yield (_column(model, one.name),)
    for index in meta.indexes:
        yield tuple(_column(model, name) for name, _order in index.fields_orders)


def _check_expiry(connection: BaseDatabaseWrapper, model: type[models.Model]) -> None:
    """Ask whether rows go by themselves when their time is over."""
    table = model._meta.db_table
    made = connection.database[table].index_information()  # type: ignore[attr-defined]
    for index in model._meta.indexes:
        if isinstance(index, ExpiryIndex):
            seconds = made.get(index.name, {}).get("expireAfterSeconds")
            if seconds != index.after.total_seconds():
                raise NotReady(f"{table}: rows do not go by themselves ({index.name})")


def _column(model: type[models.Model], name: str) -> str:
    column: str = model._meta.get_field(name).column  # type: ignore[union-attr, assignment]
    return column


def check_keys() -> None:
    """Ask whether every key file can still be read and holds keys."""
    for name, (path, read) in settings.KEY_FILES.items():
        try:
            read(path)
        except (ImproperlyConfigured, OSError, ValueError) as error:
            raise NotReady(f"{name}: {error}") from error
