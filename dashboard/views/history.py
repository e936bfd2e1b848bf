"""Where somebody is signed in, and what happened to their account."""

import re
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dashboard.clients.accounts import Refusal
from dashboard.clients.answers import Event, LiveSession, Person
from dashboard.devices import device_in_words
from dashboard.event_texts import details_in_words, event_in_words, methods_in_words
from dashboard.forms import SessionForm
from dashboard.views.door import accounts_for, for_signed_in
from dashboard.views.pages import page


def event_rows(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Return events as the pages show them."""
    return [
        {
            "event": event,
            "sentence": event_in_words(event.kind),
            "details": details_in_words(dict(event.details)),
        }
        for event in events
    ]


def _session_row(session: LiveSession) -> dict[str, Any]:
    return {
        "session": session,
        "device": device_in_words(session.device),
        "methods": methods_in_words(session.methods),
    }


@require_safe
@for_signed_in
def sessions(request: HttpRequest) -> HttpResponse:
    """Show where the person is signed in."""
    account = accounts_for(request).account("sessions")
    return page(
        request,
        "sessions",
        rows=[_session_row(session) for session in account.sessions],
        has_others=any(not session.is_current for session in account.sessions),
        person=account.user,
    )


@require_POST
@for_signed_in
def end_session(request: HttpRequest) -> HttpResponse:
    """End one sign-in; nothing happens if there is no such one."""
    form = SessionForm(request.POST)
    if form.is_valid():
        try:
            accounts_for(request).end_session(str(form.cleaned_data["session"]))
        except Refusal as refusal:
            if refusal.code != "not_found":  # over already: what was wanted
                raise
    return HttpResponseRedirect(reverse("sessions"))


@require_POST
@for_signed_in
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """End all sign-ins but this one."""
    accounts_for(request).end_other_sessions()
    return HttpResponseRedirect(reverse("sessions"))


@require_safe
@for_signed_in
def events(request: HttpRequest) -> HttpResponse:
    """Show what happened to the account, a page at a time."""
    cursor = request.GET.get("cursor", "")
    if not re.fullmatch(r"[A-Za-z0-9_=-]{0,200}", cursor):
        return HttpResponseRedirect(reverse("events"))
    try:
        found = accounts_for(request).events(cursor)
    except Refusal as refusal:
        if refusal.code == "invalid_input":  # no cursor of theirs
            return HttpResponseRedirect(reverse("events"))
        raise
    return page(
        request,
        "events",
        rows=event_rows(found.events),
        next_cursor=found.next_cursor,
        is_first_page=not cursor,
        # Accounts was asked for the events alone: the way to the profile has no name on it.
        person=Person("", "", _("Your profile")),
    )
