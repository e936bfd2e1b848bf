"""What the framework itself refuses, answered by the room whose path was asked for.

The handlers of every URLconf and CSRF_FAILURE_VIEW lead here; ERROR_ANSWERS says which function
of which room makes the answer: a page for people, a problem document for programs.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from kubevision import databases
from kubevision.paths import for_path

logger = logging.getLogger(__name__)

FAULT = 500  # HTTP statuses from here on are our doing, those below the sender's


@dataclass(frozen=True)
class Failure:
    """One refusal: HTTP status, a stable name in snake_case, and what is known of the cause."""

    status: int
    code: str
    exception: Exception | None = None
    csrf_reason: str = ""  # Django's English reason, if a form's token was refused

    @property
    def said(self) -> str:
        """Return the sentence a view gave for people with PermissionDenied, or nothing."""
        return str(self.exception) if isinstance(self.exception, PermissionDenied) else ""


def _answer(request: HttpRequest, failure: Failure) -> HttpResponse:
    make: Callable[[HttpRequest, Failure], HttpResponse] = import_string(
        for_path(settings.ERROR_ANSWERS, request.path)
    )
    return make(request, failure)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: a request no room can read; one that is too large gets the status for that."""
    if isinstance(exception, RequestDataTooBig):
        return _answer(request, Failure(413, "content_too_large", exception))
    return _answer(request, Failure(400, "bad_request", exception))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return _answer(request, Failure(403, "forbidden", exception))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return _answer(request, Failure(404, "not_found", exception))


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: a fault of ours. Django has logged it by now, with the request's id."""
    return _answer(request, Failure(500, "internal_error"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: a form that did not come from a page of ours, or came without cookies."""
    return _answer(request, Failure(403, "forbidden", csrf_reason=reason))


class RefusalFilter(logging.Filter):
    """Takes the traceback from log records about refused requests.

    Django logs a forged Host, too many fields or a body that is too large with a traceback and as
    an error. They are the sender's doing: anybody could fill the log with what looks like faults.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record; faults (500 and above) as they are."""
        if getattr(record, "status_code", FAULT) < FAULT:
            record.exc_info = record.exc_text = None
            record.levelno = min(record.levelno, logging.WARNING)
            record.levelname = logging.getLevelName(record.levelno)
        return True


class DatabaseAwayMiddleware:
    """Says that a database does not answer, instead of calling it a fault of the page."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let the request through."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer 503 with Retry-After; nothing else is taken."""
        if not isinstance(error, databases.errors()):
            return None
        logger.warning("the database did not answer: %s", error)
        answer = _answer(request, Failure(503, "temporarily_unavailable", error))
        answer.headers["Retry-After"] = str(databases.RETRY_SECONDS)
        return answer


class MethodNotAllowedMiddleware:
    """Gives a refused method a body; Django's own answer to it is empty."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Fill in an empty 405; its Allow header stays."""
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            filled = _answer(request, Failure(405, "method_not_allowed"))
            response.content = filled.content
            response.headers["Content-Type"] = filled.headers["Content-Type"]
            response.headers["Content-Length"] = str(len(response.content))
        return response
