"""Questions about people and sessions; nothing here writes."""

from datetime import datetime, timedelta

from django.utils import timezone

from accounts import tokens
from accounts.models import FaceExtension, FaceFactor, RecoveryCode, Session, User

IDLE_LIFE = timedelta(hours=1)
WHOLE_LIFE = timedelta(hours=24)
FRESH_PROOF_LIFE = timedelta(minutes=5)

ACTIVE = "active"
AWAITING_SECOND_FACTOR = "awaiting_second_factor"


def _live_session(**conditions: str) -> Session | None:
    now = timezone.now()
    return (
        Session.objects.select_related("user")
        .filter(
            seen_at__gt=now - IDLE_LIFE,
            created_at__gt=now - WHOLE_LIFE,
            user__is_active=True,
            **conditions,
        )
        .first()
    )


def session_by_token(token: str) -> Session | None:
    """Return the live session of a session token, if its person may still sign in."""
    return _live_session(token_hash=tokens.fingerprint(token)) if token else None


def session_by_pass(pass_token: str) -> Session | None:
    """Return the live session of a pass."""
    return _live_session(pass_hash=tokens.fingerprint(pass_token)) if pass_token else None


def session_by_id(session_id: str) -> Session | None:
    """Return a live session by its id."""
    return _live_session(pk=session_id)


def expires_at(session: Session) -> datetime:
    """Return when the session ends if nothing more happens in it."""
    return min(session.seen_at + IDLE_LIFE, session.created_at + WHOLE_LIFE)


def face_of(user: User) -> FaceFactor | None:
    """Return the person's face factor, an expired one too."""
    return FaceFactor.objects.filter(user=user).first()


def extensions_of(user: User) -> list[FaceExtension]:
    """Return the lights added to the person's face, the newest first."""
    added = FaceExtension.objects.filter(user=user, expires_at__gt=timezone.now())
    return list(added.order_by("-added_at", "pk"))


def remaining_recovery_codes(user: User) -> int:
    """Count the codes that were not used yet."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def has_second_factor(user: User) -> bool:
    """Say whether a password alone leaves this person's session waiting.

    An expired face still counts: otherwise waiting for it to expire would remove the factor.
    """
    return face_of(user) is not None


def available_factors(user: User) -> list[str]:
    """Name the second factors the person can show now, the fitting one first."""
    face = face_of(user)
    factors = ["face"] if face is not None and face.expires_at > timezone.now() else []
    if remaining_recovery_codes(user):
        factors.append("recovery_code")
    return factors


def second_proof_at(session: Session) -> datetime | None:
    """Return when a second factor was last shown in this session."""
    return max((at for at in (session.face_at, session.otp_at) if at), default=None)


def state(session: Session) -> str:
    """Return the contract's state of a session."""
    waiting = second_proof_at(session) is None and has_second_factor(session.user)
    return AWAITING_SECOND_FACTOR if waiting else ACTIVE


def methods(session: Session) -> list[str]:
    """Return what was shown, as RFC 8176 names it."""
    shown = ["pwd"]
    if session.face_at:
        shown.append("face")
    if session.otp_at:
        shown.append("otp")
    return [*shown, "mfa"] if len(shown) > 1 else shown


def authenticated_at(session: Session) -> datetime:
    """Return the time of the older proof."""
    second = second_proof_at(session)
    return min(session.password_at, second) if second else session.password_at


def has_fresh_proof(session: Session) -> bool:
    """Say whether all that this person can show was shown within the last five minutes."""
    oldest_allowed = timezone.now() - FRESH_PROOF_LIFE
    if session.password_at < oldest_allowed:
        return False
    if not has_second_factor(session.user):
        return True
    second = second_proof_at(session)
    return second is not None and second >= oldest_allowed


def has_fresh_proof_beside_face(session: Session) -> bool:
    """Say whether password and a factor other than the face were shown just now.

    Whoever adds to what counts as a face must be known by something else: a face that is taken for
    somebody's once would otherwise be so for good.
    """
    oldest_allowed = timezone.now() - FRESH_PROOF_LIFE
    other = session.beside_face_at
    return session.password_at >= oldest_allowed and other is not None and other >= oldest_allowed


def can_prove_beside_face(user: User) -> bool:
    """Say whether the person has a factor that no face stands behind."""
    return RecoveryCode.objects.filter(user=user, used_at=None, proves_beside_face=True).exists()
