"""The accounts room as Django apps."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Who people are: users, sessions, factors."""

    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Register the start-up checks."""
        from accounts import checks  # noqa: F401, PLC0415  (needs loaded apps)


class AccountsAdminConfig(AdminConfig):
    """Django admin, opened by the sign-in of the product instead of a password form of its own."""

    default_site = "accounts.admin_session.PortalAdminSite"
