"""Django's own apps, with keys that MongoDB can give out (decision 1)."""

from django.conf import settings
from django.contrib.auth import apps as auth
from django.contrib.contenttypes import apps as contenttypes

from accounts.apps import AccountsAdminConfig


class AdminConfig(AccountsAdminConfig):
    """The administration."""

    default_auto_field = settings.DEFAULT_AUTO_FIELD


class AuthConfig(auth.AuthConfig):
    """Groups and permissions."""

    default_auto_field = settings.DEFAULT_AUTO_FIELD


class ContentTypesConfig(contenttypes.ContentTypesConfig):
    """The names of models."""

    default_auto_field = settings.DEFAULT_AUTO_FIELD
