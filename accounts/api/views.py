"""The endpoints: read the input, call one use case, answer.

Every view judges in the contract's order: 401, 403, 400, 401 for fresh proof, 409, 429.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from accounts import selectors, tokens
from accounts.api import inputs, responses
from accounts.api.errors import problem_response
from accounts.models import Session
from accounts.refusals import Refused
from accounts.services import (
    enrolment,
    extensions,
    invitations,
    profile,
    registration,
    reports,
    second_factor,
    sessions,
)
from accounts.services.visitors import Client
from kubevision import contracts, databases
from kubevision.databases import RETRY_SECONDS
from kubevision.request_context import client_address, comes_from_trusted_proxy

logger = logging.getLogger(__name__)

Endpoint = Callable[[HttpRequest], HttpResponse]

# Path and subprotocol of the socket that a ticket opens.
CAPTURE_SOCKET = ("/face/v1/capture", "kubevision.face.v1")
LIVE_SOCKET = ("/face/v1/live", "kubevision.live.v1")


def endpoint(**methods: Endpoint) -> Callable[..., HttpResponseBase]:
    """Return one view for the methods of a path; refusals become problems.

    CSRF does not apply: no cookie is ever read here, only a bearer token.
    """

    @csrf_exempt
    def view(request: HttpRequest, **_parts: Any) -> HttpResponse:
        handler = methods.get(request.method or "")
        try:
            if handler is None:
                raise Refused("method_not_allowed")
            response = handler(request)
        except Refused as refused:
            response = problem_response(refused)
        except databases.errors() as error:
            logger.warning("the database did not answer: %s", error)
            away = Refused("temporarily_unavailable", retry_after=RETRY_SECONDS)
            response = problem_response(away)
        if response.status_code == 405:
            response.headers["Allow"] = ", ".join(sorted(methods))
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return view


def _session(request: HttpRequest) -> Session:
    """Return the session of the bearer token, which is in use by that."""
    session = _unmarked_session(request)
    sessions.mark_seen(session)
    return session


def _unmarked_session(request: HttpRequest) -> Session:
    """Return the session of the bearer token; an idle one stays idle."""
    scheme, _separator, token = request.headers.get("Authorization", "").partition(" ")
    session = selectors.session_by_token(token.strip()) if scheme.lower() == "bearer" else None
    if session is None:
        raise Refused("unauthenticated")
    return session


def _active_session(request: HttpRequest) -> Session:
    """Return the session unless it still waits for its second factor."""
    session = _session(request)
    if selectors.state(session) != selectors.ACTIVE:
        raise Refused("second_factor_required")
    return session


def _session_answer(opened: sessions.Opened, status: int = 200) -> JsonResponse:
    return JsonResponse(responses.session(opened.session, opened), status=status)


def _client(request: HttpRequest) -> Client:
    """Return who calls; whose browser it is, only a trusted proxy can say."""
    device = request.headers.get("X-KubeVision-Device", "")
    return Client(
        client_address(request),
        request.headers.get("User-Agent", ""),
        device if comes_from_trusted_proxy(request) else "",
    )


def register(request: HttpRequest) -> HttpResponse:
    """POST /users."""
    data = inputs.RegisterInput.read(request)
    user = registration.register(client=_client(request), **data)
    return JsonResponse({"id": str(user.id), "username": user.username}, status=201)


def accept_invitation(request: HttpRequest) -> HttpResponse:
    """POST /invitations/accept."""
    data = inputs.AcceptInvitationInput.read(request)
    user = invitations.accept(client=_client(request), **data)
    return JsonResponse({"id": str(user.id), "username": user.username}, status=201)


def sign_in(request: HttpRequest) -> HttpResponse:
    """POST /sessions."""
    data = inputs.SignInInput.read(request)
    opened = sessions.sign_in(data["username"], data["password"], _client(request))
    return _session_answer(opened, status=201)


def read_session(request: HttpRequest) -> HttpResponse:
    """GET /session."""
    return JsonResponse(responses.session(_session(request)))


def end_session(request: HttpRequest) -> HttpResponse:
    """DELETE /session."""
    sessions.sign_out(_session(request))
    return HttpResponse(status=204)


def reauthenticate(request: HttpRequest) -> HttpResponse:
    """POST /session/reauthentication."""
    session = _active_session(request)
    data = inputs.PasswordInput.read(request)
    return _session_answer(sessions.reauthenticate(session, data["password"], _client(request)))


def issue_face_ticket(request: HttpRequest) -> HttpResponse:
    """POST /session/face-ticket: a waiting session may verify, an active one all the rest."""
    session = _unmarked_session(request)
    is_active = selectors.state(session) == selectors.ACTIVE
    try:
        data = inputs.FaceTicketInput.read(request)
    except Refused:
        # 403 comes before 400: only a well-formed verify request gets past a waiting session.
        if not is_active:
            raise Refused("second_factor_required") from None
        raise
    if data["purpose"] != second_factor.WATCH:  # pages ask by themselves; nobody may be there
        sessions.mark_seen(session)
    if data["purpose"] == second_factor.VERIFY:
        ticket = second_factor.issue_verify_ticket(session)
    elif not is_active:
        raise Refused("second_factor_required")
    elif data["purpose"] == second_factor.EXTEND:
        ticket = second_factor.issue_extend_ticket(session)
    elif data["purpose"] == second_factor.WATCH:
        ticket = second_factor.issue_watch_ticket(session)
    else:
        ticket = second_factor.issue_enrol_ticket(
            session, data["consent_version"], cohort_consent=data["cohort_consent"]
        )
    is_live = data["purpose"] == second_factor.WATCH
    path, subprotocol = LIVE_SOCKET if is_live else CAPTURE_SOCKET
    public_url = settings.FACELOGIN_PUBLIC_URL.replace("http", "ws", 1)
    return JsonResponse(
        {
            "ticket": ticket.token,
            "expires_in": tokens.TICKET_LIFE_SECONDS,
            "websocket_url": f"{public_url}{path}",
            "websocket_subprotocol": subprotocol,
            "attempts_remaining": ticket.remaining_tries,
        },
        status=201,
    )


def show_face(request: HttpRequest) -> HttpResponse:
    """POST /session/factors/face."""
    session = _session(request)
    data = inputs.AssertionInput.read(request)
    return _session_answer(second_factor.show_face(session, data["assertion"]))


def show_recovery_code(request: HttpRequest) -> HttpResponse:
    """POST /session/factors/recovery-code."""
    session = _session(request)
    data = inputs.CodeInput.read(request)
    return _session_answer(second_factor.show_recovery_code(session, data["code"]))


def show_totp(request: HttpRequest) -> HttpResponse:
    """POST /session/factors/totp."""
    session = _session(request)
    data = inputs.CodeInput.read(request)
    return _session_answer(second_factor.show_totp(session, data["code"]))


def read_user(request: HttpRequest) -> HttpResponse:
    """GET /user."""
    session = _active_session(request)
    include = {part.strip() for part in request.GET.get("include", "").split(",")}
    return JsonResponse(responses.account(session, include))


def change_profile(request: HttpRequest) -> HttpResponse:
    """PATCH /user."""
    session = _active_session(request)
    session.user = profile.change_profile(session, inputs.ProfileInput.read(request))
    return JsonResponse(responses.account(session, set()))


def change_password(request: HttpRequest) -> HttpResponse:
    """PUT /user/password."""
    session = _active_session(request)
    profile.change_password(session, inputs.NewPasswordInput.read(request)["new_password"])
    return HttpResponse(status=204)


def list_sessions(request: HttpRequest) -> HttpResponse:
    """GET /user/sessions."""
    session = _active_session(request)
    live = selectors.live_sessions_of(session.user)
    return JsonResponse(responses.session_list(live, session), safe=False)


def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """DELETE /user/sessions."""
    sessions.end_others_as_asked(_active_session(request))
    return HttpResponse(status=204)


def end_one_session(request: HttpRequest) -> HttpResponse:
    """DELETE /user/sessions/{id}."""
    session = _active_session(request)
    assert request.resolver_match is not None  # this view was found by it
    sessions.end_one(session, str(request.resolver_match.kwargs["id"]))
    return HttpResponse(status=204)


def list_events(request: HttpRequest) -> HttpResponse:
    """GET /user/events."""
    session = _active_session(request)
    try:
        page = selectors.events_of(session.user, request.GET.get("cursor", ""))
    except selectors.BadCursor:
        sentence = _("Use next_cursor of an earlier page, or none.")
        raise Refused("invalid_input", errors={"cursor": [sentence]}) from None
    return JsonResponse(
        {"events": responses.event_list(page.events), "next_cursor": page.next_cursor}
    )


def remove_face(request: HttpRequest) -> HttpResponse:
    """DELETE /user/factors/face."""
    enrolment.remove_face(_active_session(request))
    return HttpResponse(status=204)


def begin_totp(request: HttpRequest) -> HttpResponse:
    """POST /user/factors/totp."""
    secret, uri = enrolment.begin_totp(_active_session(request))
    return JsonResponse({"secret": secret, "otpauth_uri": uri}, status=201)


def confirm_totp(request: HttpRequest) -> HttpResponse:
    """PUT /user/factors/totp."""
    session = _active_session(request)
    data = inputs.CodeInput.read(request)
    factor, codes = enrolment.confirm_totp(session, data["code"])
    body = responses.totp_factor(factor)
    if codes is not None:
        body["recovery_codes"] = codes
    return JsonResponse(body)


def remove_totp(request: HttpRequest) -> HttpResponse:
    """DELETE /user/factors/totp."""
    enrolment.remove_totp(_active_session(request))
    return HttpResponse(status=204)


def activate_face(request: HttpRequest) -> HttpResponse:
    """PUT /user/factors/face: whether it enrols or extends, the session's newest ticket says."""
    session = _active_session(request)
    data = inputs.AssertionInput.read(request)
    if session.ticket_purpose == second_factor.EXTEND:
        factor = extensions.add(session, data["assertion"])
        added = selectors.extensions_of(session.user)
        return JsonResponse(responses.face_factor(factor, added))
    enrolled = enrolment.activate_face(session, data["assertion"])
    body = responses.face_factor(enrolled.factor, selectors.extensions_of(session.user))
    if enrolled.recovery_codes is not None:
        body["recovery_codes"] = enrolled.recovery_codes
    return JsonResponse(body)


