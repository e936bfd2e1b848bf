"""`manage.py reset_code NAME`: make a code for a new password."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import usernames
from accounts.models import User
from accounts.services import invitations


class Command(BaseCommand):
    """Print a code that sets a new password, good once and for a week."""

    help = "Make a code that sets a person's password; it skips no second factor."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the user name."""
        parser.add_argument("username")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make it."""
        key = usernames.key(options["username"])
        user = User.objects.filter(username_key=key).first()
        if user is None:
            raise CommandError(f"There is nobody called {options['username']}.")
        self.stdout.write(invitations.make_reset_code(None, user))
