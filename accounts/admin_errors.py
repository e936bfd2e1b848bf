"""Refusals and faults inside Django admin, as pages in its look."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kubevision.failures import Failure
from kubevision.request_context import request_id

# What happened, and what to do next.
_WORDS: dict[str, tuple[Promise, Promise]] = {
    "bad_request": (
        _("This request could not be read"),
        _("Go back and try again from the administration's first page."),
    ),
    "forbidden": (
        _("This is not open to you"),
        _("Ask somebody with more rights if you need it."),
    ),
    "stale_form": (
        _("This form was not accepted"),
        _(
            "Nothing was changed. Its page was open for too long, or the browser keeps no cookies "
            "for this site. Go back, load the page again and send it once more."
        ),
    ),
    "not_found": (
        _("There is no such page"),
        _("What it was about may be gone. Start again from the administration's first page."),
    ),
    "method_not_allowed": (
        _("This page cannot be used that way"),
        _("Start again from the administration's first page."),
    ),
    "content_too_large": (
        _("This form was too large"),
        _("Nothing was changed. Go back, shorten what you typed and send it again."),
    ),
    "temporarily_unavailable": (
        _("The database does not answer"),
        _("Wait a moment and load the page again. Whether a change was saved, its page shows."),
    ),
    "internal_error": (
        _("Something broke on our side"),
        _("It is in the log with the reference below. Whether a change was saved, its page shows."),
    ),
}


def answer(request: HttpRequest, failure: Failure) -> HttpResponse:
    """Return the page for one refusal; rooms name it in ERROR_ANSWERS."""
    title, advice = _WORDS["stale_form" if failure.csrf_reason else failure.code]
    context = {"title": title, "advice": failure.said or advice, "reference": request_id(request)}
    return render(request, "accounts/admin_error.html", context, status=failure.status)
