"""Start-up checks that every room shares: settings that are well-formed and do not fit together.

A value that is malformed by itself is refused earlier, by kubevision.settings.env.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning


@register(Tags.security)
def check_public_origins(**_options: Any) -> list[CheckMessage]:
    """Refuse a mixture: one origin without TLS would take the protection from all cookies."""
    schemes = {urlsplit(origin).scheme for origin in settings.PUBLIC_ORIGINS}
    if len(schemes) == 1:
        return []
    return [
        Error(
            "PUBLIC_ORIGINS mixes http and https: cookies of one would be readable by the other. "
            "Example: PUBLIC_ORIGINS=https://portal.example.org",
            id="kubevision.E001",
        )
    ]


@register(Tags.security)
def check_camera_address(**_options: Any) -> list[CheckMessage]:
    """Refuse what browsers refuse: a socket without TLS from a page with it."""
    is_plain = settings.FACELOGIN_PUBLIC_URL.startswith("http://")
    if not (settings.FACELOGIN_URL and is_plain and settings.SECURE_COOKIES):
        return []
    return [
        Error(
            "FACELOGIN_PUBLIC_URL has no TLS, the pages have: browsers would refuse the camera's "
            "socket. Example: FACELOGIN_PUBLIC_URL=https://faces.example.org",
            id="kubevision.E002",
        )
    ]


@register(Tags.security)
def check_pass_cookie_domain(**_options: Any) -> list[CheckMessage]:
    """Refuse a domain for the pass that the portal itself is not in: browsers drop such cookies."""
    domain = settings.PASS_COOKIE_DOMAIN.lstrip(".").lower()
    hosts = [(urlsplit(origin).hostname or "").lower() for origin in settings.PUBLIC_ORIGINS]
    outside = [host for host in hosts if host != domain and not host.endswith(f".{domain}")]
    if not domain or not outside:
        return []
    return [
        Error(
            f"PASS_COOKIE_DOMAIN is {domain}, but PUBLIC_ORIGINS holds {outside[0]}: browsers "
            "would drop the pass. Example: PASS_COOKIE_DOMAIN=example.org for "
            "https://portal.example.org",
            id="kubevision.E003",
        )
    ]


@register(Tags.security)
def check_trust_in_everybody(**_options: Any) -> list[CheckMessage]:
    """Refuse to believe the whole world: anybody could write any address."""
    if all(network.prefixlen for network in settings.TRUSTED_PROXIES):
        return []
    return [
        Error(
            "TRUSTED_PROXIES trusts every address there is: anybody could claim to be anybody. "
            "Example: TRUSTED_PROXIES=10.42.0.0/16",
            id="kubevision.E004",
        )
    ]


@register(Tags.security, deploy=True)
def check_trust_in_nobody(**_options: Any) -> list[CheckMessage]:
    """Say that behind an ingress nobody can be told from anybody."""
    if settings.TRUSTED_PROXIES:
        return []
    return [
        CheckWarning(
            "TRUSTED_PROXIES is empty: behind an ingress all people have the ingress's address, "
            "share its limits, and no answer asks browsers to stay with https. "
            "Example: TRUSTED_PROXIES=10.42.0.0/16",
            id="kubevision.W001",
        )
    ]


@register(Tags.security)
def check_static_root(**_options: Any) -> list[CheckMessage]:
    """Refuse a folder of static files that is not there: pages would come without style."""
    if not settings.STATIC_ROOT or Path(settings.STATIC_ROOT).is_dir():
        return []
    return [
        Error(
            f"STATIC_ROOT names {settings.STATIC_ROOT}, which is no folder; `manage.py "
            "collectstatic` makes it. Example: STATIC_ROOT=/srv/kubevision/static",
            id="kubevision.E005",
        )
    ]
