"""Making an account."""

from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import events, limits, usernames
from accounts.events import Kind
from accounts.limits import Counter
from accounts.models import User
from accounts.refusals import Refused
from accounts.services import profile
from accounts.services.visitors import Client


def check_username(username: str) -> str:
    """Return a name as it is kept.

    Raises
    ------
    Refused
        invalid_input with what is wrong with it.
    """
    if not username:
        raise Refused("invalid_input", errors={"username": [_("This field is required.")]})
    name = usernames.normalise(username)
    try:
        usernames.validate(name)
    except ValidationError as error:
        raise Refused("invalid_input", errors={"username": error.messages}) from None
    return name


def register(
    username: str, password: str, client: Client, *, email: str = "", display_name: str = ""
) -> User:
    """Insert a new person.

    Raises
    ------
    Refused
        registration_closed, invalid_input with the fields' sentences, username_taken, or
        too_many_attempts.
    """
    if settings.ACCOUNTS_REGISTRATION == "closed":
        raise Refused("registration_closed")
    errors: dict[str, Sequence[object]] = {}
    for check in (
        lambda: check_username(username),
        lambda: profile.check_password_rules(password, "password", User(username=username)),
    ):
        try:
            check()
        except Refused as refused:
            errors |= refused.errors or {}
    if errors:
        raise Refused("invalid_input", errors=errors)
    taken = Counter.of(limits.NAMES_TAKEN, client.address)
    _count_registration(client, taken)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                username, password, email=email, display_name=display_name
            )
    except IntegrityError:
        limits.count(taken)
        raise Refused("username_taken") from None
    events.record(Kind.REGISTERED, user)
    return user


def _count_registration(client: Client, taken: Counter) -> None:
    each = [
        Counter.of(rule, client.address)
        for rule in (limits.REGISTRATIONS_A_MINUTE, limits.REGISTRATIONS_AN_HOUR)
    ]
    with limits.one_at_a_time(each[0]):
        limits.admit([*each, taken])
        for counter in each:
            limits.count(counter)
