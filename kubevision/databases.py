"""What it looks like when a database does not answer, whichever it is."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

MONGODB = "kubevision.mongodb"
RETRY_SECONDS = 5  # an election of a new primary takes about twice this


def in_a_line(error: Exception) -> str:
    """Return what an error says; the driver describes every server it knows of, over many lines."""
    return str(error).partition(",")[0] or type(error).__name__


def missing_file(connection: BaseDatabaseWrapper) -> Path | None:
    """Return the file of a database whose file is gone: SQLite would make an empty one if asked."""
    if connection.vendor != "sqlite" or connection.is_in_memory_db():  # type: ignore[attr-defined]
        return None
    path = Path(connection.settings_dict["NAME"])
    return None if path.is_file() else path


def ask_none_that_is_gone() -> None:
    """Keep a thread that works by the clock from making an empty file of a database that is gone.

    Raises
    ------
    django.db.OperationalError
        If the file of a database is gone.
    """
    for connection in connections.all():
        if missing := missing_file(connection):
            raise OperationalError(f"the database file {missing.name} is missing")


@cache
def errors() -> tuple[type[Exception], ...]:
    """Return what is raised then; asked late, because settings may not be there before."""
    if all(database["ENGINE"] != MONGODB for database in settings.DATABASES.values()):
        return (DatabaseError,)
    from pymongo.errors import PyMongoError  # noqa: PLC0415  (not every room has the driver)

    # The backend turns most of the driver's errors into Django's, not all.
    return (DatabaseError, PyMongoError)
