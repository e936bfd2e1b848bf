"""Request bodies: strict JSON into checked values."""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from django.http import HttpRequest, RawPostDataException
from django.utils.translation import gettext_lazy as _

from accounts import usernames
from accounts.codes import MAX_TYPED_CHARACTERS
from accounts.models import (
    CONSENT_VERSION_CHARACTERS,
    DISPLAY_NAME_CHARACTERS,
    EMAIL_CHARACTERS,
    PURPOSE_CHARACTERS,
)
from accounts.refusals import Refused
from accounts.services.second_factor import ENROL, PURPOSES
from kubevision import strict_json
from kubevision.tokens import MAX_TOKEN_CHARACTERS

# A field far over any rule is refused by its length before any work is done with it.
MAX_TEXT_CHARACTERS = 4096
InputT = TypeVar("InputT", bound="Input")


class TextField(forms.Field):
    """A JSON string taken verbatim; numbers, lists and lone surrogates are refused.

    Not a CharField, which forbids NUL: a password may hold any character. What else is stored has
    rules of its own or sets `forbids_nul`.
    """

    def __init__(
        self,
        *,
        max_length: int = MAX_TEXT_CHARACTERS,
        required: bool = True,
        forbids_nul: bool = False,
    ) -> None:
        rules: list[Callable[[str], None]] = [MaxLengthValidator(max_length)]
        if forbids_nul:
            rules.append(ProhibitNullCharactersValidator())
        super().__init__(required=required, validators=rules)

    def to_python(self, value: object) -> str:
        """Return the text itself."""
        if value is None:
            return ""
        if not isinstance(value, str):
            raise ValidationError(_("This must be text."))
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValidationError(_("This is not valid Unicode text.")) from None
        return value


class SwitchField(forms.Field):
    """A JSON boolean, false if absent."""

    def __init__(self) -> None:
        super().__init__(required=False)

    def to_python(self, value: object) -> bool:
        """Return the boolean itself."""
        if value is None:
            return False
        if not isinstance(value, bool):
            raise ValidationError(_("This must be true or false."))
        return value


class Input(forms.Form):
    """A JSON object with known fields; unknown ones are ignored, as the contract says."""

    @classmethod
    def read(cls: type[InputT], request: HttpRequest) -> dict[str, Any]:
        """Return the checked values.

        Raises
        ------
        Refused
            invalid_input, with a sentence for each field.
        """
        sent = _json_object(request)
        form = cls(sent)
        form.full_clean()
        for name in form.fields:
            # What a person leaves out, a client leaves out: null is none of the documented types.
            if sent.get(name, "") is None and name not in form.errors:
                form.add_error(name, _("This must not be null."))
        if not form.is_valid():
            raise Refused(
                "invalid_input", errors={field: list(texts) for field, texts in form.errors.items()}
            )
        return form.cleaned_data


def _json_object(request: HttpRequest) -> dict[str, Any]:
    try:
        # Decoded here, as json.loads takes UTF-16 and 32 as well; JSON between systems is
        # UTF-8 (RFC 8259, section 8.1), whatever Content-Type says.
        body = strict_json.loads(request.body.decode())
    except (ValueError, RequestDataTooBig, RawPostDataException):
        body = None
    if not isinstance(body, dict):
        raise Refused("invalid_input", errors={"body": [_("Send one JSON object.")]})
    return body


class ProfileFields(Input):
    """What people say about themselves."""

    email = TextField(max_length=EMAIL_CHARACTERS, required=False)
    display_name = TextField(max_length=DISPLAY_NAME_CHARACTERS, required=False, forbids_nul=True)

    def clean_email(self) -> str:
        """Check the address if there is one."""
        email: str = self.cleaned_data["email"]
        if email:
            forms.EmailField().clean(email)
        return email


class RegisterInput(ProfileFields):
    """POST /users."""

    username = TextField()
    password = TextField()


class ProfileInput(ProfileFields):
    """PATCH /user: what is absent stays as it is."""

    @classmethod
    def read(cls, request: HttpRequest) -> dict[str, Any]:
        """Return the checked values of the fields that were sent."""
        sent = _json_object(request)
        return {name: value for name, value in super().read(request).items() if name in sent}


class AcceptInvitationInput(Input):
    """POST /invitations/accept."""

    code = TextField(max_length=MAX_TYPED_CHARACTERS)
    password = TextField()
    username = TextField(required=False)


class NewPasswordInput(Input):
    """PUT /user/password."""

    new_password = TextField()


class SignInInput(Input):
    """POST /sessions."""

    username = TextField()
    password = TextField()

    def clean_username(self) -> str:
        """Normalise, so that every spelling of a name is one name."""
        return usernames.normalise(self.cleaned_data["username"])


class PasswordInput(Input):
    """POST /session/reauthentication."""

    password = TextField()


class FaceTicketInput(Input):
    """POST /session/face-ticket."""

    purpose = TextField(max_length=PURPOSE_CHARACTERS)
    consent_version = TextField(max_length=CONSENT_VERSION_CHARACTERS, required=False)
    cohort_consent = SwitchField()

    def clean_purpose(self) -> str:
        """Accept the purposes that exist."""
        purpose: str = self.cleaned_data["purpose"]
        if purpose not in PURPOSES:
            raise ValidationError(
                _("This must be one of: %(purposes)s.") % {"purposes": ", ".join(PURPOSES)}
            )
        return purpose

    @property
    def is_enrolment(self) -> bool:
        """Say whether the ticket is for enrolling."""
        return bool(self.cleaned_data["purpose"] == ENROL)


class AssertionInput(Input):
    """POST /session/factors/face and PUT /user/factors/face."""

    assertion = TextField(max_length=MAX_TOKEN_CHARACTERS)


class ReportInput(Input):
    """POST /attempt-reports."""

    report = TextField(max_length=MAX_TOKEN_CHARACTERS)


class CodeInput(Input):
    """A recovery code, or one of an authenticator app."""

    code = TextField(max_length=MAX_TYPED_CHARACTERS)
