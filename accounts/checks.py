"""Start-up checks: what a laptop may leave open and an installation for others should not."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as CheckWarning


@register(Tags.security, deploy=True)
def check_registration(**_options: Any) -> list[CheckMessage]:
    """Say that anybody may make an account."""
    if settings.ACCOUNTS_REGISTRATION == "closed":
        return []
    return [
        CheckWarning(
            "ACCOUNTS_REGISTRATION is open: whoever reaches this installation can make an "
            "account. Example: ACCOUNTS_REGISTRATION=closed",
            id="accounts.W001",
        )
    ]


@register(Tags.security, deploy=True)
def check_admin(**_options: Any) -> list[CheckMessage]:
    """Say that a password alone opens the administration."""
    if settings.ACCOUNTS_ADMIN_REQUIRE_MFA:
        return []
    return [
        CheckWarning(
            "ACCOUNTS_ADMIN_REQUIRE_MFA is off: a password alone opens the administration to "
            "staff without a second factor. Example: ACCOUNTS_ADMIN_REQUIRE_MFA=on",
            id="accounts.W002",
        )
    ]
