from ipaddress import ip_network
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from kubevision.request_context import (
    ForwardedProtoMiddleware,
    RequestIdMiddleware,
    client_address,
    request_id,
)

PROXIES = [ip_network("10.0.0.0/8"), ip_network("::1/128")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # not a proxy of ours: not believed
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # the left one is made up
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "junk", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, junk", "10.0.0.1"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("", "198.51.100.1", ""),
        # A zone may hold any characters and would travel on into headers and the database.
        ("10.0.0.1", "fe80::1%eth0", "10.0.0.1"),
        ("10.0.0.1", "fe80::1%\xe9\n", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, ::1%" + "x" * 999, "10.0.0.1"),
    ],
)
def test_addresses_are_read_from_the_right(
    settings: Any, peer: str, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    request = RequestFactory().get(
        "/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded} if forwarded else {}
    )
    assert client_address(request) == address


@pytest.mark.parametrize(
    ("peer", "given", "is_kept"),
    [
        ("10.0.0.1", "abcdef12-3456", True),
        ("203.0.113.7", "abcdef12-3456", False),
        ("10.0.0.1", "short", False),
        ("10.0.0.1", "x" * 65, False),
        ("10.0.0.1", "line\nbreak and prose", False),
    ],
)
def test_request_ids(settings: Any, peer: str, given: str, is_kept: bool) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    seen: list[str] = []

    def view(request: Any) -> HttpResponse:
        seen.append(request_id(request))
        return HttpResponse()

    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_REQUEST_ID=given)
    response = RequestIdMiddleware(view)(request)
    assert (seen[0] == given) is is_kept
    assert response.headers["X-Request-ID"] == seen[0]
    assert 8 <= len(seen[0]) <= 64


@pytest.mark.parametrize(
    ("peer", "proto", "is_secure"),
    [
        ("10.0.0.1", "https", True),
        ("10.0.0.1", "http", False),
        ("10.0.0.1", "", False),
        ("203.0.113.7", "https", False),  # anybody can write a header
        ("", "https", False),
        ("10.0.0.1", "https, http", False),  # the left one is the client's own word
        ("10.0.0.1", "HTTPS ", False),
    ],
)
def test_only_trusted_proxies_say_https(
    settings: Any, peer: str, proto: str, is_secure: bool
) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    seen: list[bool] = []

    def view(request: Any) -> HttpResponse:
        seen.append(request.is_secure())
        return HttpResponse()

    headers = {"HTTP_X_FORWARDED_PROTO": proto} if proto else {}
    ForwardedProtoMiddleware(view)(RequestFactory().get("/", REMOTE_ADDR=peer, **headers))
    assert seen == [is_secure]


def test_every_room_judges_the_scheme_before_anything_reads_it() -> None:
    from django.conf import settings

    first = "kubevision.request_context.ForwardedProtoMiddleware"
    django_own = [name for name in settings.MIDDLEWARE if name.startswith("django.")]
    assert settings.MIDDLEWARE.index(first) < settings.MIDDLEWARE.index(django_own[0])
