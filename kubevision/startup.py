"""What every process does before it serves: load the settings, check them, say it in words."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.checks import CheckMessage, run_checks
from django.core.exceptions import ImproperlyConfigured

SETTINGS_VARIABLE = "DJANGO_SETTINGS_MODULE"
EXAMPLE = f"Example: {SETTINGS_VARIABLE}=kubevision.settings.dashboard"


class CheckFailed(Exception):  # noqa: N818  (an outcome)
    """A start-up check found an error; the message holds one line for each."""


def load_settings() -> None:
    """Import the settings module that the environment names.

    Raises
    ------
    ImproperlyConfigured
        If the variable is missing, names no module, or a setting is missing or malformed.
    """
    name = os.environ.get(SETTINGS_VARIABLE, "")
    if not name:
        raise ImproperlyConfigured(f"{SETTINGS_VARIABLE} is not set. {EXAMPLE}")
    try:
        is_found = importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        is_found = False
    if not is_found:
        raise ImproperlyConfigured(f"{SETTINGS_VARIABLE} names no module: {name!r}. {EXAMPLE}")
    importlib.import_module(name)


def set_up() -> None:
    """Load the settings, set Django up and run its checks.

    Raises
    ------
    ImproperlyConfigured
        See `load_settings`.
    CheckFailed
        If a start-up check found an error.
    """
    load_settings()
    import django  # noqa: PLC0415  (after the settings, so that their errors are their own)

    django.setup()
    errors = [message for message in run_checks() if message.is_serious()]
    if errors:
        raise CheckFailed("\n".join(_line(message) for message in errors))


def _line(message: CheckMessage) -> str:
    return " ".join(part for part in (message.msg, message.hint) if part) + f" ({message.id})"


@contextmanager
def said_in_words() -> Iterator[None]:
    """Turn what forbids a start into a sentence and exit status 1."""
    try:
        yield
    except (ImproperlyConfigured, CheckFailed) as error:
        sys.exit(f"KubeVision cannot start: {error}")
