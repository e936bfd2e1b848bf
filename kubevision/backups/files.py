"""The file a backup is: gzip over lines of JSON, a first line that says what it is, rows, sums.

{"kubevision_backup": 1, "room": "accounts", "made_at": "...", "migration": "0008_...", ...}
{"model": "accounts.device", "pk": "...", "fields": {...}}
{"sums": {"accounts.device": {"rows": 1, "checksum": "..."}}}
"""

import gzip
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from kubevision.backups.problems import NotABackup
from kubevision.backups.rows import AT_ONCE, Row, Sums, line

FORMAT = 1
GZIP_LEVEL = 1  # most of facelogin's rows are ciphertext, which nothing makes smaller


@dataclass(frozen=True)
class Header:
    """What a backup says of itself.

    `migration` is the newest one of the room's app; `is_complete` says that it holds all rows, for
    another database, instead of what a restore brings back.
    """

    room: str
    made_at: datetime
    migration: str
    is_complete: bool
    version: str


def write(path: Path, header: Header, rows: Iterable[tuple[str, Row]]) -> Sums:
    """Write a backup that only its owner reads; a file that is there is whole.

    Raises
    ------
    OSError
        If it cannot be written; no half of it is left.
    """
    partial = path.with_name(f"{path.name}.partial")
    sums = Sums()
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            with gzip.open(raw, "wt", compresslevel=GZIP_LEVEL, encoding="utf-8") as out:
                first = {
                    "kubevision_backup": FORMAT,
                    "room": header.room,
                    "made_at": header.made_at.isoformat(),
                    "migration": header.migration,
                    "is_complete": header.is_complete,
                    "version": header.version,
                }
                out.write(f"{json.dumps(first)}\n")
                for name, row in rows:
                    text = line(row)
                    sums.add(name, text)
                    out.write(f"{text}\n")
                out.write(f"{json.dumps({'sums': sums.as_json()})}\n")
            raw.flush()
            os.fsync(raw.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return sums


def _lines(path: Path) -> Iterator[Any]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from map(json.loads, file)
    except OSError as error:  # gzip's own, too
        raise NotABackup(f"{path} cannot be read: {error.strerror or error}") from None
    except (EOFError, zlib.error):
        raise NotABackup(f"{path} ends too soon or is damaged") from None
    except ValueError:
        raise NotABackup(f"{path} is no backup of KubeVision") from None


def check(path: Path) -> tuple[Header, Sums]:
    """Read a whole backup; return what it says of itself and what it holds.

    Raises
    ------
    NotABackup
        If it is none, or a part of it is missing or was changed.
    """
    lines = _lines(path)
    first = next(lines, None)
    if not isinstance(first, dict) or first.get("kubevision_backup") != FORMAT:
        raise NotABackup(f"{path} is no backup of KubeVision that this version reads")
    header = Header(
        room=first["room"],
        made_at=datetime.fromisoformat(first["made_at"]),
        migration=first["migration"],
        is_complete=first["is_complete"],
        version=first["version"],
    )
    sums, last = Sums(), None
    for last in lines:
        if "model" in last:
            sums.add(last["model"], line(last))
    if not isinstance(last, dict) or last.get("sums") != sums.as_json():
        raise NotABackup(f"{path} ends too soon or was changed: its sums do not fit its rows")
    return header, sums


def read(path: Path) -> Iterator[tuple[str, list[Row]]]:
    """Yield the rows of a backup that was checked: a model's name and some of its rows at a time.

    Raises
    ------
    NotABackup
        If it cannot be read any more.
    """
    rows = (each for each in _lines(path) if "model" in each)
    for name, own in groupby(rows, key=lambda row: str(row["model"])):
        chunk: list[Row] = []
        for row in own:
            chunk.append(row)
            if len(chunk) == AT_ONCE:
                yield name, chunk
                chunk = []
        if chunk:
            yield name, chunk
