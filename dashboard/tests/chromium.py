"""A real Chromium that sees one page of the dashboard, its scripts and nothing else.

No server runs: the page is what Django's test client rendered, scripts come from the folder, and
facelogin's socket is played by the test.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
def opened(html: bytes, *, script: str = "") -> Iterator[Page]:
    """Show a page; `script` runs in it before its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(15_000)
        page.route(f"{ORIGIN}/**", lambda route: route.abort())
        page.route(f"{ORIGIN}/static/**", _answer_from_folder)
        page.route(f"{ORIGIN}/", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.add_init_script(script)
        page.goto(f"{ORIGIN}/")
        yield page
        browser.close()
