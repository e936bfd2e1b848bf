"""`manage.py backup FOLDER`: write down what each database of these settings holds."""

from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from kubevision.backups import making, tombstones
from kubevision.backups.plan import Plan, plans
from kubevision.backups.problems import said_in_words


class Command(BaseCommand):
    """Make a backup of each room while it goes on working."""

    help = (
        "Write a backup of each room's database into a folder, and beside it the room's "
        "tombstones: what must stay gone when an older backup is restored. Keys are in none; keep "
        "them elsewhere."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the command line."""
        parser.add_argument("folder", type=Path)
        parser.add_argument("--room", help="this one alone, where the settings have several")
        parser.add_argument(
            "--keep-days", type=int, metavar="DAYS", help="delete older backups, but the newest"
        )
        parser.add_argument(
            "--tombstones-only",
            action="store_true",
            help="bring the tombstones up to date, make no backup",
        )
        parser.add_argument(
            "--complete",
            action="store_true",
            help="all rows, sessions included: what move_database takes, and restore does not",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make them and say what they hold."""
        with said_in_words():
            for alias, plan in plans():
                if options["room"] in {None, plan.room}:
                    self._back_up(options["folder"], plan, alias, options)

    def _back_up(self, folder: Path, plan: Plan, alias: str, options: dict[str, Any]) -> None:
        if options["tombstones_only"]:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = making.tombstones_in(folder, plan.room)
            self.stdout.write(f"{file}: {tombstones.export(plan.tombstone, plan.room, file)}")
            return
        path, sums = making.make_in(folder, plan, alias, is_complete=options["complete"])
        self.stdout.write(f"{path}: {sum(sums.rows.values())} rows")
        if options["keep_days"] is not None:
            for old in making.remove_old(folder, plan.room, timedelta(days=options["keep_days"])):
                self.stdout.write(f"{old} deleted")
