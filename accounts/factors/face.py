"""The face: tickets for facelogin, its assertions, and how often it may be tried."""

import datetime

from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from accounts import tokens
from accounts.models import FaceTries, Session, SpentToken, User
from accounts.refusals import Refused

TRIES_A_DAY = 10
TRIES_IN_A_ROW = 5
WAIT_AFTER_ROW_SECONDS = 30
# Twenty clicks at once each see the other's write and look again; more is no person.
MAX_CONTENDED_LOOKS = 20


def _today() -> datetime.date:
    return timezone.now().date()


def _tries_of(user: User) -> FaceTries:
    """Return the person's row, made or turned to a new day where needed."""
    try:
        row, _ = FaceTries.objects.get_or_create(user=user, defaults={"day": _today()})
    except IntegrityError:  # another request made it between our look and our write
        row = FaceTries.objects.get(user=user)
    if row.day != _today():
        FaceTries.objects.filter(user=user, day=row.day).update(day=_today(), today=0)
        row.refresh_from_db()
    return row


def remaining_tries(user: User) -> int:
    """Return how many tries the person has left today."""
    return max(0, TRIES_A_DAY - _tries_of(user).today)


def count_try(user: User) -> int:
    """Count one try; return how many are left today.

    Raises
    ------
    Refused
        too_many_attempts, with the seconds to wait.
    """
    for _ in range(MAX_CONTENDED_LOOKS):
        row = _tries_of(user)
        now = timezone.now()
        if row.today >= TRIES_A_DAY:
            midnight = datetime.datetime.combine(
                _today() + datetime.timedelta(days=1), datetime.time(), datetime.UTC
            )
            raise Refused(
                "too_many_attempts", retry_after=int((midnight - now).total_seconds()) + 1
            )
        if row.in_a_row >= TRIES_IN_A_ROW and row.last_at is not None:
            wait = WAIT_AFTER_ROW_SECONDS - (now - row.last_at).total_seconds()
            if wait > 0:
                raise Refused("too_many_attempts", retry_after=int(wait) + 1)
        counted = FaceTries.objects.filter(
            user=user, day=row.day, today=row.today, in_a_row=row.in_a_row
        ).update(today=F("today") + 1, in_a_row=F("in_a_row") + 1, last_at=now)
        if counted:
            return TRIES_A_DAY - row.today - 1
    raise Refused("too_many_attempts", retry_after=1)


def give_back_try(user: User) -> None:
    """Forget the try that led to a match, and the row of failures before it."""
    FaceTries.objects.filter(user=user, today__gt=0).update(today=F("today") - 1)
    FaceTries.objects.filter(user=user).update(in_a_row=0)


def read_assertion(session: Session, token: str, outcome: str) -> tokens.Assertion:
    """Return an assertion that answers this session's newest ticket; it is not spent yet.

    Raises
    ------
    Refused
        assertion_refused for anything else, service_unavailable if facelogin's keys are out of
        reach.
    """
    try:
        assertion = tokens.read_assertion(token)
    except tokens.TokenRefused as refused:
        raise Refused("assertion_refused") from refused
    except tokens.KeysUnavailable as unavailable:
        raise Refused("facelogin_unavailable", retry_after=5) from unavailable
    answers_this_session = (
        assertion.outcome == outcome
        and assertion.user_id == str(session.user_id)
        and session.ticket_jti != ""
        and assertion.nonce == session.ticket_jti
    )
    if not answers_this_session:
        raise Refused("assertion_refused")
    return assertion


def spend(assertion: tokens.Assertion) -> None:
    """Use an assertion up; of twenty at once exactly one gets through.

    Raises
    ------
    Refused
        assertion_refused if it was used before.
    """
    # Kept past its own end by the leeway that its reader allows.
    ends = datetime.datetime.fromtimestamp(assertion.expires_at, datetime.UTC)
    try:
        SpentToken.objects.create(
            jti=assertion.jti, expires_at=ends + datetime.timedelta(minutes=5)
        )
    except IntegrityError:
        raise Refused("assertion_refused") from None
