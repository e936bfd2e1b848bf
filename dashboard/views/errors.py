"""What Django refuses by itself, and our own faults: pages that say what to do next."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.clients.accounts import Refusal
from dashboard.forms import Form, InvitationForm, RegisterForm, SignInForm
from dashboard.views.door import address_of, safe_next
from dashboard.views.pages import error_page, form_page
from kubevision.failures import Failure
from kubevision.problems import problem

# By Failure.code: title, what happened, what to do next.
_WORDS: dict[str, tuple[Promise, Promise, Promise]] = {
    "bad_request": (
        _("This request could not be read"),
        _("The address or the form does not look like one of ours."),
        _("Check the address, or start again from the first page."),
    ),
    "forbidden": (
        _("This is not open to you"),
        _("You may not do this here."),
        _("If you should be able to, ask your administrator."),
    ),
    "no_cookie": (
        _("Your browser sent no cookie"),
        _("Nothing was changed. This site needs its cookies to know that a form is really yours."),
        _("Allow cookies for this site, load the page again and send it once more."),
    ),
    "stale_form": (
        _("This page was out of date"),
        _("Nothing was changed. The page was open for too long, or in another tab as well."),
        _("Load it again and send it once more."),
    ),
    "foreign_form": (
        _("This form did not come from our pages"),
        _("Nothing was changed."),
        _("Start again from the first page of the site you know."),
    ),
    "not_found": (
        _("There is no page here"),
        _("The address is wrong, or what it led to is gone."),
        _("Check the address, or start from the first page."),
    ),
    "method_not_allowed": (
        _("This page cannot be opened like this"),
        _("Nothing was changed. Its address is for a button on another page."),
        _("Go to that page and use the button there."),
    ),
    "content_too_large": (
        _("This form was too large"),
        _("Nothing was changed. None of our forms needs that much text."),
        _("Go back with your browser, shorten what you typed and send it again."),
    ),
    "internal_error": (
        _("Something broke on our side"),
        _("This is our fault, not yours. It has been noted under the reference below."),
        _("Try again. If it happens again, give the reference to your administrator."),
    ),
}
# Said above a form that is shown again with what was typed, all but the password.
_AGAIN: dict[str, Promise] = {
    "no_cookie": _(
        "Your browser sent no cookie, so we cannot tell whether this form is really yours. Allow "
        "cookies for this site, type your password and send the form again."
    ),
    "stale_form": _(
        "This page was out of date and nothing was changed. It is fresh now: type your password "
        "and send the form again."
    ),
}
_KEPT_FORMS: dict[str, type[Form]] = {
    "invite": InvitationForm,
    "login": SignInForm,
    "register": RegisterForm,
}


def answer(request: HttpRequest, failure: Failure) -> HttpResponse:
    """Return the answer to one refusal; rooms name it in ERROR_ANSWERS."""
    kind = _csrf_kind(failure.csrf_reason) if failure.csrf_reason else failure.code
    title, happened, advice = _WORDS[kind]
    if not request.accepts("text/html"):  # the camera's script shows the sentence
        return problem(failure.status, failure.code, title, f"{happened} {advice}")
    page_name = request.resolver_match.url_name if request.resolver_match else ""
    if kind in _AGAIN and page_name in _KEPT_FORMS:
        return _form_again(request, str(page_name), str(_AGAIN[kind]))
    may_retry = kind in _AGAIN or (failure.status == 500 and request.method in {"GET", "HEAD"})
    return error_page(
        request,
        failure.status,
        title,
        failure.said or happened,
        advice,
        retry_address=address_of(request) if may_retry else "",
    )


def _csrf_kind(reason: str) -> str:
    """Tell forms of ours from strangers'; only strangers' have a wrong Origin or Referer."""
    if reason == REASON_NO_CSRF_COOKIE:
        return "no_cookie"
    return "stale_form" if reason.startswith("CSRF token") else "foreign_form"


def _form_again(request: HttpRequest, name: str, sentence: str) -> HttpResponse:
    context: dict[str, Any] = {"next": safe_next(request)}
    refusal = Refusal(403, {"code": "forbidden", "detail": sentence}, None)
    return form_page(request, name, _KEPT_FORMS[name].kept(request.POST), refusal, **context)
