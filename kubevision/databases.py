"""What it looks like when a database does not answer, whichever it is."""

from functools import cache

from django.conf import settings
from django.db import DatabaseError

MONGODB = "kubevision.mongodb"
RETRY_SECONDS = 5  # an election of a new primary takes about twice this


def in_a_line(error: Exception) -> str:
    """Return what an error says; the driver describes every server it knows of, over many lines."""
    return str(error).partition(",")[0] or type(error).__name__


@cache
def errors() -> tuple[type[Exception], ...]:
    """Return what is raised then; asked late, because settings may not be there before."""
    if all(database["ENGINE"] != MONGODB for database in settings.DATABASES.values()):
        return (DatabaseError,)
    from pymongo.errors import PyMongoError  # noqa: PLC0415  (not every room has the driver)

    # The backend turns most of the driver's errors into Django's, not all.
    return (DatabaseError, PyMongoError)
