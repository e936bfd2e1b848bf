"""A real Chromium that sees one page of the dashboard, its scripts and nothing else.

No server runs: the page is what Django's test client rendered, scripts come from the folder, and
facelogin's socket is played by the test.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from playwright.sync_api import Page, Route, sync_playwright

ORIGIN = "http://localhost"  # a secure context, so the page may ask for the camera
STATIC = Path(__file__).parent.parent / "static"
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
# Heard in the page before its own scripts run.
LISTEN = """
addEventListener("securitypolicyviolation", (event) =>
    console.error(`policy violation: ${event.effectiveDirective} ${event.blockedURI}`));
"""
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def program() -> str:
    """Return the path of the browser; a missing one fails, it is never skipped."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise RuntimeError("Chromium is missing; on Debian: apt install chromium")


def _answer_from_folder(route: Route) -> None:
    path = route.request.url.removeprefix(f"{ORIGIN}/static/")
    file = STATIC / path
    route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])


@contextmanager
def opened(response: HttpResponse, *, script: str = "", **options: Any) -> Iterator[Page]:
    """Show a page as it was answered; `script` runs in it before its own.

    Leaving fails if the page broke the policies in its headers, or one of its scripts broke.
    """
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=FLAGS)
        page = browser.new_page(**options)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: "olicy" in message.text and complaints.append(message.text),
        )
        page.set_default_timeout(15_000)
        page.route(f"{ORIGIN}/**", lambda route: route.abort())
        page.route(f"{ORIGIN}/static/**", _answer_from_folder)
        page.route(
            f"{ORIGIN}/",
            lambda route: route.fulfill(
                status=response.status_code, body=response.content, headers=dict(response.headers)
            ),
        )
        page.add_init_script(LISTEN + script)
        page.goto(f"{ORIGIN}/")
        yield page
        browser.close()
        assert not complaints, "\n".join(complaints)
