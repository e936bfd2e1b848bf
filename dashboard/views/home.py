"""The first page, and the person's own."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from dashboard.clients.accounts import Refusal
from dashboard.views.door import (
    accounts_for,
    door,
    for_signed_in,
    forget,
    has_token,
    page,
    redirect_with_next,
)


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
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Replace the recovery codes and show the new ones, once."""
    try:
        codes = accounts_for(request).renew_recovery_codes()
    except Refusal as refusal:
        if refusal.code == "reauthentication_required":
            return redirect_with_next("confirm", reverse("profile"))
        raise
    return page(request, "recovery_codes", codes=codes)
