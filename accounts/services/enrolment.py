"""Making an enrolled face count, and the recovery codes that go with it."""

from dataclasses import dataclass

from django.db import IntegrityError
from django.utils import timezone

from accounts import clients, selectors
from accounts.factors import face, recovery_codes
from accounts.models import FaceFactor, Session
from accounts.refusals import Refused
from accounts.services import extensions, sessions

RETRY_FACELOGIN_SECONDS = 5


@dataclass(frozen=True)
class Enrolled:
    """The face that counts now, and ten codes if the person had none."""

    factor: FaceFactor
    recovery_codes: list[str] | None


def activate_face(session: Session, assertion_token: str) -> Enrolled:
    """Make the face that facelogin just enrolled the person's second factor.

    Order of writes: facelogin's reference first (doing it twice is harmless), then the assertion
    is spent, then the factor counts. Dying in between leaves the assertion good for another try
    within its minute, or the old face as it was.

    Raises
    ------
    Refused
        reauthentication_required, assertion_refused, or facelogin_unavailable with nothing changed.
    """
    if not selectors.has_fresh_proof(session):
        raise Refused("reauthentication_required")
    is_first = not selectors.has_second_factor(session.user)
    assertion = face.read_assertion(session, assertion_token, face.ENROL)
    asked_at = timezone.now()
    try:
        status = clients.activate_reference(session.user_id, assertion.jti)
    except clients.NothingToActivate:
        raise Refused("assertion_refused") from None
    except clients.FaceloginUnavailable as error:
        raise Refused("facelogin_unavailable", retry_after=RETRY_FACELOGIN_SECONDS) from error
    face.spend(assertion)
    factor = _store(session, status)
    extensions.note(
        session.user, status.extensions, asked_at
    )  # none: they were the old reference's
    # The factor counts as shown in the session that added it; every other session ends.
    session.face_at = timezone.now()
    Session.objects.filter(pk=session.pk).update(face_at=session.face_at)
    sessions.end_others(session)
    codes = None
    if not selectors.remaining_recovery_codes(session.user):
        is_proof = is_first or selectors.has_fresh_proof_beside_face(session)
        codes = recovery_codes.replace(session.user, proves_beside_face=is_proof)
    return Enrolled(factor, codes)


def _store(session: Session, status: clients.ReferenceStatus) -> FaceFactor:
    values = {
        "enrolled_at": status.enrolled_at,
        "engine": status.engine,
        "expires_at": status.expires_at,
        "cohort_consent": status.cohort_consent,
    }
    try:
        factor, _ = FaceFactor.objects.update_or_create(user=session.user, defaults=values)
    except IntegrityError:  # two enrolments at once made the row; the later one is written
        FaceFactor.objects.filter(user=session.user).update(**values)
        factor = FaceFactor.objects.get(user=session.user)
    return factor


def renew_recovery_codes(session: Session) -> list[str]:
    """Replace the person's codes; what a face alone let somebody make proves no more than it.

    Raises
    ------
    Refused
        reauthentication_required without fresh proof.
    """
    if not selectors.has_fresh_proof(session):
        raise Refused("reauthentication_required")
    is_proof = not selectors.has_second_factor(
        session.user
    ) or selectors.has_fresh_proof_beside_face(session)
    return recovery_codes.replace(session.user, proves_beside_face=is_proof)
