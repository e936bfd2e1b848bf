"""The authenticator app: set up, replaced, removed."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from dashboard.clients.accounts import Refusal
from dashboard.clients.answers import Session, TotpSecret
from dashboard.forms import TotpCodeForm, TotpSecretForm
from dashboard.qr import svg_of
from dashboard.views.door import ASKED_FOR_FIRST, accounts_for, for_signed_in
from dashboard.views.pages import form_page, page, page_after, sentence_of
from dashboard.views.proof import with_fresh_proof
from dashboard.views.recovery_codes import codes_page

# Secrets are typed by hand where no camera can scan them.
GROUP_CHARACTERS = 4


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code", "secret", "uri")
@with_fresh_proof
def totp(request: HttpRequest, session: Session) -> HttpResponse:
    """Set the app up: say what is needed, show a secret, take a first code of it."""
    if request.method != "POST":
        return _start(request, session)
    if "secret" in request.POST:
        return _confirm(request, session)
    secret = accounts_for(request).begin_totp()
    return _secret_page(request, session, secret, TotpCodeForm())


def _confirm(request: HttpRequest, session: Session) -> HttpResponse:
    """Take the first code; a wrong one is typed again under the same secret."""
    shown, form = TotpSecretForm(request.POST), TotpCodeForm(request.POST)
    refusal: Refusal | None = None
    if not shown.is_valid():
        return HttpResponseRedirect(reverse("totp"))
    if form.is_valid():
        try:
            codes = accounts_for(request).confirm_totp(form.cleaned_data["code"])
        except Refusal as refused:
            if refused.code in ASKED_FOR_FIRST:
                raise
            if refused.code == "nothing_to_confirm":
                return _start(request, session, refused)
            refusal = refused
        else:
            if codes:
                return codes_page(request, codes, session.user, first_factor="totp")
            return HttpResponseRedirect(reverse("profile") + "#totp")
    secret = TotpSecret(shown.cleaned_data["secret"], shown.cleaned_data["uri"])
    return _secret_page(request, session, secret, form, refusal)


def _start(request: HttpRequest, session: Session, refusal: Refusal | None = None) -> HttpResponse:
    """Say what is needed; a secret is made by a button only, as it replaces one that waits."""
    return page_after(
        request,
        "totp",
        refusal,
        message=sentence_of(refusal),
        has_app="totp" in session.available_factors,
        person=session.user,
    )


def _secret_page(
    request: HttpRequest,
    session: Session,
    secret: TotpSecret,
    form: TotpCodeForm,
    refusal: Refusal | None = None,
) -> HttpResponse:
    """Show the secret; it goes along in the form, as accounts tells it once and we keep nothing."""
    groups = range(0, len(secret.secret), GROUP_CHARACTERS)
    return form_page(
        request,
        "totp_secret",
        form,
        refusal,
        secret_form=TotpSecretForm(initial={"secret": secret.secret, "uri": secret.uri}),
        secret=" ".join(secret.secret[i : i + GROUP_CHARACTERS] for i in groups),
        picture=svg_of(secret.uri, _("QR code with the secret for your authenticator app")),
        person=session.user,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_signed_in
def remove_totp(request: HttpRequest) -> HttpResponse:
    """Remove the app, after a page that says what that means."""
    accounts = accounts_for(request)
    if request.method == "POST":
        try:
            accounts.remove_totp()
        except Refusal as refusal:
            if refusal.code != "factor_not_enrolled":  # gone already: what was wanted
                raise
        return HttpResponseRedirect(reverse("profile"))
    account = accounts.account()
    if account.totp is None:
        return HttpResponseRedirect(reverse("profile"))
    return page(request, "remove_totp", account=account, person=account.user)
