"""Who a request comes from and what it is called, believed only from trusted proxies."""

import logging
import re
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

REQUEST_ID_HEADER = "X-Request-ID"
FORWARDED_PROTO = "HTTP_X_FORWARDED_PROTO"  # as SECURE_PROXY_SSL_HEADER names it
# What log lines can hold: long enough for UUIDs and trace ids, no room for prose.
_REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9._-]{8,64}")


# For log lines written while a request is answered, whoever writes them.
_current_id: ContextVar[str] = ContextVar("request_id", default="")
_current_address: ContextVar[str] = ContextVar("client_address", default="")


def _parsed(address: str) -> IPv4Address | IPv6Address:
    """Read an address; ValueError if it is none.

    One with a zone (fe80::1%eth0) is none here: a zone means something on one machine only, may
    hold any characters, and would travel on into headers and the database.
    """
    if "%" in address:
        raise ValueError("an address with a zone")
    return ip_address(address)


def _is_trusted(address: str) -> bool:
    try:
        parsed = _parsed(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.TRUSTED_PROXIES)


def comes_from_trusted_proxy(request: HttpRequest) -> bool:
    """Say whether the peer's forwarded headers may be believed."""
    return _is_trusted(request.META.get("REMOTE_ADDR", ""))


def client_address(request: HttpRequest) -> str:
    """Return the address of the person's device, empty if unknown.

    X-Forwarded-For is read from the right, past the trusted proxies: what stands further left was
    written by whoever called them and proves nothing.
    """
    peer: str = request.META.get("REMOTE_ADDR", "")
    if not _is_trusted(peer):
        return peer
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    for hop in reversed([hop for hop in hops if hop]):
        try:
            _parsed(hop)
        except ValueError:
            return peer
        if not _is_trusted(hop):
            return hop
        peer = hop
    return peer


def current_request_id() -> str:
    """Return the id of the request that is being answered; empty outside of one."""
    return _current_id.get()


def current_address() -> str:
    """Return the client's address of the request that is being answered; empty if unknown."""
    return _current_address.get()


def request_id(request: HttpRequest) -> str:
    """Return the request's id; RequestIdMiddleware sets it."""
    value: str = getattr(request, "request_id", "")
    return value


class ForwardedProtoMiddleware:
    """Lets only trusted proxies say that a request came by https.

    Django believes the header of SECURE_PROXY_SSL_HEADER whoever sent it, so it must not get to
    see anybody else's, nor a list, whose left end is the client's own word.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Drop the header unless it is a trusted proxy's and says one thing."""
        given = request.META.get(FORWARDED_PROTO)
        if given not in {"http", "https"} or not comes_from_trusted_proxy(request):
            request.META.pop(FORWARDED_PROTO, None)
        return self.get_response(request)


class RequestIdMiddleware:
    """Gives each request an id, a trusted caller's own if it sent one, and answers with it."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Name the request before any other code sees it."""
        given = request.headers.get(REQUEST_ID_HEADER, "")
        if not (comes_from_trusted_proxy(request) and _REQUEST_ID_FORM.fullmatch(given)):
            given = secrets.token_hex(16)
        request.request_id = given  # type: ignore[attr-defined]  # read by request_id() above
        token, address = _current_id.set(given), _current_address.set(client_address(request))
        try:
            response = self.get_response(request)
        finally:
            _current_id.reset(token)
            _current_address.reset(address)
        response.headers[REQUEST_ID_HEADER] = given
        return response


class RequestIdFilter(logging.Filter):
    """Gives each log record the id of the request that it is about, or a dash."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        # Django logs refusals after the middleware is done, but says which request it was.
        about = getattr(getattr(record, "request", None), "request_id", "")
        record.request_id = about or _current_id.get() or "-"
        return True
