"""Making a backup."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

import kubevision
from kubevision.backups import files, rows, tombstones
from kubevision.backups.files import Header
from kubevision.backups.plan import Plan
from kubevision.backups.rows import Row, Sums
from kubevision.backups.snapshots import snapshot

SUFFIX = ".backup"


def newest_migration(room: str, alias: str) -> str:
    """Return the newest migration of a room's app that a database has; empty if it has none."""
    applied = MigrationLoader(connections[alias]).applied_migrations or {}
    return max((name for app, name in applied if app == room), default="")


def make(path: Path, plan: Plan, alias: str, *, is_complete: bool = False) -> Sums:
    """Write a backup of a database as it is at one moment; return what it holds.

    `is_complete`: all rows, for another database, instead of what a restore brings back.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    names = plan.everything() if is_complete else plan.kept
    with snapshot(alias):
        header = Header(
            room=plan.room,
            made_at=timezone.now(),
            migration=newest_migration(plan.room, alias),
            is_complete=is_complete,
            version=kubevision.__version__,
        )
        return files.write(path, header, _rows(names, alias))


def _rows(names: Sequence[str], alias: str) -> Iterator[tuple[str, Row]]:
    for name in names:
        for row in rows.read(name, alias):
            yield name, row


def tombstones_in(folder: Path, room: str) -> Path:
    """Return the file of tombstones that belongs to the backups of a folder."""
    return folder / f"{room}-tombstones.json"


def make_in(
    folder: Path, plan: Plan, alias: str, *, is_complete: bool = False
) -> tuple[Path, Sums]:
    """Write a backup and its room's tombstones into a folder; return the backup and what it holds.

    The tombstones come second: whatever the backup still holds and is gone by then is among them.

    Raises
    ------
    OSError
        If something cannot be written.
    NoTombstones
        If the folder's tombstones are no such file.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = folder / f"{plan.room}-{stamp}{SUFFIX}"
    sums = make(path, plan, alias, is_complete=is_complete)
    tombstones.export(plan.tombstone, plan.room, tombstones_in(folder, plan.room))
    return path, sums


def remove_old(folder: Path, room: str, older_than: timedelta) -> list[Path]:
    """Delete a room's backups that were made before; return them. The newest one always stays."""
    since = (datetime.now(UTC) - older_than).timestamp()
    own = sorted(folder.glob(f"{room}-*{SUFFIX}"), key=lambda path: path.name)
    old = [path for path in own[:-1] if path.stat().st_mtime < since]
    for path in old:
        path.unlink()
    return old
