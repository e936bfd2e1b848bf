"""What of a room's database a backup holds, and what a restore does with the rest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils.module_loading import import_string

from kubevision.backups.models import Restore, Tombstone


@dataclass(frozen=True)
class Plan:
    """One room's plan; every table of its database is named once, as "app.model".

    Attributes
    ----------
    room : str
        Its name, and the label of the app whose migrations say which version a backup fits.
    kept : tuple of str
        Rows that a backup holds. The last ones are the gate: without them none of the others
        counts. A restore takes them away first and brings them back last, so that nobody gets in
        by half of what was.
    ended : tuple of str
        Rows that are in no backup and gone after a restore: whoever was signed in is not.
    staying : tuple of str
        Rows that are in no backup and that a restore leaves alone: what was spent stays spent.
    made_by_migrate : tuple of str
        Rows that every database has of its own.
    tombstone, restore : model
        The room's own tables of these.
    settle : callable
        Takes away what came back and must not, given when the backup was made; says how many of
        what. It is called before the gate is back and once more after it.
    """

    room: str
    kept: tuple[str, ...]
    ended: tuple[str, ...]
    staying: tuple[str, ...]
    made_by_migrate: tuple[str, ...]
    tombstone: type[Tombstone]
    restore: type[Restore]
    settle: Callable[[datetime], dict[str, int]]

    @property
    def gate(self) -> str:
        """Return the rows without which none of the others counts."""
        return self.kept[-1]

    def everything(self) -> tuple[str, ...]:
        """Return what moves to another database: all rows that no migration makes."""
        return (*self.ended, *self.staying, *self.kept)


def model_of(name: str) -> type[models.Model]:
    """Return a model by its name in a plan; tables between two models have one as well."""
    return apps.get_model(name)


def plans() -> Iterator[tuple[str, Plan]]:
    """Yield the alias of each database of these settings with its room's plan."""
    for alias, name in settings.BACKUPS.items():
        yield alias, import_string(name)
