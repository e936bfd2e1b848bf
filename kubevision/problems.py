"""RFC 9457 problems: the one shape of every error that programs read."""

from collections.abc import Mapping

from django.http import HttpRequest, JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kubevision.failures import Failure

CONTENT_TYPE = "application/problem+json"

# What the framework refuses before or instead of a room's own code; Failure.code to words.
_WORDS: dict[str, tuple[Promise, Promise]] = {
    "bad_request": (
        _("Bad request"),
        _("Check the request's form and the host name it is addressed to."),
    ),
    "forbidden": (_("Forbidden"), _("This is not open to you.")),
    "not_found": (_("Not found"), _("Check the address.")),
    "method_not_allowed": (_("Method not allowed"), _("See Allow for what works.")),
    "content_too_large": (_("Content too large"), _("Send less in one request.")),
    "temporarily_unavailable": (
        _("Not available at the moment"),
        _("Try again shortly."),
    ),
    "internal_error": (
        _("Internal error"),
        _("The fault is ours and is in our log. Report it with the value of X-Request-ID."),
    ),
}


def problem(
    status: int,
    code: str,
    title: Promise | str,
    detail: Promise | str,
    *,
    extra: Mapping[str, object] | None = None,
    retry_after: int | None = None,
) -> JsonResponse:
    """Return a problem document.

    Parameters
    ----------
    status : int
        HTTP status, also a member of the document.
    code : str
        Stable name in snake_case that programs act on.
    title, detail : str
        What happened, the same for every such problem, and what to do next.
    extra : mapping, optional
        Further members.
    retry_after : int, optional
        Seconds after which asking again makes sense; sent as Retry-After.
    """
    body = {
        "type": f"urn:kubevision:problem:{code}",
        "title": str(title),
        "status": status,
        "detail": str(detail),
        "code": code,
        **(extra or {}),
    }
    response = JsonResponse(body, status=status, content_type=CONTENT_TYPE)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def answer(_request: HttpRequest, failure: Failure) -> JsonResponse:
    """Answer one of the framework's own refusals as a problem; rooms name it in ERROR_ANSWERS."""
    return problem(failure.status, failure.code, *_WORDS[failure.code])
