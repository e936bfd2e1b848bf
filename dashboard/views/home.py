"""The first page, and the person's own."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

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


@require_GET
@door
def home(request: HttpRequest) -> HttpResponse:
    """Say what this is, or who you are."""
    if not has_token(request):
        return page(request, "welcome")
    try:
        session = accounts_for(request).session()
    except Refusal:
        return forget(page(request, "welcome"))
    if not session.is_active:
        return redirect_with_next("facelogin", "/")
    return page(request, "home", session=session, person=session.user)


@require_GET
@for_signed_in
def profile(request: HttpRequest) -> HttpResponse:
    """Show the account and its factors."""
    account = accounts_for(request).account()
    return page(request, "profile", account=account, person=account.user)
