"""What browsers may do with an answer, on every answer of every room."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from kubevision.paths import for_path


class SecurityHeadersMiddleware:
    """Adds the headers that SECURITY_HEADERS names for a path, unless a view set its own.

    Stands outside all that answers by itself (static files, refusals), so that nothing goes out
    without them.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the headers."""
        response = self.get_response(request)
        for name, value in for_path(settings.SECURITY_HEADERS, request.path).items():
            response.headers.setdefault(name, value)
        return response
