"""How often things may be tried (quality.md, section 3).

Counted in the database, so that no restart and no second copy forgets it. Wrong tries count, right
ones and refused ones never do. The counters hold hashes: a name that somebody typed may well be a
password.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts import lives
from accounts.models import TryCounter
from accounts.refusals import Limit, Refused
from accounts.tokens import fingerprint

MINUTE, HOUR = 60, 3600  # seconds


@dataclass(frozen=True)
class Row:
    """Wrong tries in a row: some are free, then there is a wait before each, doubling.

    `first_wait` and `longest_wait` are seconds.
    """

    name: str
    free: int
    first_wait: int
    longest_wait: int

    def wait_after(self, wrong: int) -> int:
        """Return the seconds to wait after so many wrong ones in a row."""
        if wrong < self.free:
            return 0
        # No exponent beyond what reaches the longest wait: the count may go on for years.
        doublings = min(wrong - self.free, self.longest_wait.bit_length())
        return int(min(self.first_wait * 2**doublings, self.longest_wait))


@dataclass(frozen=True)
class Window:
    """At most so many in a time that begins with the first of them, in seconds."""

    name: str
    most: int
    seconds: int


PASSWORD_HERE = Row("password_here", 5, 1, 15 * MINUTE)  # a name from one address
PASSWORD_DEVICE = Row("password_device", 5, 1, 15 * MINUTE)  # a name from a browser it knows
PASSWORD_ANYWHERE = Row("password_anywhere", 100, 15 * MINUTE, 15 * MINUTE)  # a name
CODE = Row("code", 5, 1, 15 * MINUTE)  # a person's TOTP and recovery codes
WRONG_FROM_ADDRESS = Window("wrong_from_address", 30, MINUTE)  # passwords and invitations
REGISTRATIONS_A_MINUTE = Window("registrations_a_minute", 30, MINUTE)
REGISTRATIONS_AN_HOUR = Window("registrations_an_hour", 300, HOUR)
NAMES_TAKEN = Window("names_taken", 10, MINUTE)  # or registration would list who is here
# Counted where a day and given-back tries are (accounts.factors.face).
FACE_TRIES_A_DAY = 10
FACE_TRIES_IN_A_ROW = 5
FACE_WAIT_SECONDS = 30  # before each try after such a row

# Tries at one counter are judged one after another in a process, or twenty at once would each find
# the counter as it was before them. Other copies are not held up by this: so many copies, so many
# tries more at the most, once.
_LOCKS = tuple(threading.Lock() for _ in range(64))


@dataclass(frozen=True)
class Counter:
    """One rule for one subject: this name, this address."""

    rule: Row | Window
    key: str
    subject: str = ""

    @classmethod
    def of(cls, rule: Row | Window, *parts: object, subject: str = "") -> "Counter":
        """Return the counter of a rule for what the parts name."""
        # No part can be mistaken for two: their lengths are in the hash.
        spelled = "".join(f"{len(str(part))}:{part}" for part in (rule.name, *parts))
        return cls(rule, fingerprint(f"tries {spelled}"), subject)


@contextmanager
def one_at_a_time(counter: Counter) -> Iterator[None]:
    """Judge tries at this counter one after another, as far as this process goes."""
    with _LOCKS[int(counter.key[:8], 16) % len(_LOCKS)]:
        yield


def admit(counters: Iterable[Counter]) -> None:
    """Let a try through, or refuse it; a refused one counts nowhere.

    Where there is a wait before each try, passing uses the present one up: of many at once, in many
    copies, one gets through.

    Raises
    ------
    Refused
        too_many_attempts, with the seconds to wait.
    """
    now = timezone.now()
    at_limit: list[tuple[Counter, TryCounter]] = []
    for counter in counters:
        row = TryCounter.objects.filter(key=counter.key).first()
        if row is None:
            continue
        wait = _seconds_left(counter.rule, row, now)
        if wait > 0:
            raise _too_many(counter.rule, wait)
        if isinstance(counter.rule, Row) and counter.rule.wait_after(row.count):
            at_limit.append((counter, row))
    for counter, row in at_limit:
        unchanged = TryCounter.objects.filter(key=counter.key, count=row.count, last_at=row.last_at)
        if not unchanged.update(last_at=now):
            raise _too_many(counter.rule, 1)


def _seconds_left(rule: Row | Window, row: TryCounter, now: datetime) -> float:
    if isinstance(rule, Row):
        return rule.wait_after(row.count) - (now - row.last_at).total_seconds()
    is_full = row.count >= rule.most
    return rule.seconds - (now - row.since).total_seconds() if is_full else 0


def _too_many(rule: Row | Window, wait: float) -> Refused:
    limit = (
        Limit(rule.name, rule.free)
        if isinstance(rule, Row)
        else Limit(rule.name, rule.most, rule.seconds)
    )
    return Refused("too_many_attempts", retry_after=ceil(wait), limit=limit)


def count(counter: Counter) -> bool:
    """Count one; return whether this one reached the limit."""
    now = timezone.now()
    rows = TryCounter.objects.filter(key=counter.key)
    if isinstance(counter.rule, Window):
        ended = now - timedelta(seconds=counter.rule.seconds)
        if rows.filter(since__lte=ended).update(count=1, since=now, last_at=now):
            return counter.rule.most == 1
    more = {"count": F("count") + 1, "last_at": now}
    if not rows.update(**more):
        try:
            with transaction.atomic():
                TryCounter.objects.create(
                    key=counter.key, subject=counter.subject, count=1, since=now, last_at=now
                )
        except IntegrityError:  # another try made the row between our look and our write
            rows.update(**more)
    limit = counter.rule.free if isinstance(counter.rule, Row) else counter.rule.most
    return rows.filter(count=limit).exists()


def clear(counters: Iterable[Counter]) -> None:
    """Forget what was counted: a right try ends a row of wrong ones."""
    TryCounter.objects.filter(key__in=[counter.key for counter in counters]).delete()


def clear_subject(subject: str) -> int:
    """Forget all that was counted about somebody, wherever it came from."""
    return TryCounter.objects.filter(subject=subject).delete()[0]


def remove_old() -> int:
    """Remove counters that nothing was added to for a day."""
    return TryCounter.objects.filter(last_at__lte=timezone.now() - lives.TRIES).delete()[0]
