"""Start-up checks: what would send people round in circles."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as CheckWarning


@register(Tags.security, deploy=True)
def check_pass_reaches_applications(**_options: Any) -> list[CheckMessage]:
    """Say that an application on another host would never see the pass."""
    own = {urlsplit(origin).hostname for origin in settings.PUBLIC_ORIGINS}
    domain = settings.PASS_COOKIE_DOMAIN.lstrip(".").lower()
    hosts = [word.partition(":")[0].lower() for word in settings.LOGIN_REDIRECT_HOSTS]
    without = [
        host
        for host in hosts
        if host not in own and not (domain and f".{host}".endswith(f".{domain}"))
    ]
    if not without:
        return []
    return [
        CheckWarning(
            f"LOGIN_REDIRECT_HOSTS holds {without[0]}, where browsers do not send the pass: who "
            "signs in is sent back there and asked to sign in again. "
            "Example: PASS_COOKIE_DOMAIN=example.org for wiki.example.org",
            id="dashboard.W001",
        )
    ]
