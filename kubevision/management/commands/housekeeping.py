"""`manage.py housekeeping`: remove what has expired. Safe to run twice at once."""

from typing import Any

from django.core.management.base import BaseCommand

from kubevision import housekeeping


class Command(BaseCommand):
    """Run the room's housekeeping once and say what it removed."""

    help = "Remove what has expired; safe to run twice at once."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print one line a kind of row."""
        for kind, count in housekeeping.run().items():
            self.stdout.write(f"{kind}: {count} removed")
