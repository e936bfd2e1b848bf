"""What people change about their own account."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts import events, selectors
from accounts.events import Kind
from accounts.models import Session, User
from accounts.refusals import Refused
from accounts.services import sessions


def check_password_rules(password: str, field: str, user: User) -> None:
    """Hold a new password to the rules.

    Raises
    ------
    Refused
        invalid_input with the rules' sentences at the field.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refused("invalid_input", errors={field: error.messages}) from None


def change_password(session: Session, new_password: str) -> None:
    """Let a new password count from now on; all other sessions end.

    Raises
    ------
    Refused
        invalid_input, reauthentication_required.
    """
    check_password_rules(new_password, "new_password", session.user)
    if not selectors.has_fresh_proof(session):
        raise Refused("reauthentication_required")
    # Ended before, so that whoever dies in between leaves nobody in by the old password; and
    # after, for who came in by it meanwhile.
    sessions.end_others(session)
    session.user.set_password(new_password)
    session.user.save(update_fields=["password"])
    sessions.end_others(session)
    events.record(Kind.PASSWORD_CHANGED, session.user)


def change_profile(session: Session, changes: dict[str, Any]) -> User:
    """Change name or address; what is not in `changes` stays."""
    user = session.user
    old_address = user.email
    changed = [name for name, value in changes.items() if getattr(user, name) != value]
    if changed:
        User.objects.filter(pk=user.pk).update(**{name: changes[name] for name in changed})
        user.refresh_from_db()
        # To the old address: whoever takes an account over would hear of it at the new one.
        events.record(Kind.PROFILE_CHANGED, user, mail_to=old_address, fields=changed)
    return user
