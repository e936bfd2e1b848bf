"""The forms of the pages. Accounts judges what they hold; its words are shown at the fields."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from dashboard.clients.accounts import Refusal

# The version of dashboard/consent_text.html. Accounts refuses any other than its current one, so
# the two change together.
CONSENT_VERSION = "2026-11"


class Form(forms.Form):
    """A form in the look of the product."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, bound in self.fields.items():
            bound.widget.attrs.setdefault("class", "form-control form-control-lg")
            if name in self.errors:
                bound.widget.attrs["class"] += " is-invalid"

    def show(self, refusal: Refusal) -> None:
        """Show accounts' words: at the field they are about, else above the form."""
        for name, sentences in refusal.errors.items():
            self.add_error(name if name in self.fields else None, sentences)
        if not refusal.errors:
            self.add_error(None, refusal.detail)
        for name in set(refusal.errors) & set(self.fields):
            self.fields[name].widget.attrs["class"] += " is-invalid"


def _password(label: Any, autocomplete: str, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
        **options,
    )


class RegisterForm(Form):
    """A new account."""

    username = forms.CharField(
        label=_("User name"),
        max_length=64,
        help_text=_("Letters, digits and . @ + - _"),
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        ),
    )
    display_name = forms.CharField(
        label=_("Your name (optional)"),
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = _password(
        _("Password"), "new-password", help_text=_("At least 10 characters; a sentence is fine.")
    )


class SignInForm(Form):
    """User name and password."""

    username = forms.CharField(
        label=_("User name"),
        max_length=64,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        ),
    )
    password = _password(_("Password"), "current-password")


class ConfirmForm(Form):
    """The password once more."""

    password = _password(_("Password"), "current-password")


class RecoveryCodeForm(Form):
    """One of the ten codes."""

    code = forms.CharField(
        label=_("Recovery code"),
        max_length=64,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "autofocus": True,
                "placeholder": "XXXX-XXXX-XXXX-XXXX",
            }
        ),
    )


class AssertionForm(forms.Form):
    """Facelogin's word, put in by the page's script."""

    assertion = forms.CharField(max_length=4096, widget=forms.HiddenInput)
