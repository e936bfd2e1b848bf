"""The few HTTP calls of facelogin, made by accounts with a ticket as bearer token."""

from collections.abc import Callable
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from facelogin import tokens
from facelogin.services import references
from facelogin.tokens import KeysUnavailable, Ticket, TokenRefused
from kubevision import databases
from kubevision.problems import problem

RETRY_SECONDS = 5


def _not_found(detail: str) -> HttpResponse:
    return problem(404, "not_found", _("Not found"), detail)


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _status(ticket: Ticket) -> HttpResponse:
    found = references.status(ticket)
    if found is None:
        return _not_found(_("There is no current reference."))
    return JsonResponse(
        {
            "enrolled_at": _time(found.enrolled_at),
            "engine": found.engine,
            "samples": found.samples,
            "expires_at": _time(found.expires_at),
            "cohort_consent": found.cohort_consent,
            "extensions": [
                {
                    "id": each.id,
                    "added_at": _time(each.added_at),
                    "expires_at": _time(each.expires_at),
                }
                for each in found.extensions
            ],
        }
    )


def _activate(ticket: Ticket) -> HttpResponse:
    if not references.activate(ticket):
        return _not_found(_("There is no such pending reference."))
    return HttpResponse(status=204)


def _erase(ticket: Ticket) -> HttpResponse:
    references.erase(ticket)
    return HttpResponse(status=204)


def _end_session(ticket: Ticket) -> HttpResponse:
    references.end_session(ticket)
    return HttpResponse(status=204)


_PURPOSES: dict[str, tuple[str, Callable[[Ticket], HttpResponse]]] = {
    "GET": ("status", _status),
    "PUT": ("activate", _activate),
    "DELETE": ("erase", _erase),
}


@csrf_exempt
@require_http_methods(list(_PURPOSES))
def reference(request: HttpRequest) -> HttpResponse:
    """GET, PUT, DELETE /face/v1/reference: what each does needs a ticket for just that."""
    purpose, act = _PURPOSES[request.method or ""]
    return _with_ticket(request, purpose, act)


@csrf_exempt
@require_http_methods(["DELETE"])
def extension(request: HttpRequest, extension_id: str) -> HttpResponse:
    """DELETE /face/v1/reference/extensions/{id}: also when there is none, as after a repeat."""

    def remove(ticket: Ticket) -> HttpResponse:
        references.remove_extension(ticket, extension_id)
        return HttpResponse(status=204)

    return _with_ticket(request, "erase", remove, extension_id)


@csrf_exempt
@require_http_methods(["POST"])
def session_ended(request: HttpRequest) -> HttpResponse:
    """POST /face/v1/session-ended: the session's attempts close within two seconds."""
    return _with_ticket(request, "revoke", _end_session)


def _out_of_reach() -> tuple[type[Exception], ...]:
    return (KeysUnavailable, *databases.errors())


def _with_ticket(
    request: HttpRequest,
    purpose: str,
    act: Callable[[Ticket], HttpResponse],
    extension_id: str = "",
) -> HttpResponse:
    """Do what the ticket of a request is good for."""
    scheme, _separator, token = request.headers.get("Authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise TokenRefused("no bearer token")
        return act(references.take_ticket(token.strip(), purpose, extension_id))
    except TokenRefused:
        return problem(
            401,
            "ticket_refused",
            _("Ticket refused"),
            _("Ask for a fresh ticket; each is good once."),
        )
    except _out_of_reach():
        return problem(
            503,
            "temporarily_unavailable",
            _("Not available at the moment"),
            _("Try again shortly."),
            retry_after=RETRY_SECONDS,
        )


@csrf_exempt
@require_GET
def publish_keys(_request: HttpRequest) -> HttpResponse:
    """GET /face/.well-known/jwks.json."""
    response = JsonResponse(tokens.signer().jwks())
    response.headers["Cache-Control"] = "public, max-age=60"
    return response
