"""`manage.py make_admin NAME`: make an administrator, or make one of an existing person."""

import getpass
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import usernames
from accounts.models import User


class Command(BaseCommand):
    """Ask for a password where the person is new; never takes it as an argument."""

    help = "Make an administrator; an existing person keeps password and factors."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the user name."""
        parser.add_argument("username", nargs="?", default="")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make or promote the person."""
        username = usernames.normalise(options["username"] or input("User name: "))
        existing = User.objects.filter(username_key=usernames.key(username)).first()
        if existing is not None:
            User.objects.filter(pk=existing.pk).update(is_staff=True, is_superuser=True)
            self.stdout.write(f"{existing.username} is an administrator now.")
            return
        try:
            usernames.validate(username)
            password = self._read_password()
            validate_password(password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        User.objects.create_superuser(username, password)
        self.stdout.write(f"{username} is an administrator; open /auth/admin/ after signing in.")

    @staticmethod
    def _read_password() -> str:
        """Read it twice from a terminal, once from a pipe."""
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\n")
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Password again: "):
            raise CommandError("The two passwords differ; nothing was made.")
        return password
