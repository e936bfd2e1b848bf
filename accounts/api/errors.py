"""Refusals as RFC 9457 problems: one shape for every error of the API."""

from dataclasses import dataclass

from django.http import JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.refusals import Limit, Refused
from kubevision.problems import problem as problem_document


@dataclass(frozen=True)
class Problem:
    """What a code means: HTTP status, a short name of it, and what to do next."""

    status: int
    title: Promise | str
    detail: Promise | str


PROBLEMS = {
    "unauthenticated": Problem(401, _("Not signed in"), _("Sign in and try again.")),
    "second_factor_required": Problem(
        403, _("Second factor required"), _("Show your second factor first.")
    ),
    "invalid_input": Problem(400, _("Invalid input"), _("Correct the fields named in errors.")),
    "invalid_credentials": Problem(401, _("Sign-in failed"), _("User name or password is wrong.")),
    "invalid_code": Problem(
        401, _("Code refused"), _("Check the code; each one can be used once.")
    ),
    "assertion_refused": Problem(
        401, _("Face not accepted"), _("Start the camera again for a new attempt.")
    ),
    "report_refused": Problem(
        401, _("Report refused"), _("Sign a fresh report with facelogin's current key.")
    ),
    "reauthentication_required": Problem(
        401,
        _("Confirm that it is you"),
        _("Show your password, and your second factor if you have one, again."),
    ),
    "registration_closed": Problem(
        403, _("Registration is closed"), _("Ask an administrator for an invitation.")
    ),
    "invitation_required": Problem(
        403,
        _("Invitation required"),
        _("Ask an administrator for a code: here a first second factor takes one."),
    ),
    "not_found": Problem(404, _("Not found"), _("Check the address.")),
    "username_taken": Problem(409, _("User name taken"), _("Choose another user name.")),
    "factor_not_enrolled": Problem(
        409, _("Factor not enrolled"), _("Add this factor first, or use another one.")
    ),
    "nothing_to_confirm": Problem(
        409,
        _("Nothing to confirm"),
        _("Ask for a new secret first; one waits for ten minutes."),
    ),
    "consent_required": Problem(
        409, _("Consent required"), _("Read and accept the current text about your face first.")
    ),
    "too_many_attempts": Problem(
        429,
        _("Too many attempts"),
        _("There were too many tries. Wait a while, or use another factor."),
    ),
    "facelogin_unavailable": Problem(
        503, _("Face service unavailable"), _("Try again shortly; nothing was changed.")
    ),
    "temporarily_unavailable": Problem(
        503, _("Not available at the moment"), _("Try again shortly.")
    ),
    "method_not_allowed": Problem(405, _("Method not allowed"), _("See Allow for what works.")),
}


def problem_response(refused: Refused) -> JsonResponse:
    """Return a refusal as application/problem+json."""
    problem = PROBLEMS[refused.code]
    extra: dict[str, object] = dict(refused.extra)
    if refused.errors is not None:
        extra["errors"] = {field: list(map(str, texts)) for field, texts in refused.errors.items()}
    response = problem_document(
        problem.status,
        refused.code,
        problem.title,
        problem.detail if refused.detail is None else str(refused.detail),
        extra=extra,
        retry_after=refused.retry_after,
    )
    if refused.limit is not None:
        _name_limit(response, refused.limit, refused.retry_after or 0)
    return response


def _name_limit(response: JsonResponse, limit: Limit, seconds: int) -> None:
    """Say which limit was reached, as draft-ietf-httpapi-ratelimit-headers spells it."""
    window = "" if limit.window_seconds is None else f";w={limit.window_seconds}"
    response.headers["RateLimit-Policy"] = f'"{limit.name}";q={limit.tries}{window}'
    response.headers["RateLimit"] = f'"{limit.name}";r=0;t={seconds}'
