"""What happens to accounts, written down for the person and for staff, and told by mail."""

from typing import Any

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import mails
from accounts.models import Event, User
from kubevision.request_context import current_address, current_request_id


class Kind(models.TextChoices):
    """The contract's kinds of events, in the words of the administration."""

    REGISTERED = "registered", gettext_lazy("registered")
    INVITED = "invited", gettext_lazy("was invited")
    INVITATION_ACCEPTED = "invitation_accepted", gettext_lazy("accepted an invitation")
    PASSWORD_ACCEPTED = "password_accepted", gettext_lazy("showed the password")
    PASSWORD_REFUSED = "password_refused", gettext_lazy("wrong password")
    SIGNED_IN = "signed_in", gettext_lazy("signed in")
    FACE_REFUSED = "face_refused", gettext_lazy("face not accepted")
    FACE_ATTACKED = "face_attacked", gettext_lazy("pictures or films held up to the camera")
    CODE_REFUSED = "code_refused", gettext_lazy("wrong code")
    LOCKED = "locked", gettext_lazy("too many wrong tries")
    SIGNED_OUT = "signed_out", gettext_lazy("signed out")
    SESSION_ENDED = "session_ended", gettext_lazy("session ended")
    SESSIONS_ENDED = "sessions_ended", gettext_lazy("sessions ended")
    FACE_ENROLLED = "face_enrolled", gettext_lazy("face enrolled")
    FACE_REMOVED = "face_removed", gettext_lazy("face removed")
    LIGHT_ADDED = "light_added", gettext_lazy("light added to the face")
    LIGHT_REMOVED = "light_removed", gettext_lazy("light removed from the face")
    TOTP_ADDED = "totp_added", gettext_lazy("authenticator app added")
    TOTP_REMOVED = "totp_removed", gettext_lazy("authenticator app removed")
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed", gettext_lazy("recovery codes renewed")
    RECOVERY_CODE_USED = "recovery_code_used", gettext_lazy("recovery code used")
    PASSWORD_CHANGED = "password_changed", gettext_lazy("password changed")
    PASSWORD_RESET = "password_reset", gettext_lazy("password reset")
    PROFILE_CHANGED = "profile_changed", gettext_lazy("profile changed")
    RESET_CODE_MADE = "reset_code_made", gettext_lazy("code to reset the password made")
    UNLOCKED = "unlocked", gettext_lazy("unlocked")
    FACTOR_RESET = "factor_reset", gettext_lazy("factor reset")
    REENROLMENT_REQUIRED = "reenrolment_required", gettext_lazy("new enrolment required")
    LOCKED_DOWN = "locked_down", gettext_lazy("account locked down")
    RELEASED = "released", gettext_lazy("account released")
    RIGHTS_CHANGED = "rights_changed", gettext_lazy("rights changed")


# What somebody else may have done in the person's name, and what an administrator did: told by mail
# as well, so that the person hears of it who does not sign in.
TOLD_BY_MAIL = frozenset(
    {
        *(Kind.FACE_ENROLLED, Kind.FACE_REMOVED, Kind.LIGHT_ADDED, Kind.LIGHT_REMOVED),
        *(Kind.TOTP_ADDED, Kind.TOTP_REMOVED, Kind.RECOVERY_CODES_RENEWED),
        *(Kind.PASSWORD_CHANGED, Kind.PASSWORD_RESET, Kind.PROFILE_CHANGED, Kind.RESET_CODE_MADE),
        *(Kind.FACTOR_RESET, Kind.REENROLMENT_REQUIRED, Kind.LOCKED_DOWN, Kind.RELEASED),
        *(Kind.RIGHTS_CHANGED, Kind.FACE_ATTACKED),
    }
)
# What somebody who knows the password does to an account: not the person's business alone.
TOLD_TO_ADMINISTRATORS = frozenset({Kind.FACE_ATTACKED})


def record(
    kind: Kind,
    user: User | None,
    *,
    actor: User | None = None,
    mail_to: str | None = None,
    is_hearsay: bool = False,
    **details: Any,
) -> None:
    """Write down what happened to somebody, and tell them by mail where that is due.

    Parameters
    ----------
    kind : Kind
        What happened.
    user : User or None
        To whom; None where a name does not exist.
    actor : User, optional
        Who did it, if it was somebody else.
    mail_to : str, optional
        Where to write, if not to the person's present address; empty: nowhere.
    is_hearsay : bool, optional
        Another room tells of it: the address and the id of its call are not the person's.
    **details
        As the contract's EventKind lists them; what is None is left out.
    """
    by_another = actor if user is None or actor is None or actor.pk != user.pk else None
    event = Event.objects.create(
        kind=kind,
        user=user,
        actor=by_another,
        by_administrator=by_another is not None,
        address=None if is_hearsay else current_address() or None,
        request_id="" if is_hearsay else current_request_id(),
        details={name: value for name, value in details.items() if value is not None},
    )
    if user is not None and kind in TOLD_BY_MAIL:
        _tell(event, user, user.email if mail_to is None else mail_to)
    if user is not None and kind in TOLD_TO_ADMINISTRATORS:
        _tell_administrators(event, user)


def _tell_administrators(event: Event, user: User) -> None:
    """Write to the administrators, except to whom it happened."""
    what = Kind(event.kind).label
    events = f"{settings.PUBLIC_ORIGINS[0]}{reverse('admin:accounts_event_changelist')}"
    body = "\n".join(
        [
            _("This happened to the KubeVision account %(name)s:") % {"name": user.username},
            "",
            f"  {what}",
            f"  {date_format(event.at, 'Y-m-d H:i')} UTC",
            "",
            _("The events of this kind: %s") % f"{events}?kind={event.kind}",
        ]
    )
    administrators = User.objects.filter(is_active=True, is_staff=True, is_superuser=True)
    for administrator in administrators.exclude(pk=user.pk):
        mails.write(
            administrator.email,
            _("KubeVision account %(name)s: %(what)s") % {"name": user.username, "what": what},
            body,
        )


def _tell(event: Event, user: User, to: str) -> None:
    kind = Kind(event.kind)
    lines = [
        _("This happened to your KubeVision account %(name)s at %(site)s:")
        % {"name": user.username, "site": settings.PUBLIC_ORIGINS[0]},
        "",
        f"  {kind.label}",
        f"  {date_format(event.at, 'Y-m-d H:i')} UTC",
        *(
            [_("  from the address %s") % event.address]
            if event.address and not event.actor
            else []
        ),
        *([_("  done by an administrator")] if event.actor else []),
        "",
        _(
            "If you know of it, there is nothing to do. If you do not, tell your administrator, "
            "and look at your sessions and events on your profile."
        ),
    ]
    subject = _("Your account %(name)s: %(what)s") % {"name": user.username, "what": kind.label}
    mails.write(to, subject, "\n".join(lines))
