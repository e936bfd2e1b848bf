"""What administrators do to other people's accounts; each is an event that the person sees."""

from django.utils import timezone

from accounts import events, selectors, tombstones
from accounts.events import Kind
from accounts.factors import face, recovery_codes
from accounts.models import FaceFactor, Invitation, Session, User
from accounts.services import enrolment, invitations, password_tries, sessions

FACE, TOTP, RECOVERY_CODES = FACTORS = "face", "totp", "recovery_code"


def unlock(by: User, user: User) -> None:
    """Forget the person's wrong passwords, codes and face tries, wherever they came from."""
    password_tries.forget(user)
    face.forget_tries(user)
    events.record(Kind.UNLOCKED, user, actor=by)


def end_sessions(by: User, user: User) -> int:
    """End all of the person's sessions; return how many."""
    ended = sessions.end_all(user)
    events.record(Kind.SESSIONS_ENDED, user, actor=by)
    return ended


def end_session(by: User, session: Session) -> None:
    """End one session of a person."""
    if sessions.end_by_administrator(session):
        device = session.user_agent or None
        events.record(Kind.SESSION_ENDED, session.user, actor=by, device=device)


def require_reenrolment(by: User, user: User) -> bool:
    """Let the person's face count no more until it is enrolled again; False if there is none.

    It stays a factor, so the password alone still opens nothing: they come in by another factor.
    """
    now = timezone.now()
    if not FaceFactor.objects.filter(user=user).update(expires_at=now):
        return False
    sessions.end_all(user)
    events.record(Kind.REENROLMENT_REQUIRED, user, actor=by)
    return True


def reset_factor(by: User, user: User, factor: str) -> bool:
    """Take one factor from a person who lost it, and end their sessions; False if they had none.

    Without any other one their password alone lets them in, to add a new one: make a code for a new
    password as well where somebody else may know the old.
    """
    if factor == FACE:
        had_any = selectors.face_of(user) is not None
        enrolment.drop_face(user)
    elif factor == TOTP:
        had_any = enrolment.drop_totp(user)
    else:
        had_any = recovery_codes.drop(user)
    if had_any:
        sessions.end_all(user)
        events.record(Kind.FACTOR_RESET, user, actor=by, factor=factor)
    return had_any


def lock_down(by: User, user: User) -> None:
    """Let nobody into the account, at once: no sign-in, no session, no code that is on its way."""
    tombstones.put(tombstones.Kind.RIGHT_TO_SIGN_IN, user.pk)
    User.objects.filter(pk=user.pk).update(is_active=False)
    invitations.withdraw(Invitation.objects.filter(user=user))
    sessions.end_all(user)
    events.record(Kind.LOCKED_DOWN, user, actor=by)


def release(by: User, user: User) -> None:
    """Let the person sign in again, with the factors they had."""
    User.objects.filter(pk=user.pk).update(is_active=True)
    events.record(Kind.RELEASED, user, actor=by)
