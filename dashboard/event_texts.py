"""What happened to an account, in sentences for the person it is about."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.translation import gettext as _

from dashboard.capture_texts import capture_texts
from dashboard.devices import device_in_words

# What happens when somebody comes in, or tries to.
SIGN_IN_KINDS = frozenset(
    {"signed_in", "password_refused", "face_refused", "face_attacked", "code_refused", "locked"}
)


def event_texts() -> dict[str, dict[str, str]]:
    """Return the sentences and words by table and code."""
    return {
        "kind": {
            "registered": _("The account was made."),
            "invited": _("An invitation to this account was made."),
            "invitation_accepted": _("The invitation was used."),
            "password_accepted": _("The password was right; the second factor was asked for."),
            "password_refused": _("A wrong password was typed."),
            "signed_in": _("Signed in."),
            "face_refused": _("The camera let nobody in."),
            "face_attacked": _(
                "Five tries in a row looked like a picture or a film held up to the camera. If "
                "that was not you, somebody knows your password: change it."
            ),
            "code_refused": _("A wrong code was typed."),
            "locked": _("There were too many wrong tries; further ones have to wait."),
            "signed_out": _("Signed out."),
            "session_ended": _("A sign-in was ended."),
            "sessions_ended": _("Sign-ins were ended."),
            "face_enrolled": _("A face was enrolled."),
            "face_removed": _("The face was removed."),
            "light_added": _("A light was added to the face."),
            "light_removed": _("A light was removed from the face."),
            "totp_added": _("An authenticator app was set up."),
            "totp_removed": _("The authenticator app was removed."),
            "recovery_codes_renewed": _("New recovery codes were made; the old ones are dead."),
            "recovery_code_used": _("A recovery code was used up."),
            "password_changed": _("The password was changed."),
            "password_reset": _("A new password was set with an administrator's code."),
            "profile_changed": _("The profile was changed."),
            "reset_code_made": _("A code for a new password was made."),
            "unlocked": _("Waiting after wrong tries was ended."),
            "factor_reset": _("A second factor was taken away."),
            "reenrolment_required": _("The face has to be enrolled again."),
            "locked_down": _("The account was locked."),
            "released": _("The account was opened again."),
            "rights_changed": _("What this account may administer was changed."),
        },
        "method": {"pwd": _("password"), "face": _("face"), "otp": _("code")},
        "factor": {
            "face": _("Face"),
            "totp": _("Authenticator app"),
            "recovery_code": _("Recovery code"),
        },
        "limit": {
            "password_here": _("Wrong passwords from one place."),
            "password_anywhere": _("Wrong passwords from many places."),
            "password_device": _("Wrong passwords in a browser that signed in before."),
            "code": _("Wrong codes."),
            "face": _("Tries at the camera."),
        },
        "field": {"display_name": _("name"), "email": _("email address")},
    }


def event_in_words(kind: str) -> str:
    """Return the sentence for what happened; a later accounts may tell of more than is here."""
    unknown = _("Something happened that this page has no words for.")
    return event_texts()["kind"].get(kind, unknown)


def methods_in_words(methods: Iterable[str]) -> str:
    """Return what was shown at a sign-in, such as "password and face"."""
    words = event_texts()["method"]
    return _(" and ").join(words[method] for method in methods if method in words)


def details_in_words(details: dict[str, Any]) -> list[str]:
    """Return what is known of an event besides, a sentence each; what has no words is left out."""
    sentences = []
    for name, say in _DETAILS.items():
        if (value := details.get(name)) and (sentence := say(value)):
            sentences.append(sentence)
    return sentences


def _methods(methods: list[str]) -> str:
    shown = methods_in_words(methods)
    return _("With %(methods)s.") % {"methods": shown} if shown else ""


def _factor(factor: str) -> str:
    name = event_texts()["factor"].get(factor)
    return f"{name}." if name else ""


def _limit(limit: str) -> str:
    return event_texts()["limit"].get(limit, "")


def _outcome(outcome: str) -> str:
    return capture_texts()["outcome"].get(outcome, "")


def _reasons(reasons: list[str]) -> str:
    words = capture_texts()["reason"]
    return " ".join(words[reason] for reason in reasons if reason in words)


def _fields(fields: list[str]) -> str:
    words = event_texts()["field"]
    changed = ", ".join(words[name] for name in fields if name in words)
    return _("Changed: %(fields)s.") % {"fields": changed} if changed else ""


def _device(user_agent: str) -> str:
    return f"{device_in_words(user_agent)}."


_DETAILS: dict[str, Callable[[Any], str]] = {
    "methods": _methods,
    "factor": _factor,
    "limit": _limit,
    "outcome": _outcome,
    "reasons": _reasons,
    "fields": _fields,
    "device": _device,
}
