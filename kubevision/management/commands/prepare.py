"""`manage.py prepare`: make every database of this settings module ready."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Migrate each database; says nothing when there is nothing to do."""

    help = "Migrate every database of these settings."

    def handle(self, *_args: Any, **options: Any) -> None:
        """Migrate one after the other."""
        for alias in settings.DATABASES:
            call_command("migrate", database=alias, interactive=False, verbosity=0)
