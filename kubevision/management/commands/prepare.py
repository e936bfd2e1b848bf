"""`manage.py prepare`: make every database of this settings module ready."""

import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from kubevision import databases

# Several copies of a room prepare at once when it is started: who meets another's change in the
# middle fails, and finds it done the next time.
TRIES = 10
PAUSE_SECONDS = 3.0


class Command(BaseCommand):
    """Migrate each database; says nothing when there is nothing to do."""

    help = "Migrate every database of these settings; safe to run several times at once."

    def handle(self, *_args: Any, **options: Any) -> None:
        """Migrate one after the other."""
        for alias in settings.DATABASES:
            # An index over many rows takes longer than anybody may wait for an answer.
            connections[alias].settings_dict["OPTIONS"].pop("timeoutMS", None)
            self._migrate(alias)

    @staticmethod
    def _migrate(alias: str) -> None:
        for left in reversed(range(TRIES)):
            try:
                call_command("migrate", database=alias, interactive=False, verbosity=0)
            except databases.errors() as error:
                connections[alias].close()
                if not left:
                    raise CommandError(
                        "the database cannot be prepared: "
                        f"{databases.in_a_line(error)}. It is tried again where something starts "
                        "this command again"
                    ) from None
                time.sleep(PAUSE_SECONDS)
            else:
                return
