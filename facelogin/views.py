"""The few HTTP calls of facelogin, made by accounts with a ticket as bearer token."""

from collections.abc import Callable
from datetime import UTC

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from facelogin import tokens
from facelogin.services import references
from facelogin.tokens import KeysUnavailable, Ticket, TokenRefused

Endpoint = Callable[[HttpRequest], HttpResponse]

RETRY_SECONDS = 5


def _problem(status: int, code: str, title: str) -> JsonResponse:
    """Return an RFC 9457 problem."""
    response = JsonResponse(
        {
            "type": f"urn:kubevision:problem:{code}",
            "title": title,
            "status": status,
            "detail": title,
            "code": code,
        },
        status=status,
        content_type="application/problem+json",
    )
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _status(ticket: Ticket) -> HttpResponse:
    found = references.status(ticket)
    if found is None:
        return _problem(404, "not_found", _("There is no current reference."))
    return JsonResponse(
        {
            "enrolled_at": found.enrolled_at.astimezone(UTC).isoformat(timespec="seconds"),
            "engine": found.engine,
            "samples": found.samples,
            "expires_at": found.expires_at.astimezone(UTC).isoformat(timespec="seconds"),
        }
    )


def _activate(ticket: Ticket) -> HttpResponse:
    if not references.activate(ticket):
        return _problem(404, "not_found", _("There is no such pending reference."))
    return HttpResponse(status=204)


def _erase(ticket: Ticket) -> HttpResponse:
    references.erase(ticket)
    return HttpResponse(status=204)


def _with_ticket(purpose: str, act: Callable[[Ticket], HttpResponse]) -> Endpoint:
    """Return a view that acts for a ticket of one purpose."""

    def view(request: HttpRequest) -> HttpResponse:
        scheme, _separator, token = request.headers.get("Authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise TokenRefused("no bearer token")
            return act(references.take_ticket(token.strip(), purpose))
        except TokenRefused:
            return _problem(401, "ticket_refused", _("This ticket is not valid."))
        except (KeysUnavailable, DatabaseError):
            return _problem(503, "temporarily_unavailable", _("Try again shortly."))

    return view


def _publish_keys(_request: HttpRequest) -> HttpResponse:
    response = JsonResponse(tokens.signer().jwks())
    response.headers["Cache-Control"] = "public, max-age=60"
    return response


def _endpoint(**methods: Endpoint) -> Endpoint:
    """Return one view for the methods of a path."""

    @csrf_exempt  # no cookie is ever read here, only a bearer token
    def view(request: HttpRequest) -> HttpResponse:
        if request.method in methods:
            return methods[request.method](request)
        refusal = _problem(405, "method_not_allowed", _("This method is not allowed here."))
        refusal.headers["Allow"] = ", ".join(sorted(methods))
        return refusal

    return view


# Each call needs a ticket for just what it does.
reference = _endpoint(
    GET=_with_ticket("status", _status),
    PUT=_with_ticket("activate", _activate),
    DELETE=_with_ticket("erase", _erase),
)
publish_keys = _endpoint(GET=_publish_keys)
