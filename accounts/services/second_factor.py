"""Showing a second factor: tickets for the camera, assertions from it, recovery codes."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import selectors, tokens
from accounts.factors import face, recovery_codes
from accounts.models import Consent, Session
from accounts.refusals import Refused
from accounts.services.sessions import Opened, step_up
from kubevision.tokens import new_jti

# The version of the text about faces that the pages show. A changed text gets a new version, and
# people agree to it before their next enrolment.
CURRENT_CONSENT_VERSION = "2026-11.2"

VERIFY, ENROL, EXTEND = PURPOSES = face.VERIFY, face.ENROL, face.EXTEND


_NOTHING_BESIDE_FACE = _(
    "Your recovery codes were made after signing in with your face, so they prove no more than "
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
        reauthentication_required without fresh proof, consent_required for any other version of
        the text than the current one, too_many_attempts.
    """
    if not selectors.has_fresh_proof(session):
        raise Refused("reauthentication_required")
    if consent_version != CURRENT_CONSENT_VERSION:
        raise Refused(
            "consent_required", extra={"current_consent_version": CURRENT_CONSENT_VERSION}
        )
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


def proof_beside_face_wanted() -> Refused:
    """Return the refusal of whoever would add a face with nothing but that face."""
    return Refused(
        "reauthentication_required",
        detail=_("Show your password, and a second factor other than your face, again."),
    )


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
        invalid_code.
    """
    spent = recovery_codes.spend(session.user, code)
    if spent is None:
        raise Refused("invalid_code")
    now = timezone.now()
    proofs = {"otp_at": now} | ({"beside_face_at": now} if spent.proves_beside_face else {})
    return step_up(session, **proofs)
