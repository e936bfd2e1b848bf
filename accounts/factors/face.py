"""The face: tickets for facelogin, its assertions, and how often it may be tried."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

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
# A ticket whose end is known is removed in the same breath; these are the few in between.
ENDED_TICKETS_KEPT = 20


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
                raise Refused("too_many_attempts", retry_after=ceil(wait), limit=limit)
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


def count_match(user: User, jti: str) -> None:
    """Forget the try that led to a match, and the row of failures before it."""
    ticket = FaceTicket.objects.filter(jti=jti).first()
    if ticket is not None:
        _end(ticket, _forgotten)
    FaceTries.objects.filter(user=user).update(in_a_row=0)


def _end(ticket: FaceTicket, change: Callable[[FaceTries], dict[str, int]]) -> bool | None:
    """Count a ticket's end once, whoever tells it and how often; None if it was told before.

    `change` says what of the counted tries it alters. The row that counts them also names the
    tickets whose end it holds, so that both are one write. The ticket goes after it: who dies in
    between leaves one whose end is told again, and known.
    """
    for _ in range(MAX_CONTENDED_LOOKS):
        row = _tries_of(ticket.user)
        ended = row.ended_tickets.split()
        if ticket.jti in ended:
            FaceTicket.objects.filter(jti=ticket.jti).delete()
            return None
        changed = change(row) if row.day == ticket.issued_at.date() else {}
        as_read = FaceTries.objects.filter(
            user=ticket.user_id,
            day=row.day,
            today=row.today,
            in_a_row=row.in_a_row,
            given_back=row.given_back,
            ended_tickets=row.ended_tickets,
        )
        ended = [*ended, ticket.jti][-ENDED_TICKETS_KEPT:]
        if as_read.update(ended_tickets=" ".join(ended), **changed):
            FaceTicket.objects.filter(jti=ticket.jti).delete()
            return bool(changed)
    raise Refused("temporarily_unavailable", retry_after=1)


def _unchanged(_row: FaceTries) -> dict[str, int]:
    return {}


def _forgotten(row: FaceTries) -> dict[str, int]:
    return {"today": row.today - 1} if row.today else {}


def _given_back(row: FaceTries) -> dict[str, int]:
    """Give a try back that ended without a verdict, but not beyond the day's limit."""
    if not row.today or row.given_back >= GIVEN_BACK_A_DAY:
        return {}
    # A match meanwhile has ended the row of failures; then there is nothing to shorten.
    return {
        "today": row.today - 1,
        "given_back": row.given_back + 1,
        "in_a_row": max(0, row.in_a_row - 1),
    }


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
    ticket = FaceTicket.objects.filter(jti=report.nonce).first()
    if ticket is None:
        return None
    is_changed = _end(ticket, _change_by(ticket, report))
    if is_changed is None:
        return None
    return Heard(ticket.user, ticket.purpose, is_changed, _is_at_limit(ticket.user))


def _change_by(ticket: FaceTicket, report: tokens.Report) -> Callable[[FaceTries], dict[str, int]]:
    """Return what this end does to the person's tries."""
    if ticket.purpose != VERIFY:
        return _unchanged
    if report.outcome == "match":  # told before the person's assertion came
        return _forgotten
    had_no_verdict = report.outcome in WITHOUT_VERDICT or (
        report.outcome == "cancelled" and report.accepted_frames == 0
    )
    return _given_back if had_no_verdict else _unchanged


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
