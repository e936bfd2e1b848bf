"""Questions about people and sessions; nothing here writes."""

import base64
import binascii
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts import limits, lives, tokens
from accounts.models import (
    Event,
    FaceExtension,
    FaceFactor,
    FaceTries,
    RecoveryCode,
    Session,
    TotpFactor,
    User,
)

IDLE_LIFE = timedelta(hours=1)
FRESH_PROOF_LIFE = timedelta(minutes=5)

ACTIVE = "active"
AWAITING_SECOND_FACTOR = "awaiting_second_factor"


def _live_session(**conditions: str) -> Session | None:
    now = timezone.now()
    return (
        Session.objects.select_related("user")
        .filter(
            seen_at__gt=now - IDLE_LIFE,
            created_at__gt=now - lives.SESSION,
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
    return min(session.seen_at + IDLE_LIFE, session.created_at + lives.SESSION)


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


def totp_of(user: User) -> TotpFactor | None:
    """Return the person's authenticator app, if it was confirmed."""
    return TotpFactor.objects.filter(user=user, enrolled_at__isnull=False).first()


def has_second_factor(user: User) -> bool:
    """Say whether a password alone leaves this person's session waiting.

    An expired face still counts: otherwise waiting for it to expire would remove the factor.
    """
    return face_of(user) is not None or totp_of(user) is not None


def available_factors(user: User) -> list[str]:
    """Name the second factors the person can show now, the fitting one first.

    That is the face, unless its tries are used up for now: then it comes last.
    """
    face = face_of(user)
    has_face = (
        bool(settings.FACELOGIN_URL) and face is not None and face.expires_at > timezone.now()
    )
    factors = ["face"] if has_face else []
    if totp_of(user) is not None:
        factors.append("totp")
    if remaining_recovery_codes(user):
        factors.append("recovery_code")
    return [*factors[1:], "face"] if has_face and _must_wait_for_face(user) else factors


def _must_wait_for_face(user: User) -> bool:
    now = timezone.now()
    tries = FaceTries.objects.filter(user=user, day=now.date()).first()
    if tries is None:
        return False
    waits_since = now - timedelta(seconds=limits.FACE_WAIT_SECONDS)
    waits = tries.in_a_row >= limits.FACE_TRIES_IN_A_ROW and (
        tries.last_at is not None and tries.last_at > waits_since
    )
    return waits or tries.today >= limits.FACE_TRIES_A_DAY


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
    totp = totp_of(user)
    if totp is not None and totp.proves_beside_face:
        return True
    return RecoveryCode.objects.filter(user=user, used_at=None, proves_beside_face=True).exists()


def live_sessions_of(user: User) -> list[Session]:
    """Return where the person is signed in, the newest use first."""
    now = timezone.now()
    live = Session.objects.select_related("user").filter(
        user=user, seen_at__gt=now - IDLE_LIFE, created_at__gt=now - lives.SESSION
    )
    return list(live.order_by("-seen_at", "-created_at", "pk"))


EVENTS_A_PAGE = 50


class BadCursor(ValueError):  # noqa: N818  (an outcome)
    """A cursor that is none of ours."""


@dataclass(frozen=True)
class EventPage:
    """Some events, the newest first, and how to ask for the ones before them."""

    events: list[Event]
    next_cursor: str | None


def events_of(user: User, cursor: str = "") -> EventPage:
    """Return a page of what happened to a person's account.

    Raises
    ------
    BadCursor
        If the cursor is none that an earlier page gave.
    """
    found = Event.objects.select_related("actor").filter(user=user)
    if cursor:
        at, event_id = _read_cursor(cursor)
        found = found.filter(Q(at__lt=at) | Q(at=at, id__lt=event_id))
    page = list(found.order_by("-at", "-id")[: EVENTS_A_PAGE + 1])
    has_more = len(page) > EVENTS_A_PAGE
    page = page[:EVENTS_A_PAGE]
    return EventPage(page, _cursor(page[-1]) if has_more else None)


def _cursor(event: Event) -> str:
    text = f"{event.at.isoformat()} {event.pk}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, uuid.UUID]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        at, _, event_id = base64.b64decode(padded, b"-_", validate=True).decode().partition(" ")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise BadCursor
        return moment, uuid.UUID(event_id)
    except (ValueError, binascii.Error) as error:
        raise BadCursor from error
