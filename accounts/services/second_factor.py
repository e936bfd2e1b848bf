"""Showing a second factor: tickets for the camera, assertions from it, codes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import events, limits, selectors, tokens
from accounts.events import Kind
from accounts.factors import face, recovery_codes, totp
from accounts.limits import Counter
from accounts.models import Consent, Session, User
from accounts.refusals import Refused
from accounts.services import erasure, sessions
from accounts.services.password_tries import subject
from accounts.services.sessions import Opened, step_up
from kubevision.tokens import new_jti

T = TypeVar("T")

# The version of the text about faces that the pages show. A changed text gets a new version, and
# people agree to it before their next enrolment.
CURRENT_CONSENT_VERSION = "2026-11.2"

VERIFY, ENROL, EXTEND = face.VERIFY, face.ENROL, face.EXTEND
WATCH = "watch"
PURPOSES = (VERIFY, ENROL, EXTEND, WATCH)


_NOTHING_BESIDE_FACE = _(
    "Your other factors were added after signing in with your face, so they prove no more than "
    "your face does, and no light can be added with them. Enrol your face again in this light."
)


@dataclass(frozen=True)
class Ticket:
    """A ticket and how many verify tries are left today."""

    token: str
    remaining_tries: int


def issue_verify_ticket(session: Session) -> Ticket:
    """Let the person try their face; the try counts from now.

    Raises
    ------
    Refused
        factor_not_enrolled, or too_many_attempts.
    """
    if "face" not in selectors.available_factors(session.user):
        raise Refused("factor_not_enrolled")
    remaining = face.count_try(session.user)
    return Ticket(_issue(session, VERIFY), remaining)


def issue_enrol_ticket(
    session: Session, consent_version: str, *, cohort_consent: bool = False
) -> Ticket:
    """Let the person enrol their face; their consent is on record before the ticket exists.

    Raises
    ------
    Refused
        invitation_required, reauthentication_required without fresh proof, consent_required for any
        other version of the text than the current one, too_many_attempts, facelogin_unavailable
        while a removed face is still to be erased.
    """
    must_be_open(session.user)
    if not selectors.has_fresh_proof(session):
        raise Refused("reauthentication_required")
    if consent_version != CURRENT_CONSENT_VERSION:
        raise Refused(
            "consent_required", extra={"current_consent_version": CURRENT_CONSENT_VERSION}
        )
    erasure.settle(session.user)  # or the erasure that is owed would take the new face
    face.count_capture(session.user)
    Consent.objects.create(user=session.user, version=consent_version, cohort=cohort_consent)
    claims = {"cohort_consent": True} if cohort_consent else {}
    return Ticket(_issue(session, ENROL, **claims), face.remaining_tries(session.user))


def issue_extend_ticket(session: Session) -> Ticket:
    """Let the person add a light to their face; they agreed to its text when they enrolled.

    Raises
    ------
    Refused
        reauthentication_required without fresh proof by another factor than the face,
        factor_not_enrolled also without such a factor, too_many_attempts.
    """
    if not selectors.has_fresh_proof_beside_face(session):
        if not selectors.can_prove_beside_face(session.user):
            raise Refused("factor_not_enrolled", detail=_NOTHING_BESIDE_FACE)
        raise proof_beside_face_wanted()
    if "face" not in selectors.available_factors(session.user):
        raise Refused("factor_not_enrolled")
    face.count_capture(session.user)
    return Ticket(_issue(session, EXTEND), face.remaining_tries(session.user))


def issue_watch_ticket(session: Session) -> Ticket:
    """Let an open page hear what happens; no try counts, and a ticket for the camera stays newest.

    Raises
    ------
    Refused
        factor_not_enrolled where there is no face factor, and so no socket.
    """
    if not settings.FACELOGIN_URL:
        raise Refused("factor_not_enrolled", detail=_("This installation has no live messages."))
    sessions.mark_watched(session)  # first: whoever holds a ticket is told of the session's end
    token = tokens.sign_ticket(
        session.user_id, WATCH, jti=new_jti(), sid=tokens.session_hash(session.pk)
    )
    return Ticket(token, face.remaining_tries(session.user))


def proof_beside_face_wanted() -> Refused:
    """Return the refusal of whoever would add a face with nothing but that face."""
    return Refused(
        "reauthentication_required",
        detail=_("Show your password, and a second factor other than your face, again."),
    )


def must_be_open(user: User) -> None:
    """Let a first second factor be added where nobody need ask, or an administrator's code came.

    Raises
    ------
    Refused
        invitation_required.
    """
    is_open = settings.ACCOUNTS_ENROLMENT == "self" or user.may_enrol
    if not is_open and not selectors.has_second_factor(user):
        raise Refused("invitation_required")


def _issue(session: Session, purpose: str, **claims: bool) -> str:
    """Remember a ticket as the session's newest, then sign it.

    Dying in between is harmless: a remembered ticket that nobody got. The other way round a person
    could hold one whose assertion would be refused.
    """
    jti = new_jti()
    face.remember_ticket(session.user, purpose, jti)
    Session.objects.filter(pk=session.pk).update(ticket_jti=jti, ticket_purpose=purpose)
    return tokens.sign_ticket(
        session.user_id, purpose, jti=jti, sid=tokens.session_hash(session.pk), **claims
    )


def show_face(session: Session, assertion_token: str) -> Opened:
    """Take facelogin's word that the person's face matched.

    Raises
    ------
    Refused
        assertion_refused, also for one that was used before.
    """
    assertion = face.read_assertion(session, assertion_token, VERIFY)
    face.spend(assertion)
    opened = step_up(session, face_at=timezone.now())
    face.count_match(session.user, assertion.nonce)
    return opened


def show_recovery_code(session: Session, code: str) -> Opened:
    """Take one of the person's recovery codes; it is used up.

    Raises
    ------
    Refused
        invalid_code, too_many_attempts.
    """
    spent = code_try(session.user, lambda: recovery_codes.spend(session.user, code))
    events.record(Kind.RECOVERY_CODE_USED, session.user)
    return _step_up_by_code(session, proves_beside_face=spent.proves_beside_face)


def show_totp(session: Session, code: str) -> Opened:
    """Take a code of the person's authenticator app; it is used up.

    Raises
    ------
    Refused
        invalid_code, too_many_attempts.
    """
    factor = code_try(session.user, lambda: totp.spend(session.user, code))
    return _step_up_by_code(session, proves_beside_face=factor.proves_beside_face)


def _step_up_by_code(session: Session, *, proves_beside_face: bool) -> Opened:
    now = timezone.now()
    proofs = {"otp_at": now} | ({"beside_face_at": now} if proves_beside_face else {})
    return step_up(session, **proofs)


def code_try(user: User, spend: Callable[[], T | None]) -> T:
    """Let a person try a code; whatever kind it is, wrong ones are counted together.

    Raises
    ------
    Refused
        invalid_code if `spend` finds none, too_many_attempts without asking it.
    """
    counter = Counter.of(limits.CODE, user.pk, subject=subject(user.username_key))
    with limits.one_at_a_time(counter):
        limits.admit([counter])
        found = spend()
        if found is not None:
            limits.clear([counter])
            return found
        is_reached = limits.count(counter)
    events.record(Kind.CODE_REFUSED, user)
    if is_reached:
        events.record(Kind.LOCKED, user, limit=limits.CODE.name)
    raise Refused("invalid_code")
