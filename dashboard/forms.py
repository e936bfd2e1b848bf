"""The forms of the pages. Accounts judges what they hold; its words are shown at the fields."""

from typing import Any, Self

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from dashboard.clients.accounts import Refusal
from dashboard.waiting import try_again
from kubevision.password_field import PasswordField

# The version of dashboard/consent_text.html. Accounts refuses any other than its current one, so
# the two change together.
CONSENT_VERSION = "2026-11.2"

# In characters. Accounts judges again; here they save a call for what it would refuse anyway.
USERNAME_CHARACTERS, PASSWORD_CHARACTERS = 64, 128  # contract section 1
DISPLAY_NAME_CHARACTERS = 150  # accounts' column
EMAIL_CHARACTERS = 254  # likewise
CODE_CHARACTERS = 64  # contract section 1; a recovery code has 19 with dashes
ASSERTION_ID_CHARACTERS = 128  # as many as a token of theirs may have for its id
ASSERTION_CHARACTERS = 4096  # a token has about 600; kubevision.tokens reads none that is longer

PASSWORD_HELP = _("At least 10 characters; a sentence is fine.")


class Field(forms.BoundField):
    """A field as it stands in a page: marked if it was refused, focused if it comes next."""

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: forms.Widget | None = None
    ) -> dict[str, Any]:
        """Add the look of the product."""
        attrs = super().build_widget_attrs(attrs, widget)
        attrs["class"] = "form-control form-control-lg" + (" is-invalid" if self.errors else "")
        if isinstance(self.form, Form) and self.form.field_to_type == self.name:
            attrs["autofocus"] = True
        return attrs


class Form(forms.Form):
    """A form in the look of the product."""

    bound_field_class = Field

    @classmethod
    def kept(cls, sent: QueryDict) -> Self:
        """Return the form with what was typed and without complaints about it.

        What is secret is not in it: pages never repeat a password.
        """
        form = cls(sent)
        form.errors.clear()
        return form

    @property
    def field_to_type(self) -> str:
        """Name the field a person goes on at: the first refused one, else the first to fill in."""
        for name in self.fields:
            if name in self.errors:
                return name
        for name, field in self.fields.items():
            is_filled = self[name].value() and not isinstance(field, PasswordField)
            if field.required and not is_filled:
                return name
        return ""

    def show(self, refusal: Refusal) -> None:
        """Show accounts' words: at the field they are about, else above the form."""
        for name, sentences in refusal.errors.items():
            self.add_error(name if name in self.fields else None, sentences)
        if not refusal.errors:
            self.add_error(None, f"{refusal.detail} {try_again(refusal.retry_after)}".strip())


def _password(label: Any, autocomplete: str, **options: Any) -> PasswordField:
    return PasswordField(
        autocomplete=autocomplete, label=label, max_length=PASSWORD_CHARACTERS, **options
    )


class RegisterForm(Form):
    """A new account."""

    username = forms.CharField(
        label=_("User name"),
        max_length=USERNAME_CHARACTERS,
        help_text=_("Letters, digits and . @ + - _"),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    display_name = forms.CharField(
        label=_("Your name (optional)"),
        max_length=DISPLAY_NAME_CHARACTERS,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = _password(_("Password"), "new-password", help_text=PASSWORD_HELP)


class SignInForm(Form):
    """User name and password."""

    username = forms.CharField(
        label=_("User name"),
        max_length=USERNAME_CHARACTERS,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = _password(_("Password"), "current-password")


class ConfirmForm(Form):
    """The password once more."""

    password = _password(_("Password"), "current-password")


class RecoveryCodeForm(Form):
    """One of the ten codes."""

    code = forms.CharField(
        label=_("Recovery code"),
        max_length=CODE_CHARACTERS,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "placeholder": "XXXX-XXXX-XXXX-XXXX",
            }
        ),
    )


class TotpCodeForm(Form):
    """The six digits an authenticator app shows."""

    code = forms.CharField(
        label=_("Six digits"),
        max_length=CODE_CHARACTERS,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "spellcheck": "false",
                "placeholder": "123 456",
            }
        ),
    )


class TotpSecretForm(forms.Form):
    """The secret that a page shows, on its way back with the first code."""

    secret = forms.RegexField(r"^[A-Z2-7]{32}$", widget=forms.HiddenInput)
    # The user name in it may be all percent signs.
    uri = forms.RegexField(r"^otpauth://totp/[!-~]+$", max_length=2000, widget=forms.HiddenInput)


class CodesForm(forms.Form):
    """The codes that a page shows, on their way into a file."""

    codes = forms.RegexField(
        r"^[A-Z0-9]+(-[A-Z0-9]+)*( [A-Z0-9]+(-[A-Z0-9]+)*)*$",
        max_length=10 * CODE_CHARACTERS,
        widget=forms.HiddenInput,
    )


class InvitationForm(Form):
    """An administrator's code, and the password to be."""

    code = forms.CharField(
        label=_("Code"),
        max_length=CODE_CHARACTERS,
        help_text=_("From your administrator. It works once."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    username = forms.CharField(
        label=_("User name (optional)"),
        max_length=USERNAME_CHARACTERS,
        required=False,
        help_text=_("Only if your administrator chose none for you. Letters, digits and . @ + - _"),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = _password(_("New password"), "new-password", help_text=PASSWORD_HELP)


class PasswordForm(Form):
    """A new password for somebody who is signed in."""

    new_password = _password(_("New password"), "new-password", help_text=PASSWORD_HELP)


class ProfileForm(Form):
    """What people call themselves and where mail reaches them."""

    display_name = forms.CharField(
        label=_("Your name"),
        max_length=DISPLAY_NAME_CHARACTERS,
        required=False,
        help_text=_("Empty: your user name is shown."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.CharField(
        label=_("Email (optional)"),
        max_length=EMAIL_CHARACTERS,
        required=False,
        help_text=_("You are told there when something of your sign-in changes."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class SessionForm(forms.Form):
    """Which sign-in is meant."""

    session = forms.UUIDField(widget=forms.HiddenInput)


class AssertionForm(forms.Form):
    """Facelogin's word, put in by the page's script."""

    assertion = forms.CharField(max_length=ASSERTION_CHARACTERS, widget=forms.HiddenInput)


class LightForm(forms.Form):
    """Which added light is meant; accounts' ids are base64url."""

    light = forms.SlugField(max_length=ASSERTION_ID_CHARACTERS, widget=forms.HiddenInput)
