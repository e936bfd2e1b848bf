"""Writes files that are whole or not there: whoever writes may be killed at any moment."""

import os
from pathlib import Path

OWNER_ALONE = 0o600
EVERYBODY = 0o644


def write(path: Path, content: bytes, mode: int = OWNER_ALONE) -> None:
    """Write a file beside its place and move it there."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    unfinished.rename(path)
