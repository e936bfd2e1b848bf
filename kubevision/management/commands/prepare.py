"""`manage.py prepare`: make every database of this settings module ready."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Migrate each database; says nothing when there is nothing to do."""

    help = "Migrate every database of these settings."

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make the folders of SQLite files, then migrate."""
        for alias, config in settings.DATABASES.items():
            if config["ENGINE"] == "django.db.backends.sqlite3":
                Path(config["NAME"]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            call_command("migrate", database=alias, interactive=False, verbosity=0)
