"""A real Chromium whose camera is a file, and the story people live through in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Reported by the page itself, before any script of ours runs.
_LISTEN = """
addEventListener("securitypolicyviolation", (event) => console.error(
    `policy violation: ${event.effectiveDirective} ${event.blockedURI} in ${event.sourceFile}`));
"""
_POLICY_WORDS = ("policy", "Policy", "Refused to")
# Longer than an attempt may take on a slow machine.
CAMERA_TIMEOUT_MS = 70_000
PASSWORD = "a sentence nobody guesses"


def chromium() -> str:
    """Return the path of the browser; a missing one fails, it is never skipped."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise RuntimeError("Chromium is missing; on Debian: apt install chromium")


@contextmanager
def browser(feed: Path | None, *, is_allowed: bool = True, **options: object) -> Iterator[Page]:
    """Open a page in a fresh browser before a camera that shows the feed; None: no camera.

    Leaving fails if any page broke its content security or permissions policy, or a script broke.
    """
    flags = list(FLAGS)
    if feed is not None:
        flags += [
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={feed}",
        ]
        if is_allowed:
            flags.append("--use-fake-ui-for-media-stream")
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=chromium(), args=flags, headless=True)
        context: BrowserContext = program.new_context(locale="en-US", **options)  # type: ignore[arg-type]
        page = context.new_page()
        page.set_default_timeout(30_000)
        complaints: list[str] = []
        context.add_init_script(_LISTEN)
        context.on("weberror", lambda error: complaints.append(f"{error.page}: {error.error}"))
        context.on("console", lambda message: _note(message, complaints))
        yield page
        context.close()
        program.close()
        assert not complaints, "\n".join(complaints)


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    """Keep what a browser says about our policies; a 404 in its console is no complaint."""
    if any(word in message.text for word in _POLICY_WORDS):
        complaints.append(f"{message.location.get('url')}: {message.text}")


def register(page: Page, origin: str, username: str, display_name: str = "") -> None:
    """Make an account in the browser; ends on the enrolment page."""
    page.goto(f"{origin}/register")
    page.fill("input[name=username]", username)
    page.fill("input[name=display_name]", display_name)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url(f"{origin}/train")


def enrol(page: Page) -> list[str]:
    """Agree, look at the camera, keep the codes; ends on the page that shows them."""
    page.check("#consent")
    page.click("#start-camera")
    expect(page.locator(".recovery-code").first).to_be_visible(timeout=CAMERA_TIMEOUT_MS)
    return page.locator(".recovery-code").all_inner_texts()


def show_password(page: Page, origin: str, username: str, password: str = PASSWORD) -> None:
    """Sign in by password; ends where the product sends the person next."""
    page.goto(f"{origin}/login")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.click("main button")


def start_camera(page: Page) -> None:
    """Press the button of the capture page."""
    page.click("#start-camera")


def wait_until_stopped(page: Page) -> str:
    """Wait for the end of an attempt that brought nothing; return what the page says."""
    page.wait_for_selector('[data-capture-state="stopped"]', timeout=CAMERA_TIMEOUT_MS)
    return page.inner_text("#capture-message")


def sign_out(page: Page, origin: str) -> None:
    """Press sign out."""
    page.click("#sign-out")
    page.wait_for_url(f"{origin}/")
