"""The second factor without a camera: a code of an authenticator app, or a recovery code."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from dashboard.clients.accounts import Refusal
from dashboard.forms import Form, RecoveryCodeForm, TotpCodeForm
from dashboard.views.door import (
    accounts_for,
    address_with_next,
    for_signed_in,
    remember,
    safe_next,
)
from dashboard.views.pages import form_page, page

FORMS: dict[str, type[Form]] = {"totp": TotpCodeForm, "recovery_code": RecoveryCodeForm}


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
@for_signed_in
def other_factor(request: HttpRequest) -> HttpResponse:
    """Take a code: of the factor that was chosen, else of the one that fits best."""
    target = safe_next(request)
    accounts = accounts_for(request)
    refusal: Refusal | None = None
    form: Form | None = None
    factor = request.GET.get("factor", "")
    if request.method == "POST":
        factor = "totp" if request.POST.get("factor") == "totp" else "recovery_code"
        form = FORMS[factor](request.POST)
        show = accounts.show_totp if factor == "totp" else accounts.show_recovery_code
        if form.is_valid():
            try:
                session = show(form.cleaned_data["code"])
            except Refusal as refused:
                if refused.code == "unauthenticated":
                    raise
                refusal = refused
            else:
                return remember(HttpResponseRedirect(target), session)
    session = accounts.session()
    factors = [name for name in session.available_factors if name in FORMS]
    if form is None and factor not in factors:
        factor = factors[0] if factors else ""
    context: dict[str, Any] = {
        "next": target,
        "factor": factor,
        "others": {name: _address(name, target) for name in factors if name != factor},
        # A face is no proof for adding to it.
        "may_use_face": ("face" in session.available_factors and target != reverse("add-light")),
        "face_address": address_with_next("facelogin", target),
        "person": session.user,
    }
    if form is None and not factor:
        return page(request, "other_factor", **context)
    return form_page(request, "other_factor", form or FORMS[factor](), refusal, **context)


def _address(factor: str, target: str) -> str:
    """Return this page's address for one factor."""
    query = {"factor": factor} | ({"next": target} if target != reverse("home") else {})
    return f"{reverse('other-factor')}?{urlencode(query)}"
