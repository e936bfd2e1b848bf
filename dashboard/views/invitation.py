"""Codes from an administrator: a new account, or a new password for one."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from dashboard.clients.accounts import AccountsUnavailable, Refusal
from dashboard.forms import InvitationForm, SignInForm
from dashboard.views.door import accounts_for, door
from dashboard.views.pages import form_page, out_of_reach, page

# The field that a refusal is about.
_FIELDS = {"invalid_code": "code", "username_taken": "username"}


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code", "password")
@door
def invite(request: HttpRequest) -> HttpResponse:
    """Take a code and the password to be; who used it signs in with that as everybody does."""
    form = InvitationForm(request.POST or None)
    refusal: Refusal | None = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            username = accounts_for(request, anonymous=True).accept_invitation(
                data["code"], data["password"], data["username"]
            )
        except AccountsUnavailable:
            refusal = out_of_reach()
        except Refusal as refused:
            refusal = refused
            if refusal.code in _FIELDS:
                refusal.errors = {_FIELDS[refusal.code]: [refusal.detail]}
        else:
            sign_in = SignInForm(initial={"username": username})
            return page(request, "login", form=sign_in, is_invited=True, next=reverse("home"))
    is_for_enrolment = request.GET.get("why") == "enrolment"
    return form_page(request, "invite", form, refusal, is_for_enrolment=is_for_enrolment)
