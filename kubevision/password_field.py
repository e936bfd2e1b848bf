"""Passwords as people type them: any characters, verbatim, on every form of every room."""

from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator


class PasswordField(forms.CharField):
    """A password taken as it is; how long it may be is the only rule a form has for it.

    Unlike a CharField it keeps spaces at both ends and allows NUL, as the contract says. The limit
    is not told to the browser: `maxlength` cuts what is pasted without a word, and counts letters
    outside the basic plane twice.
    """

    def __init__(self, *, autocomplete: str, **options: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete}, render_value=False)
        super().__init__(strip=False, widget=widget, **options)
        self.validators = [
            rule
            for rule in self.validators
            if not isinstance(rule, ProhibitNullCharactersValidator)
        ]

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Leave out what the browser would cut by."""
        attrs = super().widget_attrs(widget)
        attrs.pop("maxlength", None)
        return attrs
