"""Adding factors and taking them away, and the recovery codes that go with them."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError
from django.utils import timezone

from accounts import clients, events, selectors, tombstones
from accounts.events import Kind
from accounts.factors import face, recovery_codes, totp
from accounts.models import FaceFactor, Session, TotpFactor, User
from accounts.refusals import Refused
from accounts.services import erasure, extensions, second_factor, sessions

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
    erasure.settle(session.user)
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
    is_proof = is_first or selectors.has_fresh_proof_beside_face(session)
    codes = _count_as_shown(session, is_proof, face_at=timezone.now())
    events.record(Kind.FACE_ENROLLED, session.user)
    return Enrolled(factor, codes)


def _count_as_shown(session: Session, is_proof: bool, **shown: datetime) -> list[str] | None:
    """Let a new factor count as shown in the session that added it; every other session ends.

    Returns ten recovery codes if the person has none.
    """
    Session.objects.filter(pk=session.pk).update(**shown)
    session.refresh_from_db()
    sessions.end_others(session)
    User.objects.filter(pk=session.user_id).update(may_enrol=False)  # its code is used up
    if selectors.remaining_recovery_codes(session.user):
        return None
    return recovery_codes.replace(session.user, proves_beside_face=is_proof)


def _store(session: Session, status: clients.ReferenceStatus) -> FaceFactor:
    values = {
        "enrolled_at": status.enrolled_at,
        "engine": status.engine,
        "expires_at": status.expires_at,
        "cohort_consent": status.cohort_consent,
        "reminded_at": None,
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
    codes = recovery_codes.replace(session.user, proves_beside_face=_is_proof(session))
    events.record(Kind.RECOVERY_CODES_RENEWED, session.user)
    return codes


def _is_proof(session: Session) -> bool:
    """Say whether what is added now proves more than the face does.

    Before there is a second factor it does; after that, if one beside the face was shown.
    """
    has_any = selectors.has_second_factor(session.user)
    return not has_any or selectors.has_fresh_proof_beside_face(session)


def begin_totp(session: Session) -> tuple[str, str]:
    """Make a secret for an authenticator app; return it in base 32 and as a URI.

    Raises
    ------
    Refused
        invitation_required, reauthentication_required.
    """
    second_factor.must_be_open(session.user)
    if not selectors.has_fresh_proof(session):
        raise Refused("reauthentication_required")
    return totp.begin(session.user)


def confirm_totp(session: Session, code: str) -> tuple[TotpFactor, list[str] | None]:
    """Let the app count; return it, and ten recovery codes if the person had none.

    Raises
    ------
    Refused
        reauthentication_required, nothing_to_confirm, invalid_code, too_many_attempts.
    """
    if not selectors.has_fresh_proof(session):
        raise Refused("reauthentication_required")
    waiting = totp.pending(session.user)
    if waiting is None:
        raise Refused("nothing_to_confirm")
    is_proof = _is_proof(session)
    second_factor.code_try(
        session.user, lambda: totp.confirm(waiting, code, proves_beside_face=is_proof) or None
    )
    now = timezone.now()
    proofs = {"otp_at": now} | ({"beside_face_at": now} if is_proof else {})
    codes = _count_as_shown(session, is_proof, **proofs)
    events.record(Kind.TOTP_ADDED, session.user)
    return TotpFactor.objects.get(user=session.user), codes


def remove_totp(session: Session) -> None:
    """Remove the person's authenticator app.

    Raises
    ------
    Refused
        reauthentication_required, factor_not_enrolled.
    """
    if not selectors.has_fresh_proof(session):
        raise Refused("reauthentication_required")
    if not drop_totp(session.user):
        raise Refused("factor_not_enrolled")
    sessions.end_others(session)
    events.record(Kind.TOTP_REMOVED, session.user)


def remove_face(session: Session) -> None:
    """Remove the person's face; there being none is fine.

    Raises
    ------
    Refused
        reauthentication_required.
    """
    if not selectors.has_fresh_proof(session):
        raise Refused("reauthentication_required")
    had_face = selectors.face_of(session.user) is not None
    drop_face(session.user)
    if had_face:
        sessions.end_others(session)
        events.record(Kind.FACE_REMOVED, session.user)


def drop_totp(user: User) -> bool:
    """Remove somebody's app, whoever asks; False if there was none."""
    tombstones.put(tombstones.Kind.TOTP, user.pk)
    dropped = TotpFactor.objects.filter(user=user, enrolled_at__isnull=False).delete()[0]
    _drop_idle_codes(user)
    return bool(dropped)


def drop_face(user: User) -> None:
    """Remove somebody's face, whoever asks, and have it erased."""
    erasure.remove_face(user)
    _drop_idle_codes(user)


def _drop_idle_codes(user: User) -> None:
    """Remove recovery codes that stand in for nothing: with no second factor none is asked for."""
    if not selectors.has_second_factor(user):
        recovery_codes.drop(user)
