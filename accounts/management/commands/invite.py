"""`manage.py invite`: make a code for a new account."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import mails
from accounts.refusals import Refused
from accounts.services import invitations


class Command(BaseCommand):
    """Print a code that makes an account, good once and for a week."""

    help = "Make a code that makes an account; it is printed once, and mailed if possible."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whom it is for."""
        parser.add_argument("--username", default="", help="the only name it is good for")
        parser.add_argument("--email", default="", help="where to mail it")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make it."""
        email = options["email"]
        try:
            code = invitations.invite(None, username=options["username"], email=email)
        except Refused as refused:
            sentences = (refused.errors or {"": ["This user name is taken."]}).values()
            raise CommandError(
                " ".join(str(each) for group in sentences for each in group)
            ) from None
        self.stdout.write(code)
        if email:
            sent = "It is mailed, too." if mails.is_possible() else "No mail server is set."
            self.stderr.write(f"Good once, for a week, at /invite. {sent}")
