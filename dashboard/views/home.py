"""The first page."""

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from dashboard.clients.accounts import Refusal
from dashboard.event_texts import SIGN_IN_KINDS
from dashboard.views.door import accounts_for, door, forget, has_token
from dashboard.views.history import event_rows
from dashboard.views.pages import page

SHOWN_EVENTS = 3  # of the newest; all have a page of their own
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
        account = accounts_for(request).account("sessions", "events")
    except Refusal as refusal:
        if refusal.code != "unauthenticated":
            raise
        return forget(page(request, "welcome"))
    sign_ins = [event for event in account.events if event.kind in SIGN_IN_KINDS]
    face = account.face
    return page(
        request,
        "home",
        account=account,
        session=account.current_session,
        has_usable_face=face is not None and face.expires_at > timezone.now(),
        rows=event_rows(sign_ins[:SHOWN_EVENTS]),
        person=account.user,
    )
