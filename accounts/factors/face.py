"""The face: tickets for facelogin, its assertions, and how often it may be tried."""

import datetime
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from accounts import tokens
from accounts.limits import FACE_TRIES_A_DAY, FACE_TRIES_IN_A_ROW, FACE_WAIT_SECONDS
from accounts.models import FaceTicket, FaceTries, Session, SpentToken, User
from accounts.refusals import Limit, Refused

# Tries that ended without a verdict cost nothing, but not without end: whoever stops every attempt
# early would otherwise have as many as they like.
GIVEN_BACK_A_DAY = 5
CAPTURES_A_DAY = 20  # tickets to enrol or extend: each keeps a camera, a worker and a row busy
DAY_SECONDS = 24 * 3600
VERIFY, ENROL, EXTEND = "verify", "enrol", "extend"
OUTCOMES = {VERIFY: "match", ENROL: "enrolled", EXTEND: "enrolled"}
# The person did nothing wrong, and nothing was learned about their face.
WITHOUT_VERDICT = {"not_started", "server_full", "server_draining", "temporarily_unavailable"}
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
    if row.day < _today():  # never back: the clocks of two copies differ around midnight
        FaceTries.objects.filter(user=user, day=row.day).update(
            day=_today(), today=0, given_back=0, captures=0
        )
        row.refresh_from_db()
    return row


def remaining_tries(user: User) -> int:
    """Return how many tries the person has left today."""
    return max(0, FACE_TRIES_A_DAY - _tries_of(user).today)


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
        if row.today >= FACE_TRIES_A_DAY:
            raise _nothing_left_today("face_tries", FACE_TRIES_A_DAY)
        if row.in_a_row >= FACE_TRIES_IN_A_ROW and row.last_at is not None:
            wait = FACE_WAIT_SECONDS - (now - row.last_at).total_seconds()
            if wait > 0:
                limit = Limit("face_tries_in_a_row", FACE_TRIES_IN_A_ROW)
                raise Refused("too_many_attempts", retry_after=int(wait) + 1, limit=limit)
        counted = FaceTries.objects.filter(
            user=user, day=row.day, today=row.today, in_a_row=row.in_a_row
        ).update(today=F("today") + 1, in_a_row=F("in_a_row") + 1, last_at=now)
        if counted:
            return FACE_TRIES_A_DAY - row.today - 1
    limit = Limit("face_tries", FACE_TRIES_A_DAY, DAY_SECONDS)
    raise Refused("too_many_attempts", retry_after=1, limit=limit)


def _nothing_left_today(name: str, tries: int) -> Refused:
    tomorrow = _today() + datetime.timedelta(days=1)
    midnight = datetime.datetime.combine(tomorrow, datetime.time(), datetime.UTC)
    seconds = int((midnight - timezone.now()).total_seconds()) + 1
    return Refused("too_many_attempts", retry_after=seconds, limit=Limit(name, tries, DAY_SECONDS))


def count_capture(user: User) -> None:
    """Count one ticket to enrol or extend.

    Raises
    ------
    Refused
        too_many_attempts, with the seconds to wait, if the day's were issued.
    """
    row = _tries_of(user)
    left = FaceTries.objects.filter(user=user, captures__lt=CAPTURES_A_DAY)
    if not left.filter(day=row.day).update(captures=F("captures") + 1):
        raise _nothing_left_today("captures", CAPTURES_A_DAY)


def remember_ticket(user: User, purpose: str, jti: str) -> None:
    """Keep a ticket until its end is told."""
    FaceTicket.objects.create(jti=jti, user=user, purpose=purpose)


def _take_ticket(jti: str) -> FaceTicket | None:
    """Return a ticket whose end nobody told before; of two at once one gets it."""
    ticket = FaceTicket.objects.filter(jti=jti).first()
    if ticket is None or not FaceTicket.objects.filter(jti=jti).delete()[0]:
        return None
    return ticket


def count_match(user: User, jti: str) -> None:
    """Forget the try that led to a match, and the row of failures before it."""
    with transaction.atomic():  # or a try is lost with whoever dies in between
        if (ticket := _take_ticket(jti)) is not None:
            _forget(ticket)
    FaceTries.objects.filter(user=user).update(in_a_row=0)


def _forget(ticket: FaceTicket) -> None:
    FaceTries.objects.filter(user=ticket.user_id, day=ticket.issued_at.date(), today__gt=0).update(
        today=F("today") - 1
    )


def _give_back(ticket: FaceTicket) -> bool:
    """Give a try back that ended without a verdict; False beyond the day's limit."""
    tries = FaceTries.objects.filter(
        user=ticket.user_id,
        day=ticket.issued_at.date(),
        today__gt=0,
        given_back__lt=GIVEN_BACK_A_DAY,
    )
    fewer = {"today": F("today") - 1, "given_back": F("given_back") + 1}
    # A match meanwhile has ended the row of failures; then there is nothing to shorten.
    return bool(
        tries.filter(in_a_row__gt=0).update(in_a_row=F("in_a_row") - 1, **fewer)
        or tries.update(**fewer)
    )


@dataclass(frozen=True)
class Heard:
    """The end of an attempt that was told just now: whose, for what, and whether it was free."""

    user: User
    purpose: str
    is_given_back: bool
    is_at_limit: bool


def hear(report: tokens.Report) -> Heard | None:
    """Count the end of an attempt, once; return None if it was told before.

    Raises
    ------
    Refused
        report_refused if the ticket was another person's.
    """
    owner = FaceTicket.objects.filter(jti=report.nonce).values_list("user_id", flat=True).first()
    if owner is not None and str(owner) != report.user_id:
        raise Refused("report_refused")
    with transaction.atomic():  # as above; the report is told again if this fails
        ticket = _take_ticket(report.nonce)
        if ticket is None:
            return None
        is_given_back = ticket.purpose == VERIFY and _count_end(ticket, report)
    return Heard(ticket.user, ticket.purpose, is_given_back, _is_at_limit(ticket.user))


def _count_end(ticket: FaceTicket, report: tokens.Report) -> bool:
    """Give the try back where it is due; return whether it was."""
    if report.outcome == "match":  # told before the person's assertion came
        _forget(ticket)
        return True
    had_no_verdict = report.outcome in WITHOUT_VERDICT or (
        report.outcome == "cancelled" and report.accepted_frames == 0
    )
    return had_no_verdict and _give_back(ticket)


def _is_at_limit(user: User) -> bool:
    """Say whether the person's next try has to wait: just now, not for long since."""
    row = _tries_of(user)
    return row.in_a_row == FACE_TRIES_IN_A_ROW or row.today == FACE_TRIES_A_DAY


def forget_tries(user: User) -> None:
    """Let the person try their face again at once: an administrator says so."""
    FaceTries.objects.filter(user=user).update(today=0, in_a_row=0)


def read_assertion(session: Session, token: str, purpose: str) -> tokens.Assertion:
    """Return an assertion that answers this session's newest ticket; it is not spent yet.

    What the ticket was for is bound by the ticket: an enrolment and an extension both end as
    `enrolled`, and neither passes for the other.

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
        session.ticket_purpose == purpose
        and assertion.outcome == OUTCOMES[purpose]
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
        with transaction.atomic():  # a refusal must not end what is around it
            SpentToken.objects.create(
                jti=assertion.jti, expires_at=ends + datetime.timedelta(minutes=5)
            )
    except IntegrityError:
        raise Refused("assertion_refused") from None
