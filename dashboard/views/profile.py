"""The person's own page, and what is changed from it."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.clients.accounts import AccountsUnavailable, Refusal
from dashboard.clients.answers import Session
from dashboard.forms import LightForm, PasswordForm, ProfileForm
from dashboard.views.door import (
    ASKED_FOR_FIRST,
    accounts_for,
    for_signed_in,
    redirect_with_next,
)
from dashboard.views.history import event_rows
from dashboard.views.pages import form_page, out_of_reach, page
from dashboard.views.proof import with_fresh_proof

SHOWN_EVENTS = 3  # of the newest; all have a page of their own


@require_safe
@for_signed_in
def profile(request: HttpRequest) -> HttpResponse:
    """Show the account, its factors, and what happened lately."""
    account = accounts_for(request).account("sessions", "events")
    return page(
        request,
        "profile",
        account=account,
        rows=event_rows(account.events[:SHOWN_EVENTS]),
        person=account.user,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_signed_in
def edit_profile(request: HttpRequest) -> HttpResponse:
    """Change the name and the email address."""
    accounts = accounts_for(request)
    if request.method != "POST":
        account = accounts.account()
        typed = {"display_name": account.user.display_name, "email": account.email}
        form = ProfileForm(initial=typed)
        return page(request, "edit_profile", form=form, person=account.user)
    form = ProfileForm(request.POST)
    refusal: Refusal | None = None
    if form.is_valid():
        data = form.cleaned_data
        try:
            accounts.change_profile(data["display_name"], data["email"])
        except AccountsUnavailable:
            # Nobody can be asked whose page this is either.
            return form_page(request, "edit_profile", form, out_of_reach())
        except Refusal as refused:
            if refused.code in ASKED_FOR_FIRST:
                raise
            refusal = refused
        else:
            return HttpResponseRedirect(reverse("profile"))
    return form_page(request, "edit_profile", form, refusal, person=accounts.session().user)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("new_password")
@with_fresh_proof
def change_password(request: HttpRequest, session: Session) -> HttpResponse:
    """Change the password and say what that ended."""
    form = PasswordForm(request.POST or None)
    refusal: Refusal | None = None
    if request.method == "POST" and form.is_valid():
        try:
            accounts_for(request).change_password(form.cleaned_data["new_password"])
        except Refusal as refused:
            if refused.code in ASKED_FOR_FIRST:
                raise
            refusal = refused
        else:
            return page(request, "password_changed", person=session.user)
    return form_page(request, "password", form, refusal, person=session.user)


@require_http_methods(["GET", "HEAD", "POST"])
@for_signed_in
def remove_face(request: HttpRequest) -> HttpResponse:
    """Remove the face, after a page that says what that means."""
    accounts = accounts_for(request)
    if request.method == "POST":
        accounts.remove_face()
        return HttpResponseRedirect(reverse("profile"))
    account = accounts.account()
    if account.face is None:
        return HttpResponseRedirect(reverse("profile"))
    return page(request, "remove_face", account=account, person=account.user)


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
