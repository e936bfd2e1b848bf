"""The first page, and the person's own."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from dashboard.clients.accounts import Refusal
from dashboard.forms import LightForm
from dashboard.views.door import (
    accounts_for,
    door,
    for_signed_in,
    forget,
    has_token,
    redirect_with_next,
)
from dashboard.views.pages import page

ICON = (Path(__file__).parent.parent / "static/dashboard/img/favicon.ico").read_bytes()


@require_safe
@cache_control(max_age=86_400, public=True)  # seconds: a day
def favicon(_request: HttpRequest) -> HttpResponse:
    """Return the icon for what asks for it by this name only; pages name the SVG."""
    return HttpResponse(ICON, content_type="image/x-icon")


@require_safe
@door
def home(request: HttpRequest) -> HttpResponse:
    """Say what this is, or who you are."""
    if not has_token(request):
        return page(request, "welcome")
    try:
        session = accounts_for(request).session()
    except Refusal as refusal:
        if refusal.code != "unauthenticated":
            raise
        return forget(page(request, "welcome"))
    if not session.is_active:
        return redirect_with_next("facelogin", "/")
    return page(request, "home", session=session, person=session.user)


@require_safe
@for_signed_in
def profile(request: HttpRequest) -> HttpResponse:
    """Show the account and its factors."""
    account = accounts_for(request).account()
    return page(request, "profile", account=account, person=account.user)


@require_POST
@for_signed_in
def remove_light(request: HttpRequest) -> HttpResponse:
    """Take a light away from the face again; nothing happens if there is no such light."""
    form = LightForm(request.POST)
    if not form.is_valid():
        return HttpResponseRedirect(reverse("profile"))
    try:
        accounts_for(request).remove_extension(form.cleaned_data["light"])
    except Refusal as refusal:
        if refusal.code == "reauthentication_required":
            return redirect_with_next("confirm", reverse("profile"))
        if refusal.code != "not_found":  # gone already: what was wanted
            raise
    return HttpResponseRedirect(reverse("profile"))


@require_POST
@for_signed_in
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Replace the recovery codes and show the new ones, once."""
    accounts = accounts_for(request)
    person = accounts.session().user  # first: codes are shown once, whatever fails after them
    try:
        codes = accounts.renew_recovery_codes()
    except Refusal as refusal:
        if refusal.code == "reauthentication_required":
            return redirect_with_next("confirm", reverse("profile"))
        raise
    return page(request, "recovery_codes", codes=codes, person=person)
