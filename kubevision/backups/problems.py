"""What keeps a backup from being made or put back, said to whoever asked for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from kubevision import databases


class BackupProblem(Exception):  # noqa: N818  (an outcome)
    """The message is a sentence that says what to do."""


class NotABackup(BackupProblem):
    """The file is no backup, or not a whole one."""


class CannotRestore(BackupProblem):
    """It must not be put into this database."""


class NoTombstones(BackupProblem):
    """The file is not one of tombstones of this room."""


@contextmanager
def said_in_words() -> Iterator[None]:
    """Turn what a command cannot do into a sentence and exit status 1."""
    try:
        yield
    except BackupProblem as problem:
        raise CommandError(str(problem)) from None
    except OSError as error:
        what = error.filename or "the file"
        raise CommandError(f"{what} cannot be used: {error.strerror or error}") from None
    except databases.errors() as error:
        raise CommandError(
            f"the database refuses or does not answer: {databases.in_a_line(error)}"
        ) from None
