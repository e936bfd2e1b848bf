"""Opening, renewing and ending sessions."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts import passwords, selectors, tokens, usernames
from accounts.models import USER_AGENT_CHARACTERS, Session, User
from accounts.refusals import Refused

# A session is marked as used at most once in this time: one write a minute, not one a request.
SEEN_PRECISION_SECONDS = 60


@dataclass(frozen=True)
class Client:
    """Where a request comes from, as far as it can be believed."""

    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True)
class Opened:
    """A session together with the tokens that are shown only now."""

    session: Session
    token: str
    pass_token: str | None


def sign_in(username: str, password: str, client: Client) -> Opened:
    """Open a session by password.

    Raises
    ------
    Refused
        invalid_credentials: the same for an unknown name, a wrong password, a disabled account.
    """
    user = User.objects.filter(username_key=usernames.key(username)).first()
    if not passwords.is_correct(password, user) or user is None:
        raise Refused("invalid_credentials")
    token = tokens.new_opaque_token()
    session = Session.objects.create(
        user=user,
        token_hash=tokens.fingerprint(token),
        address=client.address or None,
        user_agent=client.user_agent[:USER_AGENT_CHARACTERS],
    )
    return Opened(session, token, _new_pass(session))


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
    token = tokens.new_opaque_token()
    now = timezone.now()
    renewed = Session.objects.filter(pk=session.pk, token_hash=session.token_hash).update(
        token_hash=tokens.fingerprint(token), seen_at=now, **proofs
    )
    if not renewed:
        raise Refused("unauthenticated")
    session.refresh_from_db()
    return Opened(session, token, _new_pass(session))


def reauthenticate(session: Session, password: str) -> Opened:
    """Show the password again in a session; never lowers its state.

    Raises
    ------
    Refused
        invalid_credentials for a wrong password.
    """
    if not passwords.is_correct(password, session.user):
        raise Refused("invalid_credentials")
    return step_up(session, password_at=timezone.now())


def mark_seen(session: Session) -> None:
    """Note that the session is in use, so that it does not end as idle."""
    now = timezone.now()
    if (now - session.seen_at).total_seconds() > SEEN_PRECISION_SECONDS:
        Session.objects.filter(pk=session.pk).update(seen_at=now)
        session.seen_at = now


def end(session: Session) -> None:
    """End a session; its token and its pass die with it."""
    Session.objects.filter(pk=session.pk).delete()


def end_others(session: Session) -> None:
    """End all of a person's sessions but this one."""
    Session.objects.filter(user=session.user).exclude(pk=session.pk).delete()
