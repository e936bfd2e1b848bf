"""What is done to a user from their page, each with what it means, in words."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import selectors
from accounts.models import User
from accounts.services import administration


@dataclass(frozen=True)
class Action:
    """One button: what it says, what it means, what it does, and when it makes sense.

    `asks`: a page says what will happen before it does. `on_oneself`: also on one's own account.
    """

    label: Promise
    meaning: Promise
    do: Callable[[User, User], object]
    fits: Callable[[User], bool] = lambda _user: True
    asks: bool = True
    on_oneself: bool = True


def _reset(factor: str) -> Callable[[User, User], object]:
    return lambda by, user: administration.reset_factor(by, user, factor)


_LAST_FACTOR = _(
    "Without another factor their password alone opens the account until they add one. Where "
    "somebody else may know it, make a code for a new password as well."
)

ACTIONS: dict[str, Action] = {
    "lock_down": Action(
        _("Lock the account down"),
        _("Nobody signs in, all sessions end, codes on their way open nothing."),
        administration.lock_down,
        fits=lambda user: user.is_active,
        asks=False,
        on_oneself=False,
    ),
    "release": Action(
        _("Open the account again"),
        _("They sign in with the password and the factors they had."),
        administration.release,
        fits=lambda user: not user.is_active,
    ),
    "unlock": Action(
        _("Unlock"),
        _("Wrong passwords, codes and faces that were counted are forgotten."),
        administration.unlock,
        asks=False,
    ),
    "end_sessions": Action(
        _("End all sessions"),
        _("They are signed out everywhere."),
        administration.end_sessions,
        asks=False,
        on_oneself=False,
    ),
    "require_reenrolment": Action(
        _("Require a new enrolment"),
        _(
            "Their face counts no more until they enrol it again; they come in by another factor. "
            "It stays a factor: their password alone opens nothing."
        ),
        administration.require_reenrolment,
        fits=lambda user: selectors.face_of(user) is not None,
    ),
    "reset_face": Action(
        _("Remove the face"),
        _LAST_FACTOR,
        _reset(administration.FACE),
        fits=lambda user: selectors.face_of(user) is not None,
    ),
    "reset_totp": Action(
        _("Remove the authenticator app"),
        _LAST_FACTOR,
        _reset(administration.TOTP),
        fits=lambda user: selectors.totp_of(user) is not None,
    ),
    "reset_codes": Action(
        _("Remove the recovery codes"),
        _("Their recovery codes open nothing any more; they make new ones on their profile."),
        _reset(administration.RECOVERY_CODES),
        fits=lambda user: selectors.remaining_recovery_codes(user) > 0,
    ),
}
