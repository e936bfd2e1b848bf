"""An index by which MongoDB itself removes rows whose time is over."""

from datetime import timedelta
from typing import Any

from django.db import models


class ExpiryIndex(models.Index):
    """An index on one date; where the database can, rows go so long after it.

    A second line only: housekeeping removes the same rows, and every reader asks the date itself,
    because MongoDB looks once a minute and SQLite never. `after` is the time that nobody may need
    the row for, so no row goes earlier by it than by housekeeping.
    """

    def __init__(self, *fields: str, after: timedelta, **options: Any) -> None:
        self.after = after
        super().__init__(**({"fields": list(fields)} | options))

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        """Return what a migration needs to make it again."""
        path, arguments, options = super().deconstruct()
        return path, arguments, options | {"after": self.after}

    def get_pymongo_index_model(self, *arguments: Any, **options: Any) -> Any:
        """Return the backend's own index with the time added."""
        # The backend adds the method to Django's class when it is loaded.
        made = super().get_pymongo_index_model(*arguments, **options)  # type: ignore[misc]
        made.document["expireAfterSeconds"] = int(self.after.total_seconds())
        return made
