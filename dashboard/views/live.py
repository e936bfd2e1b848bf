"""What open pages ask for: leave to listen, and whether their session still lives."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from dashboard.views.face import ticket_answer

NOTHING_TO_LISTEN_TO = "factor_not_enrolled"  # accounts' word where there is no face factor


@require_POST
@never_cache
def live_ticket(request: HttpRequest) -> HttpResponse:
    """Give the script a ticket for the live socket; 204: the session lives, but there is none.

    Asked every few seconds while the page has no socket: 401 says that the session is over.
    """
    answer = ticket_answer(request, "watch")
    if answer.status_code == 409 and NOTHING_TO_LISTEN_TO.encode() in answer.content:
        return HttpResponse(status=204)
    return answer
