"""What every answer of every room must carry for browsers."""

from typing import Any

# Directives that no page may do without, and no page may loosen.
STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}
NOTHING = {"default-src": "'none'", "frame-ancestors": "'none'"}


def policy(response: Any) -> dict[str, str]:
    """Return the directives of a response's content security policy."""
    directives = response.headers["Content-Security-Policy"].split(";")
    return dict(directive.strip().split(" ", 1) for directive in directives)


def is_camera_allowed(response: Any) -> bool:
    """Say whether the page may ask for the camera; every other feature must be off."""
    features = dict(
        feature.strip().split("=", 1)
        for feature in response.headers["Permissions-Policy"].split(",")
    )
    camera = features.pop("camera")
    assert {"microphone", "geolocation", "display-capture", "usb", "payment"} <= set(features)
    assert set(features.values()) == {"()"}
    assert camera in {"()", "(self)"}
    return bool(camera == "(self)")


def assert_safe(response: Any) -> None:
    """Assert what holds for every answer, whatever room and status."""
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert len(response.headers["X-Request-ID"]) >= 8
    if not response.streaming and response.request["REQUEST_METHOD"] != "HEAD":
        assert int(response.headers.get("Content-Length", -1)) in {-1, len(response.content)}
    directives = policy(response)
    assert directives["default-src"] == directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in str(directives) and "data:" not in str(directives)
    # Kept only by those who say so themselves.
    cached = response.headers["Cache-Control"]
    assert "no-store" in cached or "public" in cached
    assert "public" not in cached or not response.cookies


def assert_problem(response: Any) -> dict[str, Any]:
    """Assert that an error is a problem document that tells programs and nobody else anything."""
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert body["status"] == response.status_code
    assert body["type"] == f"urn:kubevision:problem:{body['code']}"
    assert body["code"].replace("_", "").isalpha() and body["code"] == body["code"].lower()
    assert body["title"] and body["detail"]
    assert "Traceback" not in str(body) and "<" not in str(body)
    return body