def remove_extension(request: HttpRequest) -> HttpResponse:
    """DELETE /user/factors/face/extensions/{id}."""
    session = _active_session(request)
    assert request.resolver_match is not None  # this view was found by it
    extensions.remove(session, request.resolver_match.kwargs["id"])
    return HttpResponse(status=204)


def renew_recovery_codes(request: HttpRequest) -> HttpResponse:
    """POST /user/factors/recovery-codes."""
    codes = enrolment.renew_recovery_codes(_active_session(request))
    return JsonResponse({"codes": codes}, status=201)


def take_report(request: HttpRequest) -> HttpResponse:
    """POST /attempt-reports: facelogin's; the report itself is the proof of who sends it."""
    reports.hear(inputs.ReportInput.read(request)["report"])
    return HttpResponse(status=204)


def read_contract(_request: HttpRequest) -> HttpResponse:
    """GET /openapi.json."""
    return JsonResponse(contracts.openapi("accounts"))


def publish_keys(_request: HttpRequest) -> HttpResponse:
    """GET /auth/.well-known/jwks.json."""
    response = JsonResponse(tokens.signer().jwks())
    # Short, so that a rotated key is known everywhere soon; readers refetch for unknown kids.
    response.headers["Cache-Control"] = "public, max-age=60"
    return response
