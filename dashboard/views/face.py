"""The pages with a camera. Nothing in the browser decides: it carries an assertion, no more."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.capture_texts import capture_texts, light_texts
from dashboard.clients.accounts import AccountsUnavailable, Refusal
from dashboard.clients.answers import Session
from dashboard.forms import CONSENT_VERSION, AssertionForm
from dashboard.views.door import (
    ASKED_FOR_FIRST,
    accounts_for,
    address_with_next,
    factor_page,
    for_signed_in,
    invitation_address,
    redirect_with_next,
    remember,
    safe_next,
)
from dashboard.views.pages import RETRY_SECONDS, error_page, page_after, sentence_of
from dashboard.views.proof import is_fresh
from dashboard.views.recovery_codes import codes_page


@require_http_methods(["GET", "HEAD", "POST"])
@for_signed_in
def facelogin(request: HttpRequest) -> HttpResponse:
    """Show the face as second factor."""
    target = safe_next(request)
    accounts = accounts_for(request)
    refusal: Refusal | None = None
    if request.method == "POST":
        form = AssertionForm(request.POST)
        try:
            session = accounts.show_face(_assertion(form))
        except Refusal as refused:
            if refused.code == "unauthenticated":
                raise
            refusal = refused
        else:
            return remember(HttpResponseRedirect(target), session)
    session = accounts.session()
    if not settings.FACELOGIN_URL or "face" not in session.available_factors:
        if session.is_active and not session.available_factors:
            return HttpResponseRedirect(target)
        return redirect_with_next("other-factor", target)
    return page_after(
        request,
        "facelogin",
        refusal,
        next=target,
        message=sentence_of(refusal),
        other_address=address_with_next("other-factor", target),
        other_factor=next((f for f in session.available_factors if f != "face"), ""),
        **_camera_context(session, "facelogin-ticket"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_signed_in
def train(request: HttpRequest) -> HttpResponse:
    """Enrol the face: consent first, then the camera, then the recovery codes, once."""
    if not settings.FACELOGIN_URL:
        return error_page(
            request,
            404,
            _("There is no face factor here"),
            _("This installation signs people in without their face."),
        )
    accounts = accounts_for(request)
    session = accounts.session()  # first, so that the page with the codes knows whose they are
    refusal: Refusal | None = None
    if request.method == "POST":
        form = AssertionForm(request.POST)
        try:
            codes = accounts.activate_face(_assertion(form))
        except Refusal as refused:
            if refused.code in ASKED_FOR_FIRST:
                raise
            refusal = refused
        else:
            if codes:
                return codes_page(request, codes, session.user, first_factor="face")
            return HttpResponseRedirect(reverse("profile"))
    if not session.is_active:
        return redirect_with_next(factor_page(session), reverse("train"))
    if not is_fresh(session):
        return redirect_with_next("confirm", reverse("train"))
    return page_after(
        request,
        "train",
        refusal,
        message=sentence_of(refusal),
        consent_version=CONSENT_VERSION,
        **_camera_context(session, "train-ticket"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_signed_in
def add_light(request: HttpRequest) -> HttpResponse:
    """Add the light of this moment to the face; whoever does it came in by another factor."""
    here = reverse("add-light")
    accounts = accounts_for(request)
    account = accounts.account()
    if account.face is None or not settings.FACELOGIN_URL:
        return HttpResponseRedirect(reverse("train"))
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            accounts.activate_face(_assertion(AssertionForm(request.POST)))
        except Refusal as refused:
            if refused.code in ASKED_FOR_FIRST:
                raise
            refusal = refused
        else:
            return HttpResponseRedirect(reverse("profile") + "#lights")
    session = accounts.session()
    if "otp" not in session.methods or not is_fresh(session):
        return redirect_with_next("confirm", here)
    return page_after(
        request,
        "add_light",
        refusal,
        message=sentence_of(refusal),
        lights=account.face.extensions,
        **_camera_context(session, "add-light-ticket") | {"capture_texts": light_texts()},
    )


def _assertion(form: AssertionForm) -> str:
    """Return what the script put in; refuse here what accounts need not be asked about."""
    if form.is_valid():
        return str(form.cleaned_data["assertion"])
    detail = _("Nothing of the camera came with the page. Start the camera again.")
    raise Refusal(400, {"code": "invalid_input", "detail": detail}, None)


def _camera_context(session: Session, ticket_page: str) -> dict[str, Any]:
    return {
        "session": session,
        "person": session.user,
        "ticket_address": reverse(ticket_page),
        "capture_texts": capture_texts(),
    }


def ticket_answer(
    request: HttpRequest, purpose: str, consent_version: str = "", *, cohort_consent: bool = False
) -> JsonResponse:
    """Answer the page's script with a ticket, or with a sentence and where to go."""
    try:
        ticket = accounts_for(request).face_ticket(
            purpose, consent_version, cohort_consent=cohort_consent
        )
    except AccountsUnavailable:
        detail = _("Sign-in is not available at the moment. Try again shortly.")
        response = JsonResponse({"code": "accounts_unavailable", "detail": detail}, status=503)
        response.headers["Retry-After"] = str(RETRY_SECONDS)
        return response
    except Refusal as refusal:
        here = {
            "enrol": reverse("train"),
            "extend": reverse("add-light"),
            "verify": address_with_next("facelogin", safe_next(request)),
            "watch": safe_next(request),
        }[purpose]
        next_pages = {
            "unauthenticated": "login",
            "second_factor_required": "login",  # it knows which factor fits
            "reauthentication_required": "confirm",
        }
        body: dict[str, Any] = {"code": refusal.code, "detail": sentence_of(refusal)}
        if refusal.code in next_pages:
            body["next"] = address_with_next(next_pages[refusal.code], here)
        elif refusal.code == "invitation_required":
            body["next"] = invitation_address()
        response = JsonResponse(body, status=refusal.status)
        if refusal.retry_after is not None:
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response
    return JsonResponse(ticket, status=201)


@require_POST
@never_cache
def facelogin_ticket(request: HttpRequest) -> JsonResponse:
    """Give the script a ticket to verify; it asks only when the camera runs."""
    return ticket_answer(request, "verify")


@require_POST
@never_cache
def train_ticket(request: HttpRequest) -> JsonResponse:
    """Give the script a ticket to enrol, if the person agreed to the text on the page."""
    if request.POST.get("consent") != CONSENT_VERSION:
        detail = _("Tick the box under the text about your face first.")
        return JsonResponse({"code": "consent_required", "detail": detail}, status=409)
    lends = request.POST.get("cohort_consent") == "yes"
    return ticket_answer(request, "enrol", CONSENT_VERSION, cohort_consent=lends)


@require_POST
@never_cache
def add_light_ticket(request: HttpRequest) -> JsonResponse:
    """Give the script a ticket to add a light; the person agreed to its text when they enrolled."""
    return ticket_answer(request, "extend")
