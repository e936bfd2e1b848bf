"""Judging a password: one Argon2 verification, counted where it is wrong."""

from accounts import devices, events, limits, passwords
from accounts.events import Kind
from accounts.limits import Counter
from accounts.models import User
from accounts.refusals import Refused
from accounts.services.visitors import Client


def subject(username_key: str) -> str:
    """Return what all counters about a name are found by."""
    return Counter.of(limits.PASSWORD_ANYWHERE, username_key).key


def check(username_key: str, user: User | None, password: str, client: Client) -> None:
    """Let a right password of this name pass; a name without a person has none.

    A browser that this person signed in with before has a counter of its own. Whoever guesses from
    elsewhere neither locks it nor learns of it.

    Raises
    ------
    Refused
        too_many_attempts, without looking at the password; invalid_credentials, the same for an
        unknown name, a wrong password and a disabled account.
    """
    rows, window = _counters(username_key, user, client)
    every = [*rows, *window]
    with limits.one_at_a_time(rows[0]):
        limits.admit(every)
        if passwords.is_correct(password, user):
            limits.clear(rows)
            return
        reached = [counter.rule.name for counter in every if limits.count(counter)]
    events.record(Kind.PASSWORD_REFUSED, user)
    for name in reached:
        if name != limits.WRONG_FROM_ADDRESS.name:  # that is about no account
            events.record(Kind.LOCKED, user, limit=name)
    raise Refused("invalid_credentials")


def _counters(
    username_key: str, user: User | None, client: Client
) -> tuple[list[Counter], list[Counter]]:
    """Return the rows and windows that a try is counted in."""
    about = subject(username_key)
    device = devices.known(client.device_token, user)
    if device is not None:
        return [Counter.of(limits.PASSWORD_DEVICE, device.pk, subject=about)], []
    return [
        Counter.of(limits.PASSWORD_HERE, username_key, client.address, subject=about),
        Counter.of(limits.PASSWORD_ANYWHERE, username_key, subject=about),
    ], [Counter.of(limits.WRONG_FROM_ADDRESS, client.address)]


def forget(user: User) -> int:
    """Forget all wrong passwords of a person's name, wherever they came from."""
    return limits.clear_subject(subject(user.username_key))
