"""Makes the secrets of a room: `python -m kubevision.first_start.keys FOLDER/NAME...`.

Those that are missing are made, once: each folder keeps a list of what was made in it. A file on
the list that is gone is not replaced, because another key cannot open what the lost one sealed.
"""

import argparse
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from kubevision import keys, whole_files

LIST = "made"
MEMBERS_KEY = "members.key"


def _new_password() -> bytes:
    return secrets.token_urlsafe(32).encode() + b"\n"


def _new_members_key() -> bytes:
    """Return what members of a replica set know each other by: letters of base64, up to 1024."""
    return secrets.token_urlsafe(96).replace("-", "+").replace("_", "/").encode() + b"\n"


MAKERS: dict[str, Callable[[], bytes]] = {
    **keys.MAKERS,
    "database.password": _new_password,
    MEMBERS_KEY: _new_members_key,
}
# mongod runs under another number than we: its key lies alone in a folder that it may look into.
MODES = {MEMBERS_KEY: whole_files.EVERYBODY}


class Gone(Exception):  # noqa: N818  (an outcome)
    """A key that was made here is not here any more; the message says what to do."""


def make_missing(folder: Path, names: list[str]) -> list[str]:
    """Make the files that were never made; return their names.

    Raises
    ------
    Gone
        If one was made before and is not there any more.
    """
    made_before = (folder / LIST).read_text().split() if (folder / LIST).exists() else []
    missing = [name for name in names if not (folder / name).is_file()]
    if gone := [name for name in missing if name in made_before]:
        raise Gone(
            f"{', '.join(gone)} is gone from {folder}, and what it sealed or guards cannot be "
            "opened with another one. Put it back from your copy, or begin anew without any data "
            "(compose: make down DATA=delete; a cluster: docs/operations.md, Remove)"
        )
    for name in missing:
        whole_files.write(folder / name, MAKERS[name](), MODES.get(name, whole_files.OWNER_ALONE))
    whole_files.write(folder / LIST, "".join(f"{name}\n" for name in names).encode())
    return missing


def main() -> int:
    """Make what the command line names; 1 and a sentence if something was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", nargs="+", type=Path)
    paths = parser.parse_args().path
    if unknown := {path.name for path in paths} - MAKERS.keys():
        parser.error(f"nobody makes {', '.join(unknown)}; there are {', '.join(MAKERS)}")
    try:
        for folder in dict.fromkeys(path.parent for path in paths):
            names = [path.name for path in paths if path.parent == folder]
            for name in make_missing(folder, names):
                print(f"made {folder / name}")
            if set(names) <= MODES.keys():
                folder.chmod(0o755)
    except Gone as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
