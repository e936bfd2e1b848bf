"""Opening, renewing and ending sessions."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts import clients, devices, events, selectors, tokens, usernames
from accounts.events import Kind
from accounts.models import USER_AGENT_CHARACTERS, FaceTicket, Session, User
from accounts.refusals import Refused
from accounts.services import password_tries
from accounts.services.visitors import Client

logger = logging.getLogger(__name__)

# A session is marked as used at most once in this time: one write a minute, not one a request.
SEEN_PRECISION_SECONDS = 60
# A ticket lives for two minutes, and the longest capture after it for one.
CAPTURE_LIFE = timedelta(minutes=4)
# Likewise, and facelogin closes a live socket after a quarter of an hour and a little.
WATCH_LIFE = timedelta(minutes=20)
# One write a minute, not one for each of the pages that ask.
WATCHED_PRECISION = timedelta(minutes=1)


@dataclass(frozen=True)
class Opened:
    """A session together with the tokens that are shown only now."""

    session: Session
    token: str
    pass_token: str | None
    device_token: str | None = None


def sign_in(username: str, password: str, client: Client) -> Opened:
    """Open a session by password.

    Raises
    ------
    Refused
        invalid_credentials: the same for an unknown name, a wrong password, a disabled account;
        too_many_attempts.
    """
    key = usernames.key(username)
    user = User.objects.filter(username_key=key).first()
    password_tries.check(key, user, password, client)
    assert user is not None  # nobody's password is never right
    token = tokens.new_opaque_token()
    session = Session.objects.create(
        user=user,
        token_hash=tokens.fingerprint(token),
        address=client.address or None,
        user_agent=client.user_agent[:USER_AGENT_CHARACTERS],
    )
    is_active = selectors.state(session) == selectors.ACTIVE
    _note_arrival(session, Kind.SIGNED_IN if is_active else Kind.PASSWORD_ACCEPTED)
    return Opened(session, token, _new_pass(session), devices.remember(client.device_token, user))


def _note_arrival(session: Session, kind: Kind) -> None:
    methods = selectors.methods(session)
    if kind == Kind.SIGNED_IN:
        User.objects.filter(pk=session.user_id).update(last_login=timezone.now())
    events.record(kind, session.user, methods=methods, device=session.user_agent or None)


def _new_pass(session: Session) -> str | None:
    """Give an active session a pass; the one before it dies."""
    if selectors.state(session) != selectors.ACTIVE:
        return None
    pass_token = tokens.new_opaque_token()
    session.pass_hash = tokens.fingerprint(pass_token)
    Session.objects.filter(pk=session.pk).update(pass_hash=session.pass_hash)
    return pass_token


def step_up(session: Session, **proofs: datetime) -> Opened:
    """Note a proof and renew the session's token; the old one dies in the same write.

    Raises
    ------
    Refused
        unauthenticated if another request renewed or ended the session meanwhile.
    """
    was_waiting = selectors.state(session) != selectors.ACTIVE
    token = tokens.new_opaque_token()
    now = timezone.now()
    renewed = Session.objects.filter(pk=session.pk, token_hash=session.token_hash).update(
        token_hash=tokens.fingerprint(token), seen_at=now, **proofs
    )
    if not renewed:
        raise Refused("unauthenticated")
    session.refresh_from_db()
    if was_waiting:
        _note_arrival(session, Kind.SIGNED_IN)
    return Opened(session, token, _new_pass(session))


def reauthenticate(session: Session, password: str, client: Client) -> Opened:
    """Show the password again in a session; never lowers its state.

    Raises
    ------
    Refused
        invalid_credentials for a wrong password, too_many_attempts.
    """
    password_tries.check(session.user.username_key, session.user, password, client)
    return step_up(session, password_at=timezone.now())


def mark_seen(session: Session) -> None:
    """Note that the session is in use, so that it does not end as idle."""
    now = timezone.now()
    if (now - session.seen_at).total_seconds() > SEEN_PRECISION_SECONDS:
        Session.objects.filter(pk=session.pk).update(seen_at=now)
        session.seen_at = now


def mark_watched(session: Session) -> None:
    """Note that a page may have a live socket for this session."""
    now = timezone.now()
    if session.watched_at is None or now - session.watched_at > WATCHED_PRECISION:
        Session.objects.filter(pk=session.pk).update(watched_at=now)
        session.watched_at = now


def sign_out(session: Session) -> None:
    """End a session; its token, its pass and its capture die with it."""
    if _end(Session.objects.filter(pk=session.pk)):
        events.record(Kind.SIGNED_OUT, session.user)


def end_one(session: Session, session_id: str) -> None:
    """End one of the person's sessions.

    Raises
    ------
    Refused
        not_found for any that is not this person's.
    """
    ending = Session.objects.filter(user=session.user, pk=session_id)
    ended = _end(ending)
    if not ended:
        raise Refused("not_found")
    events.record(Kind.SESSION_ENDED, session.user, device=ended[0].user_agent or None)


def end_others(session: Session) -> int:
    """End all of a person's sessions but this one; return how many."""
    return len(_end(Session.objects.filter(user=session.user).exclude(pk=session.pk)))


def end_others_as_asked(session: Session) -> None:
    """End all of a person's sessions but this one, because the person wants it."""
    if end_others(session):
        events.record(Kind.SESSIONS_ENDED, session.user)


def end_all(user: User) -> int:
    """End all of a person's sessions; return how many."""
    return len(_end(Session.objects.filter(user=user)))


def end_by_administrator(session: Session) -> bool:
    """End somebody's session; False if it was over."""
    return bool(_end(Session.objects.filter(pk=session.pk)))


def _end(ending: "QuerySet[Session]") -> list[Session]:
    """End sessions, then have what they do at facelogin closed; return them."""
    ended = list(ending)
    Session.objects.filter(pk__in=[session.pk for session in ended]).delete()
    # Only where a camera may be running or a page listen: facelogin need not hear of every
    # sign-out.
    tickets = [session.ticket_jti for session in ended if session.ticket_jti]
    since = timezone.now() - CAPTURE_LIFE
    running = set(
        FaceTicket.objects.filter(jti__in=tickets, issued_at__gt=since).values_list(
            "jti", flat=True
        )
    )
    watched_since = timezone.now() - WATCH_LIFE
    for session in ended if settings.FACELOGIN_URL else []:
        is_watched = session.watched_at is not None and session.watched_at > watched_since
        if session.ticket_jti in running or is_watched:
            try:
                clients.end_captures(session.user_id, tokens.session_hash(session.pk))
            except clients.FaceloginUnavailable as error:
                # The sessions are over all the same: what their captures bring is refused here,
                # and their pages ask. Nobody waits once more for each of them.
                logger.warning("facelogin was not told of a session's end: %s", error)
                break
    return ended
