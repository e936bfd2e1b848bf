"""Coming in and going out: accounts made, passwords, proof shown again."""

from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.clients.accounts import AccountsUnavailable, Refusal
from dashboard.clients.answers import Session
from dashboard.forms import ConfirmForm, RegisterForm, SignInForm
from dashboard.views.door import (
    accounts_for,
    door,
    factor_page,
    for_signed_in,
    forget,
    has_token,
    redirect_with_next,
    remember,
    remember_device,
    safe_next,
)
from dashboard.views.pages import form_page, out_of_reach, page


def _go_on(session: Session, target: str) -> HttpResponse:
    """Go where the person wanted, over the second factor if one is due."""
    if session.is_active:
        response: HttpResponse = HttpResponseRedirect(target)
    else:
        response = redirect_with_next(factor_page(session), target)
    return remember(response, session)


def _end_old_session(request: HttpRequest) -> None:
    """End the session this browser had: somebody else's, or a forgotten one of the same person."""
    if has_token(request):
        # If accounts is away it ends by itself within an hour; the new one must not wait for that.
        with suppress(AccountsUnavailable, Refusal):
            accounts_for(request).sign_out()


def _sign_in_again(request: HttpRequest, username: str, password: str) -> HttpResponse:
    """Sign in somebody who just registered; the login page is there if that fails."""
    try:
        session = accounts_for(request, anonymous=True).sign_in(username, password)
    except (AccountsUnavailable, Refusal):  # the account is made; registering again would fail
        return redirect_with_next("login", reverse("train"))
    _end_old_session(request)
    target = reverse("train" if settings.FACELOGIN_URL else "home")
    response = remember(HttpResponseRedirect(target), session)
    return remember_device(request, response, session)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@door
def register(request: HttpRequest) -> HttpResponse:
    """Make an account, sign in and go on to the camera."""
    form = RegisterForm(request.POST or None)
    refusal: Refusal | None = None
    if request.method == "POST" and form.is_valid():
        accounts = accounts_for(request, anonymous=True)
        data = form.cleaned_data
        try:
            accounts.register(data["username"], data["password"], data["display_name"])
        except AccountsUnavailable:
            refusal = out_of_reach()
        except Refusal as refused:
            refusal = refused
            if refusal.code == "username_taken":
                refusal.errors = {"username": [refusal.detail]}
        else:
            return _sign_in_again(request, data["username"], data["password"])
    return form_page(request, "register", form, refusal)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@door
def login(request: HttpRequest) -> HttpResponse:
    """Take the password; the second factor comes after it."""
    target = safe_next(request)
    form = SignInForm(request.POST or None)
    refusal: Refusal | None = None
    if request.method != "POST" and has_token(request):
        try:
            session = accounts_for(request).session()
        except Refusal as refused:
            if refused.code != "unauthenticated":
                raise
            return forget(page(request, "login", form=form, next=target))
        # An active session that another door (the admin) sent here has lost its pass: only signing
        # in again gives a new one, and going on would only come back.
        if not session.is_active or "next" not in request.GET:
            return _go_on(session, target)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            session = accounts_for(request, anonymous=True).sign_in(
                data["username"], data["password"]
            )
        except AccountsUnavailable:
            refusal = out_of_reach()
        except Refusal as refused:
            refusal = refused
        else:
            _end_old_session(request)
            return remember_device(request, _go_on(session, target), session)
    return form_page(request, "login", form, refusal, next=target)


@require_POST
@never_cache
def logout(request: HttpRequest) -> HttpResponse:
    """End the session; the browser forgets it even when accounts is away."""
    _end_old_session(request)
    return forget(HttpResponseRedirect(reverse("home")))


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@for_signed_in
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask for proof again before something important: the password, then a second factor."""
    target = safe_next(request)
    form = ConfirmForm(request.POST or None)
    refusal: Refusal | None = None
    accounts = accounts_for(request)
    if request.method == "POST" and form.is_valid():
        try:
            session = accounts.confirm_password(form.cleaned_data["password"])
        except Refusal as refused:
            if refused.code in {"unauthenticated", "second_factor_required"}:
                raise
            refusal = refused
        else:
            if not session.has_second_factor:
                return remember(HttpResponseRedirect(target), session)
            # A face is no proof for adding to it.
            factor = "other-factor" if target == reverse("add-light") else factor_page(session)
            return remember(redirect_with_next(factor, target), session)
    session = accounts.session()
    if not session.is_active:
        return redirect_with_next(factor_page(session), target)
    return form_page(request, "confirm", form, refusal, next=target, person=session.user)
