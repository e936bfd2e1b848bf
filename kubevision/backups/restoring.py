"""Putting a backup back, so that nothing comes back with it that must stay gone."""

from pathlib import Path

from django.db import connections, models, transaction
from django.utils import timezone

from kubevision.backups import files, rows, tombstones
from kubevision.backups.files import Header
from kubevision.backups.making import newest_migration
from kubevision.backups.models import TOMBSTONE_LIFE
from kubevision.backups.plan import Plan, model_of
from kubevision.backups.problems import CannotRestore
from kubevision.backups.rows import Sums


def restore(path: Path, plan: Plan, alias: str) -> tuple[Sums, dict[str, int]]:
    """Put a backup in the place of what a database holds; return what came and what went again.

    Sessions end. Spent tokens, counters and tombstones stay as they are. On SQLite all of it is one
    transaction; MongoDB has the room say "not ready" until a restore came to its end.

    Raises
    ------
    NotABackup
        If the file is none, or not a whole one; nothing was changed.
    CannotRestore
        If it does not fit; nothing was changed.
    """
    header, sums = _fitting(path, plan, alias)
    if header.is_complete:
        raise CannotRestore(f"{path} was made by move_database, which also takes it")
    if header.made_at < timezone.now() - TOMBSTONE_LIFE:
        raise CannotRestore(
            f"{path} is older than {TOMBSTONE_LIFE.days} days: what was erased since may have been "
            "forgotten, and would come back"
        )
    mark = plan.restore._default_manager.using(alias).create(
        source=path.name[:255], made_at=header.made_at
    )
    try:
        with transaction.atomic(using=alias):  # on MongoDB it does nothing
            # The gate first: from here on nobody gets in.
            for name in (plan.gate, *plan.ended, *reversed(plan.kept[:-1])):
                _delete_all(name, alias)
            settled = _load(path, header, plan, alias)
            # Who was let in meanwhile is out again.
            for name in plan.ended:
                _delete_all(name, alias)
    except BaseException:
        if connections[alias].features.supports_transactions:  # nothing happened
            mark.delete()
        raise
    marks = plan.restore._default_manager.using(alias)
    marks.filter(pk=mark.pk).update(finished_at=timezone.now())
    marks.filter(finished_at=None).delete()  # one that came to no end is done over with this one
    return sums, settled


def _fitting(path: Path, plan: Plan, alias: str) -> tuple[Header, Sums]:
    header, sums = files.check(path)
    if header.room != plan.room:
        raise CannotRestore(f"{path} is a backup of {header.room}, not of {plan.room}")
    present = newest_migration(plan.room, alias)
    if not present:
        raise CannotRestore("the database has no tables yet; run `manage.py prepare` first")
    if header.migration != present:
        raise CannotRestore(
            f"{path} was made by version {header.version}, whose database had {header.migration}; "
            f"this one has {present}. Restore it with that version, then upgrade"
        )
    return header, sums


def _all(name: str, alias: str) -> "models.QuerySet[models.Model]":
    return model_of(name)._base_manager.using(alias).all()


def _delete_all(name: str, alias: str) -> None:
    """Delete a model's rows and nothing else: a cascade would take a person's factors first."""
    _all(name, alias)._raw_delete(alias)


def _load(path: Path, header: Header, plan: Plan, alias: str) -> dict[str, int]:
    """Insert a backup's rows and take away again what must stay gone."""
    settled: dict[str, int] = {}
    is_before_the_gate = True
    for name, chunk in files.read(path):
        if name == plan.gate and is_before_the_gate:
            is_before_the_gate = False
            settled = plan.settle(header.made_at)
        rows.write(name, chunk, alias)
    for what, count in plan.settle(header.made_at).items():
        settled[what] = settled.get(what, 0) + count
    return settled


def take_in_tombstones(path: Path, plan: Plan) -> None:
    """Let the database remember what a file of tombstones does.

    Raises
    ------
    NoTombstones
        If it is no such file of this room.
    """
    tombstones.take_in(plan.tombstone, tombstones.read(path, plan.room))


def load_complete(path: Path, plan: Plan, alias: str) -> tuple[Sums, Sums]:
    """Fill an empty database with all rows of another one; return what came and what is there.

    Raises
    ------
    NotABackup, CannotRestore
        As `restore`; the database must be empty besides.
    """
    header, sums = _fitting(path, plan, alias)
    if not header.is_complete:
        raise CannotRestore(f"{path} is a backup; put it back with restore")
    for name in plan.everything():
        if _all(name, alias).exists():
            raise CannotRestore(
                f"the database has rows already ({name}); an installation moves into an empty one"
            )
    with transaction.atomic(using=alias):
        for name, chunk in files.read(path):
            rows.write(name, chunk, alias)
    return sums, Sums.of(plan.everything(), alias)
