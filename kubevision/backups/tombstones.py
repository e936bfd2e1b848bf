"""Remembering what must stay gone, in the database and in a file beside the backups."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from kubevision import whole_files
from kubevision.backups.models import TOMBSTONE_LIFE, Tombstone
from kubevision.backups.problems import NoTombstones

# Of the copies that write tombstones and the process that made the backup; more than a minute
# lets no sign-in through (quality.md, section 6).
CLOCKS_APART = timedelta(minutes=2)
KEYS_AT_ONCE = 500  # SQLite takes 999 in one question


@dataclass(frozen=True)
class Gone:
    """One entry: what kind, which, and since when."""

    kind: str
    key: str
    at: datetime


def put(model: type[Tombstone], kind: str, *keys: object) -> None:
    """Remember that these are gone, from now on."""
    for key in keys:
        _put(model, Gone(kind, str(key), timezone.now()))


def _put(model: type[Tombstone], gone: Gone) -> None:
    own = model._default_manager.filter(kind=gone.kind, key=gone.key)
    try:
        with transaction.atomic(using=own.db):  # a refusal must not end what is around it
            model._default_manager.create(kind=gone.kind, key=gone.key, at=gone.at)
    except IntegrityError:  # it was gone before
        own.filter(at__lt=gone.at).update(at=gone.at)


def remove_old(model: type[Tombstone]) -> int:
    """Forget what no backup may hold any more; return how many."""
    return model._default_manager.filter(at__lte=timezone.now() - TOMBSTONE_LIFE).delete()[0]


def gone_since(model: type[Tombstone], kind: str, made_at: datetime) -> dict[str, datetime]:
    """Return what of a kind a backup of that time may hold and must not: keys, and since when."""
    rows = model._default_manager.filter(kind=kind, at__gt=made_at - CLOCKS_APART)
    return dict(rows.values_list("key", "at").iterator())


def in_parts(keys: Iterable[str]) -> Iterator[list[str]]:
    """Yield many keys as lists that fit into one question."""
    remaining = list(keys)
    while remaining:
        yield remaining[:KEYS_AT_ONCE]
        del remaining[:KEYS_AT_ONCE]


def export(model: type[Tombstone], room: str, path: Path) -> int:
    """Add what the database remembers to a file; return how many entries the file has then.

    What the file alone has stays in it: the database may be a younger one.

    Raises
    ------
    NoTombstones
        If there is a file already, and it is none of this room's.
    """
    rows = model._default_manager.values_list("kind", "key", "at").iterator()
    entries = [*(read(path, room) if path.exists() else []), *(Gone(*row) for row in rows)]
    latest: dict[tuple[str, str], Gone] = {}
    since = timezone.now() - TOMBSTONE_LIFE
    for entry in sorted(entries, key=lambda each: each.at):
        if entry.at > since:
            latest[entry.kind, entry.key] = entry
    content = {
        "room": room,
        "tombstones": [
            {"kind": each.kind, "key": each.key, "at": each.at.isoformat()}
            for each in latest.values()
        ],
    }
    whole_files.write(path, f"{json.dumps(content, indent=1)}\n".encode())
    return len(latest)


def read(path: Path, room: str) -> list[Gone]:
    """Return the entries of a file.

    Raises
    ------
    NoTombstones
        If it is none of this room's.
    """
    try:
        content: Any = json.loads(path.read_text())
        if content["room"] != room:
            raise NoTombstones(f"{path} holds the tombstones of {content['room']}, not of {room}")
        return [
            Gone(each["kind"], each["key"], datetime.fromisoformat(each["at"]))
            for each in content["tombstones"]
        ]
    except OSError as error:
        raise NoTombstones(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise NoTombstones(f"{path} is no file of tombstones") from None


def take_in(model: type[Tombstone], entries: Iterable[Gone]) -> None:
    """Remember in the database what a file remembers."""
    for entry in entries:
        _put(model, entry)
