"""What every page needs: whose browser this is, its cookies, and where to send it instead."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from dashboard.clients.accounts import Accounts, AccountsUnavailable, Caller, Refusal, Session
from kubevision.request_context import REQUEST_ID_HEADER, client_address, request_id

View = Callable[[HttpRequest], HttpResponse]

RETRY_SECONDS = 5


def accounts_for(request: HttpRequest, *, anonymous: bool = False) -> Accounts:
    """Return accounts as this browser may call it."""
    headers = {
        "X-Forwarded-For": client_address(request),
        "User-Agent": request.headers.get("User-Agent", ""),
        REQUEST_ID_HEADER: request_id(request),
    }
    token = "" if anonymous else request.COOKIES.get(settings.SESSION_TOKEN_COOKIE, "")
    # Header values are ASCII; anything else in the cookie was not set by us.
    return Accounts(Caller(token if token.isascii() else "", headers))


def has_token(request: HttpRequest) -> bool:
    """Say whether the browser claims to be signed in; accounts knows whether it is."""
    return bool(request.COOKIES.get(settings.SESSION_TOKEN_COOKIE))


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


def remember(response: HttpResponse, session: Session) -> HttpResponse:
    """Give the browser the tokens that were made just now."""
    if session.token:
        _set_cookie(response, settings.SESSION_TOKEN_COOKIE, session.token)
    if session.pass_token:
        domain = settings.PASS_COOKIE_DOMAIN or None
        _set_cookie(response, settings.PASS_COOKIE, session.pass_token, domain=domain)
    return response


def _set_cookie(
    response: HttpResponse, name: str, value: str, *, domain: str | None = None
) -> None:
    # No lifetime: the browser forgets them when it closes, accounts ends them by its own limits.
    response.set_cookie(
        name,
        value,
        domain=domain,
        httponly=True,
        secure=settings.SECURE_COOKIES,
        samesite="Lax",
    )


def forget(response: HttpResponse) -> HttpResponse:
    """Take the tokens from the browser."""
    response.delete_cookie(settings.SESSION_TOKEN_COOKIE, samesite="Lax")
    response.delete_cookie(
        settings.PASS_COOKIE, domain=settings.PASS_COOKIE_DOMAIN or None, samesite="Lax"
    )
    return response


def page(request: HttpRequest, name: str, status: int = 200, **context: Any) -> HttpResponse:
    """Return a page of the dashboard."""
    return render(request, f"dashboard/{name}.html", context, status=status)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Say that accounts is away, instead of breaking."""
    response = page(request, "unavailable", 503, retry_seconds=RETRY_SECONDS)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _elsewhere(request: HttpRequest, refusal: Refusal) -> HttpResponse | None:
    """Return where a refusal sends the browser, None if the page itself must say it."""
    here = request.get_full_path() if request.method == "GET" else request.path
    match refusal.code:
        case "unauthenticated":
            return forget(redirect_with_next("login", here))
        case "second_factor_required":
            return redirect_with_next("facelogin", here)
        case "reauthentication_required":
            return redirect_with_next("confirm", here)
    return None


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
            response = _elsewhere(request, refusal)
            if response is None:
                raise
            return response

    return guarded


def for_signed_in(view: View) -> View:
    """Wrap a page that needs a session; without one the way leads over the sign-in."""

    @door
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not has_token(request):
            here = request.get_full_path() if request.method == "GET" else request.path
            return redirect_with_next("login", here)
        return view(request)

    return guarded
