"""Refusals as RFC 9457 problems: one shape for every error of the API."""

from dataclasses import dataclass

from django.http import JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.refusals import Refused


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
    "username_taken": Problem(409, _("User name taken"), _("Choose another user name.")),
    "factor_not_enrolled": Problem(
        409, _("No face enrolled"), _("Enrol your face first, or use another factor.")
    ),
    "consent_required": Problem(
        409, _("Consent required"), _("Read and accept the current text about your face first.")
    ),
    "too_many_attempts": Problem(
        429, _("Too many attempts"), _("Wait as long as Retry-After says, or use another factor.")
    ),
    "facelogin_unavailable": Problem(
        503, _("Face service unavailable"), _("Try again shortly; nothing was changed.")
    ),
    "method_not_allowed": Problem(405, _("Method not allowed"), _("See Allow for what works.")),
    "not_found": Problem(404, _("Not found"), _("Check the address.")),
}


def problem_response(refused: Refused) -> JsonResponse:
    """Return a refusal as application/problem+json."""
    problem = PROBLEMS[refused.code]
    body: dict[str, object] = {
        "type": f"urn:kubevision:problem:{refused.code}",
        "title": str(problem.title),
        "status": problem.status,
        "detail": str(problem.detail),
        "code": refused.code,
        **refused.extra,
    }
    if refused.errors is not None:
        body["errors"] = {field: list(map(str, texts)) for field, texts in refused.errors.items()}
    response = JsonResponse(body, status=problem.status, content_type="application/problem+json")
    if refused.retry_after is not None:
        response.headers["Retry-After"] = str(refused.retry_after)
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
