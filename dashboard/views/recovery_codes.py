"""Recovery codes: shown once, to print or to keep as a file; nothing of them stays here."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from dashboard.clients.accounts import Refusal
from dashboard.clients.answers import Person
from dashboard.forms import CodesForm
from dashboard.views.door import accounts_for, for_signed_in, redirect_with_next
from dashboard.views.pages import page

FILE_NAME = "kubevision-recovery-codes.txt"


def codes_page(
    request: HttpRequest, codes: list[str], person: Person, first_factor: str = ""
) -> HttpResponse:
    """Return the page with new codes.

    Parameters
    ----------
    first_factor : str, optional
        face or totp: the factor that brought them.
    """
    return page(
        request,
        "recovery_codes",
        codes=codes,
        first_factor=first_factor,
        file_form=CodesForm(initial={"codes": " ".join(codes)}),
        person=person,
    )


@require_POST
@for_signed_in
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Replace the recovery codes and show the new ones, once."""
    accounts = accounts_for(request)
    person = accounts.session().user  # first: codes are shown once, whatever fails after them
    try:
        codes = accounts.renew_recovery_codes()
    except Refusal as refusal:
        if refusal.code == "reauthentication_required":
            return redirect_with_next("confirm", reverse("profile"))
        raise
    return codes_page(request, codes, person)


@require_POST
@sensitive_post_parameters("codes")
@for_signed_in
def codes_file(request: HttpRequest) -> HttpResponse:
    """Give the codes on the page back as a file; accounts tells them to nobody a second time."""
    form = CodesForm(request.POST)
    if not form.is_valid():
        return HttpResponseRedirect(reverse("profile"))
    codes = form.cleaned_data["codes"].split()
    text = render_to_string(
        "dashboard/recovery_codes.txt", {"codes": codes, "host": request.get_host()}
    )
    return HttpResponse(
        text,
        content_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{FILE_NAME}"'},
    )
