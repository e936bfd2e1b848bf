"""Fresh proof: accounts judges it; pages ask for it before anything is typed."""

import datetime
from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from dashboard.clients.answers import Session
from dashboard.views.door import (
    View,
    accounts_for,
    address_of,
    factor_page,
    for_signed_in,
    redirect_with_next,
)

# Accounts asks for proof of the last five minutes; half a minute is left for reading the page.
FRESH_PROOF = datetime.timedelta(minutes=4, seconds=30)


def is_fresh(session: Session) -> bool:
    """Say whether the factors were shown lately enough to change one."""
    return timezone.now() - session.authenticated_at <= FRESH_PROOF


def with_fresh_proof(view: Callable[[HttpRequest, Session], HttpResponse]) -> View:
    """Wrap a page that changes how somebody signs in; it is given the session.

    A form that was sent goes on to accounts, whose refusal leads to the same place.
    """

    @for_signed_in
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        session = accounts_for(request).session()
        if request.method != "POST":
            if not session.is_active:
                return redirect_with_next(factor_page(session), address_of(request))
            if not is_fresh(session):
                return redirect_with_next("confirm", address_of(request))
        return view(request, session)

    return guarded
