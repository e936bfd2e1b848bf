"""What is counted for operators; /metrics on the management port shows it.

Labels hold few values only: no user names, no paths (they carry ids), no free text.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import Counter

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS = Counter(
    "kubevision_http_requests_total",
    "HTTP requests answered.",
    ["room", "method", "status"],
)


def _room_of(path: str) -> str:
    """Return the room a path belongs to: the only one, or by prefix where one process holds all."""
    for prefix, room in settings.ROOMS_BY_PREFIX:
        if path.startswith(prefix):
            return str(room)
    return "unknown"


class RequestMetricsMiddleware:
    """Counts answers."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Count the answer to one request."""
        response = self.get_response(request)
        # Anybody may send any word as method: only those of HTTP become a label.
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(_room_of(request.path_info), method, response.status_code).inc()
        return response
