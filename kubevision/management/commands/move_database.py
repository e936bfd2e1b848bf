"""`manage.py move_database SOURCE_URL`: move a room's rows into the database of these settings."""

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kubevision.backups import making, restoring
from kubevision.backups.plan import Plan, plans
from kubevision.backups.problems import said_in_words
from kubevision.backups.rows import Sums

CHECKSUM_CHARACTERS = 12  # of 64: enough to compare by eye; all of them are compared


class Command(BaseCommand):
    """Fill an empty database with all that another one holds, and compare the two."""

    help = (
        "Copy all rows of a room from SOURCE_URL into the database of these settings, which must "
        "be prepared and empty, and compare counts and checksums. The source stays as it is. Stop "
        "the room first: what is written to the source meanwhile is not moved."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the command line."""
        parser.add_argument("source_url", help="sqlite:///... or mongodb://...")
        parser.add_argument("--source-password-file", type=Path, help="of a mongodb:// source")
        rooms = [plan.room for _alias, plan in plans()]
        parser.add_argument("--room", choices=rooms, required=len(rooms) > 1, default=rooms[0])
        parser.add_argument(
            "--folder", type=Path, help="where the rows lie meanwhile: as much as the source holds"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Move, compare, and say what was moved."""
        alias, plan = next(pair for pair in plans() if pair[1].room == options["room"])
        with (
            said_in_words(),
            tempfile.TemporaryDirectory(dir=options["folder"], prefix="kubevision-") as folder,
        ):
            file = self._read_source(Path(folder), plan, options)
            source, present = restoring.load_complete(file, plan, alias)
        self._compare(plan, source, present)

    @staticmethod
    def _read_source(folder: Path, plan: Plan, options: dict[str, Any]) -> Path:
        """Have the source read by a process of its own: each kind of database has its own models.

        Returns the file that it wrote.
        """
        room = plan.room.upper()
        env = {k: v for k, v in os.environ.items() if not k.endswith("DATABASE_PASSWORD_FILE")}
        env |= {f"{room}_DATABASE_URL": options["source_url"], "PYTHONPATH": str(settings.BASE_DIR)}
        if options["source_password_file"]:
            env[f"{room}_DATABASE_PASSWORD_FILE"] = str(options["source_password_file"])
        command = [sys.executable, "-m", "django", "backup", "--complete", "--room", plan.room]
        done = subprocess.run(  # noqa: S603  (our own command, with our own words)
            [*command, str(folder)], env=env, check=False, capture_output=True, text=True
        )
        found = next(folder.glob(f"*{making.SUFFIX}"), None)
        if done.returncode or found is None:
            said = (done.stderr.strip() or "it said nothing").splitlines()[-1]
            raise CommandError(f"the source cannot be read; nothing was moved. {said}")
        return found

    def _compare(self, plan: Plan, source: Sums, present: Sums) -> None:
        """Print both databases side by side; fail where they differ."""
        expected, found = source.as_json(), present.as_json()
        none = {"rows": 0, "checksum": "0" * 64}
        line = "{:32} {:>9} {:>9}  {:14} {}"
        self.stdout.write(line.format("rows of", "source", "here", "checksum", ""))
        for name in plan.everything():
            there, here = expected.get(name, none), found.get(name, none)
            self.stdout.write(
                line.format(
                    name,
                    there["rows"],
                    here["rows"],
                    there["checksum"][:CHECKSUM_CHARACTERS],
                    "equal" if there == here else f"not {here['checksum'][:CHECKSUM_CHARACTERS]}",
                )
            )
        if expected != found:
            raise CommandError(
                "the two databases differ: do not use this one. Empty it and move again"
            )
        self.stdout.write(f"All of {plan.room} is here. The source was not changed.")
