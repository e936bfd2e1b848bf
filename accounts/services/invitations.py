"""Administrators' codes: to make an account, or to get back into one."""

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts import codes, events, limits, mails, tombstones, usernames
from accounts.events import Kind
from accounts.limits import Counter
from accounts.models import Invitation, User
from accounts.refusals import Refused
from accounts.services import password_tries, profile, sessions
from accounts.services.registration import check_username
from accounts.services.visitors import Client

LIFE = timedelta(days=7)
_PURPOSE = "invitation"


def invite(by: User | None, *, username: str = "", email: str = "") -> str:
    """Return a code that makes an account, sent by mail too if possible.

    `username`: the only name it is good for; empty leaves it to the person.

    Raises
    ------
    Refused
        invalid_input or username_taken.
    """
    if username:
        username = check_username(username)
        if User.objects.filter(username_key=usernames.key(username)).exists():
            raise Refused("username_taken")
    code = _make(by, username=username, email=email)
    _send(email, code, _("You are invited to KubeVision"), username)
    return code


def make_reset_code(by: User | None, user: User) -> str:
    """Return a code that sets a new password; earlier ones of the person die.

    It opens no session and skips no second factor. Where enrolment takes an administrator's code,
    it is one.
    """
    withdraw(Invitation.objects.filter(user=user))
    code = _make(by, user=user)
    events.record(Kind.RESET_CODE_MADE, user, actor=by)
    _send(user.email, code, _("Your code for a new KubeVision password"), user.username)
    return code


def _make(by: User | None, **about: object) -> str:
    code = codes.new()
    Invitation.objects.create(
        code_hash=codes.hash_of(_PURPOSE, code),
        created_by=by,
        expires_at=timezone.now() + LIFE,
        **about,
    )
    return code


def _send(to: str, code: str, subject: str, username: str) -> None:
    lines = [
        _("Open %s/invite and type this code:") % settings.PUBLIC_ORIGINS[0],
        "",
        f"  {code}",
        "",
        *([_("Your user name is %s.") % username] if username else []),
        _("It is good once, until %s.") % date_format(timezone.now() + LIFE, "Y-m-d"),
    ]
    mails.write(to, subject, "\n".join(lines))


def withdraw(those: "QuerySet[Invitation]") -> None:
    """Let codes that nobody used be good no more."""
    unused = those.filter(used_at=None)
    tombstones.put(tombstones.Kind.INVITATION, *unused.values_list("code_hash", flat=True))
    unused.delete()


def accept(code: str, password: str, username: str, client: Client) -> User:
    """Use a code up: make the account, or set the password it is for.

    Raises
    ------
    Refused
        invalid_input, invalid_code, username_taken, too_many_attempts.
    """
    profile.check_password_rules(password, "password", User(username=username))
    wrong = Counter.of(limits.WRONG_FROM_ADDRESS, client.address)
    limits.admit([wrong])
    invitation = _open_one(code)
    if invitation is None:
        limits.count(wrong)
        raise Refused("invalid_code")
    if invitation.user is None:
        return _make_account(invitation, password, username)
    _spend(invitation)
    user = invitation.user
    user.set_password(password)
    user.may_enrol = True
    user.save(update_fields=["password", "may_enrol"])
    sessions.end_all(user)
    password_tries.forget(user)
    events.record(Kind.PASSWORD_RESET, user)
    return user


def _open_one(code: str) -> Invitation | None:
    found = Invitation.objects.select_related("user").filter(
        code_hash=codes.hash_of(_PURPOSE, code), used_at=None, expires_at__gt=timezone.now()
    )
    invitation = found.first()
    is_locked_down = (
        invitation is not None and invitation.user is not None and not invitation.user.is_active
    )
    return None if is_locked_down else invitation


def _spend(invitation: Invitation) -> None:
    """Use the code up; of two at once one gets through."""
    tombstones.put(tombstones.Kind.INVITATION, invitation.code_hash)
    unused = Invitation.objects.filter(pk=invitation.pk, used_at=None)
    if not unused.update(used_at=timezone.now()):
        raise Refused("invalid_code")


def _make_account(invitation: Invitation, password: str, username: str) -> User:
    name = check_username(invitation.username or username)
    _spend(invitation)
    try:
        with transaction.atomic():
            user = User.objects.create_user(name, password, email=invitation.email, may_enrol=True)
    except IntegrityError:
        Invitation.objects.filter(pk=invitation.pk).update(used_at=None)  # good for another name
        raise Refused("username_taken") from None
    events.record(Kind.INVITATION_ACCEPTED, user)
    return user
