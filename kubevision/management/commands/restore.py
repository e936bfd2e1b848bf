"""`manage.py restore FILE`: put a backup in the place of what a room's database holds."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kubevision.backups import files, making, restoring
from kubevision.backups.plan import Plan, plans
from kubevision.backups.problems import said_in_words


class Command(BaseCommand):
    """Restore one room; what was erased, used up or locked since stays so."""

    help = (
        "Put a backup back. Everybody is signed out; what was erased, used up or locked down since "
        "stays so, by the tombstones beside the backup and those of the database. Stop the room "
        "first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the command line."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--tombstones", type=Path, help="another file than the one beside the backup"
        )
        parser.add_argument(
            "--without-tombstones",
            action="store_true",
            help="the file is lost: what was erased since the backup comes back",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Restore and say what came back, and what did not."""
        file: Path = options["file"]
        with said_in_words():
            header, _ = files.check(file)
            for alias, plan in plans():
                if plan.room == header.room:
                    self._restore(file, plan, alias, options)
                    return
        raise CommandError(f"{file} is a backup of {header.room}; these settings have no such room")

    def _restore(self, file: Path, plan: Plan, alias: str, options: dict[str, Any]) -> None:
        if not options["without_tombstones"]:
            beside = making.tombstones_in(file.parent, plan.room)
            restoring.take_in_tombstones(options["tombstones"] or beside, plan)
        sums, settled = restoring.restore(file, plan, alias)
        for name, count in sums.rows.items():
            self.stdout.write(f"{name}: {count} rows")
        for what, count in settled.items():
            self.stdout.write(f"{what}: {count}")
        self.stdout.write("Everybody is signed out.")
