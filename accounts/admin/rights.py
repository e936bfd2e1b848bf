"""Whom an administrator may act on."""

from django.http import HttpRequest

from accounts.models import User


def may_act(request: HttpRequest, user: User) -> bool:
    """Let superusers act on everybody, other staff on those who are none, if they may at all."""
    actor = request.user
    if not isinstance(actor, User) or not actor.has_perm("accounts.change_user"):
        return False
    return bool(actor.is_superuser) or not user.is_superuser
