"""Content security policies and other headers for browsers, built from the public addresses."""

from collections.abc import Iterable
from typing import Any

SELF, NONE = "'self'", "'none'"

# What no page and no program of ours asks a browser for. Only names that Chromium knows: it
# complains about others on every page.
_POWERFUL_FEATURES = (
    "accelerometer", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation",
    "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi",
    "payment", "picture-in-picture", "publickey-credentials-create", "publickey-credentials-get",
    "screen-wake-lock", "serial", "storage-access", "usb", "xr-spatial-tracking",
)  # fmt: skip


def permissions_policy(*allowed: str) -> str:
    """Return a Permissions-Policy that turns all features off but those named."""
    return ", ".join(f"{name}=({'self' if name in allowed else ''})" for name in _POWERFUL_FEATURES)


# For what is no page: nothing in it may run or load, whatever a browser takes it for.
ANSWER_HEADERS = {
    "Content-Security-Policy": f"default-src {NONE}; frame-ancestors {NONE}",
    "Permissions-Policy": permissions_policy(),
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    # Most answers are about one person; what may be kept (static files, keys) says so itself.
    "Cache-Control": "no-store",
}


def page_policy(*, connect: Iterable[str] = (), form_action: Iterable[str] = ()) -> dict[str, Any]:
    """Return a django-csp policy for pages: our own scripts, styles and pictures, nothing inline.

    Parameters
    ----------
    connect : iterable of str
        Origins that scripts may talk to, beside our own.
    form_action : iterable of str
        Origins that a sent form may lead to, beside our own; redirects after it count too.
    """
    return {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF, *connect],
        "form-action": [SELF, *form_action],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }


def socket_origin(origin: str) -> str:
    """Return the origin that WebSockets of a web origin have."""
    return origin.replace("http", "ws", 1)


def by_room(rooms: dict[str, Any], name: str, default: Any) -> dict[str, Any]:
    """Merge a setting that goes by path for rooms that share one process.

    Parameters
    ----------
    rooms : dict
        Prefix of a room to its settings module.
    name : str
        The setting; a room's entry for "/" is for its own prefix here.
    default : object
        The entry of a room that has no such setting.
    """
    merged: dict[str, Any] = {}
    for prefix, module in rooms.items():
        for path, value in getattr(module, name, {"/": default}).items():
            merged[prefix if path == "/" else path] = value
    return merged
