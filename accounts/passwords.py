"""Password hashing, its rules, and the one check that costs the same for every name."""

from functools import cache

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_CHARACTERS = 128


class Argon2idHasher(Argon2PasswordHasher):
    """Argon2id with 46 MiB, two passes and one lane.

    OWASP's password storage cheat sheet asks for 46 MiB and one pass at least. Django's own
    default of 100 MiB and eight lanes would let twenty people signing in at once take 2 GiB.
    """

    time_cost = 2
    memory_cost = 46 * 1024  # KiB
    parallelism = 1


class MaximumLengthValidator:
    """Refuses passwords so long that hashing them would be a way to waste our time."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raise ValidationError above the limit."""
        if len(password) > MAX_CHARACTERS:
            raise ValidationError(
                _("Use at most %(limit)s characters.") % {"limit": MAX_CHARACTERS}
            )

    def get_help_text(self) -> str:
        """Return the rule as a sentence."""
        return _("Your password can have at most %(limit)s characters.") % {"limit": MAX_CHARACTERS}


@cache
def _nobodys_hash() -> str:
    return make_password("")


def is_correct(password: str, user: AbstractBaseUser | None) -> bool:
    """Compare a password with a person's, or with nobody's at the same cost.

    Exactly one Argon2 verification runs, so that the time taken does not tell which names exist.
    """
    usable = user is not None and user.is_active and user.has_usable_password()
    stored = user.password if user is not None and usable else _nobodys_hash()
    # Over-long input cannot be anybody's password; hashing a part of it keeps the cost equal.
    matches = check_password(password[: MAX_CHARACTERS + 1], stored)
    return usable and matches and len(password) <= MAX_CHARACTERS
