"""What every page needs: whose browser this is, its cookies, and where to send it instead."""

import re
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from dashboard.clients.accounts import Accounts, AccountsUnavailable, Caller, Refusal
from dashboard.clients.answers import Session
from dashboard.views.pages import RETRY_SECONDS, error_page
from kubevision.request_context import REQUEST_ID_HEADER, client_address, request_id

View = Callable[[HttpRequest], HttpResponse]

DEVICE_HEADER = "X-KubeVision-Device"
# Half a year from the last sign-in: whoever comes every month keeps the counter of their browser.
DEVICE_SECONDS = 180 * 24 * 3600

# Refusals that send the person somewhere first.
ASKED_FOR_FIRST = frozenset(
    {
        "unauthenticated",
        "second_factor_required",
        "reauthentication_required",
        "invitation_required",
    }
)
# Titles of pages that hold nothing but a refusal.
_REFUSED = {403: _("This is not open to you"), 429: _("Too many tries")}


def accounts_for(request: HttpRequest, *, anonymous: bool = False) -> Accounts:
    """Return accounts as this browser may call it."""
    # Header values are printable ASCII; a browser's name need not be.
    user_agent = request.headers.get("User-Agent", "")
    headers = {
        "X-Forwarded-For": client_address(request),
        "User-Agent": "".join(c for c in user_agent if c.isascii() and c.isprintable()).strip(),
        REQUEST_ID_HEADER: request_id(request),
    }
    if device := _device(request):
        headers[DEVICE_HEADER] = device
    return Accounts(Caller("" if anonymous else _token(request), headers))


def _token(request: HttpRequest) -> str:
    """Return the session token of the browser's cookie; what cannot be one is none."""
    token = request.COOKIES.get(settings.SESSION_TOKEN_COOKIE, "")
    return token if re.fullmatch(r"[A-Za-z0-9_-]{1,200}", token) else ""


def _device(request: HttpRequest) -> str:
    """Return the token by which accounts knows this browser again; what cannot be one is none."""
    token = request.COOKIES.get(settings.DEVICE_COOKIE, "")
    return token if re.fullmatch(r"[A-Za-z0-9_-]{22,200}", token) else ""


def has_token(request: HttpRequest) -> bool:
    """Say whether the browser claims to be signed in; accounts knows whether it is."""
    return bool(_token(request))


def safe_next(request: HttpRequest) -> str:
    """Return where to go afterwards: our own paths and the hosts allowed, else home."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    is_allowed = url_has_allowed_host_and_scheme(
        target,
        allowed_hosts={request.get_host(), *settings.LOGIN_REDIRECT_HOSTS},
        require_https=settings.SECURE_COOKIES,
    )
    return target if is_allowed else reverse("home")


def address_with_next(name: str, target: str) -> str:
    """Return a page's address that leads on to the target."""
    home = reverse("home")
    return reverse(name) + (f"?{urlencode({'next': target})}" if target != home else "")


def redirect_with_next(name: str, target: str) -> HttpResponseRedirect:
    """Send the browser to a page that leads on to the target."""
    return HttpResponseRedirect(address_with_next(name, target))


def factor_page(session: Session) -> str:
    """Name the page of the second factor that fits: accounts names that one first."""
    factors = session.available_factors
    is_face = bool(settings.FACELOGIN_URL) and factors[:1] == ["face"]
    return "facelogin" if is_face else "other-factor"


def invitation_address() -> str:
    """Return the page for an administrator's code, with why one is needed."""
    return f"{reverse('invite')}?{urlencode({'why': 'enrolment'})}"


def remember(response: HttpResponse, session: Session) -> HttpResponse:
    """Give the browser the tokens that were made just now."""
    if session.token:
        _set_cookie(response, settings.SESSION_TOKEN_COOKIE, session.token)
    if session.pass_token:
        domain = settings.PASS_COOKIE_DOMAIN or None
        _set_cookie(response, settings.PASS_COOKIE, session.pass_token, domain=domain)
    elif session.token:  # a pass of whoever was signed in here before must not stay
        _forget_pass(response)
    return response


def remember_device(request: HttpRequest, response: HttpResponse, session: Session) -> HttpResponse:
    """Let the browser be known again at the next sign-in, whoever signs in there.

    It says that somebody knew a password in this browser, no more: it opens nothing, so signing out
    keeps it.
    """
    if device := session.device_token or _device(request):
        _set_cookie(response, settings.DEVICE_COOKIE, device, max_age=DEVICE_SECONDS)
    return response


def _set_cookie(
    response: HttpResponse,
    name: str,
    value: str,
    *,
    domain: str | None = None,
    max_age: int | None = None,
) -> None:
    # Without a lifetime the browser forgets them when it closes; accounts ends them by its limits.
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        domain=domain,
        httponly=True,
        secure=settings.SECURE_COOKIES,
        samesite="Lax",
    )


def forget(response: HttpResponse) -> HttpResponse:
    """Take the tokens from the browser."""
    response.delete_cookie(settings.SESSION_TOKEN_COOKIE, samesite="Lax")
    _forget_pass(response)
    return response


def _forget_pass(response: HttpResponse) -> None:
    response.delete_cookie(
        settings.PASS_COOKIE, domain=settings.PASS_COOKIE_DOMAIN or None, samesite="Lax"
    )


def unavailable(request: HttpRequest) -> HttpResponse:
    """Say that accounts is away, instead of breaking."""
    return error_page(
        request,
        503,
        _("Sign-in is not available at the moment"),
        _(
            "The accounts service does not answer. Nothing of yours is lost, and nobody gets in "
            "meanwhile."
        ),
        _("If it goes on, tell your administrator."),
        retry_address=address_of(request),
        retry_after=RETRY_SECONDS,
    )


def address_of(request: HttpRequest) -> str:
    """Return this page's address with the way on, also when a form was sent to it."""
    if request.method != "POST":
        return request.get_full_path()
    target = safe_next(request)
    return request.path + (f"?{urlencode({'next': target})}" if target != reverse("home") else "")


def _redirect_to_second_factor(request: HttpRequest, target: str) -> HttpResponse:
    """Ask which factor fits and go there; the sign-in page says what is wrong if nobody knows."""
    try:
        name = factor_page(accounts_for(request).session())
    except (AccountsUnavailable, Refusal):
        name = "login"
    return redirect_with_next(name, target)


def _answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Send the browser where a refusal points, or say it in accounts' words."""
    here = address_of(request)
    match refusal.code:
        case "unauthenticated":
            return forget(redirect_with_next("login", here))
        case "second_factor_required":
            return _redirect_to_second_factor(request, here)
        case "reauthentication_required":
            return redirect_with_next("confirm", here)
        case "invitation_required":
            return HttpResponseRedirect(invitation_address())
    return error_page(
        request,
        refusal.status,
        _REFUSED.get(refusal.status, _("That did not work")),
        refusal.detail,
        retry_address=here if refusal.status in {429, 503} else "",
        retry_after=refusal.retry_after,
    )


def door(view: View) -> View:
    """Wrap a page: never cached, helpful when accounts is away or wants something first."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except AccountsUnavailable:
            return unavailable(request)
        except Refusal as refusal:
            return _answer(request, refusal)

    return guarded


def for_signed_in(view: View) -> View:
    """Wrap a page that needs a session; without one the way leads over the sign-in."""

    @door
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not has_token(request):
            return redirect_with_next("login", address_of(request))
        return view(request)

    return guarded
