"""Making an account."""

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from accounts import usernames
from accounts.models import User
from accounts.refusals import Refused


def register(username: str, password: str, *, email: str = "", display_name: str = "") -> User:
    """Insert a new person.

    Raises
    ------
    Refused
        registration_closed, invalid_input with the fields' sentences, or username_taken.
    """
    if settings.ACCOUNTS_REGISTRATION == "closed":
        raise Refused("registration_closed")
    errors: dict[str, list[str]] = {}
    try:
        usernames.validate(usernames.normalise(username))
    except ValidationError as error:
        errors["username"] = error.messages
    try:
        validate_password(password, User(username=username, email=email))
    except ValidationError as error:
        errors["password"] = error.messages
    if errors:
        raise Refused("invalid_input", errors=errors)
    try:
        return User.objects.create_user(username, password, email=email, display_name=display_name)
    except IntegrityError:
        raise Refused("username_taken") from None
