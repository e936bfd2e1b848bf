"""`manage.py renew_template_key`: a new service key, while people sign in."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from facelogin import crypto
from facelogin.services import key_renewal


class Command(BaseCommand):
    """Renew the key that wraps everybody's own keys."""

    help = (
        "Make a new template key, wrap everybody's own key by it, take the old one away. Backups "
        "made before do not open any more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the command line."""
        parser.add_argument(
            "--rewrap-only",
            action="store_true",
            help="leave TEMPLATE_KEY_FILE alone, which comes from elsewhere (a Secret): it holds "
            "the new key in front of the old one already",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it and say what was done."""
        path = settings.FACELOGIN_TEMPLATE_KEY_FILE
        try:
            done = key_renewal.rewrap() if options["rewrap_only"] else key_renewal.renew()
        except OSError as error:
            raise CommandError(
                f"{path} cannot be replaced ({error.strerror}); nothing has changed. Where the "
                "file comes from elsewhere, put a new key in front there "
                "(`python -m kubevision.keys renew FILE`) and use --rewrap-only"
            ) from None
        except crypto.CannotOpen as error:
            raise CommandError(f"{error}; nothing has changed") from None
        self.stdout.write(f"{done.wrapped} people's keys are wrapped by the new template key.")
        if done.lost:
            self.stdout.write(
                f"{done.lost} opened with none of the keys of {path}: those people enrol anew."
            )
        if options["rewrap_only"]:
            self.stdout.write(
                "Now take the old key away (`python -m kubevision.keys retire FILE`), and destroy "
                "what copies of it you have."
            )
        else:
            self.stdout.write(
                "The old key is gone. Backups made before do not open any more: make a new one."
            )
