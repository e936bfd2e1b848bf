"""Django admin: users and what is done to them, their sessions, what happened, invitations.

Factors are shown, never their secrets; faces are not here at all.
"""

from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin import events, invitations, sessions, users

__all__ = ["events", "invitations", "sessions", "users"]

admin.site.unregister(Group)
