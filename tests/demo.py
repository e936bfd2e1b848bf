"""`make demo`: the whole story without a camera, step by step, with screenshots.

Starts the product, drives a headless browser whose camera plays drawn people, and leaves pictures
of each page in demo-screenshots/.
"""

import functools
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests import browser, reacting_camera
from tests.drawn_faces import Person, frames
from tests.feeds import in_shadows, write_mjpeg
from tests.product import UNCHECKED, running_product
from tests.run import ROOT

SCREENSHOTS = ROOT / "demo-screenshots"
ADA, STRANGER, FAR_FROM_ADA = Person(1), Person(4), Person(14)
FEED_FRAMES = 120
PHONE = {"width": 390, "height": 844}


class Story:
    """Prints each step and numbers the screenshots."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.pictures = 0

    def tell(self, what: str) -> None:
        """Print one step."""
        print(f"{time.monotonic() - self.started:6.1f} s  {what}", flush=True)

    def shoot(self, page: Page, name: str) -> None:
        """Keep a picture of the page."""
        # The fake camera goes by its file's path, which is nothing to show.
        page.evaluate(
            "for (const option of document.querySelectorAll('#camera-picker option'))"
            " option.textContent = 'Webcam'"
        )
        self.pictures += 1
        page.screenshot(path=SCREENSHOTS / f"{self.pictures:02d}-{name}.png")

    def shoot_capture(self, page: Page, name: str) -> None:
        """Keep a picture of a running capture: once a face is outlined."""
        expect(page.locator("[data-part=outline]")).to_be_visible(timeout=30_000)
        self.shoot(page, name)


@contextmanager
def dark(page: Page) -> Iterator[None]:
    """Show the page as a system in dark mode does."""
    page.emulate_media(color_scheme="dark")
    yield
    page.emulate_media(color_scheme="light")


def enrolment(story: Story, origin: str, feed: Path) -> str:
    """Register, agree, enrol, keep the codes, sign out; return one of the codes."""
    with browser.browser(feed) as page:
        page.goto(origin)
        story.shoot(page, "welcome")
        with dark(page):
            story.shoot(page, "welcome-dark")
        browser.register(page, origin, "ada", "Ada Lovelace")
        story.tell("Ada registered; the page asks for her consent before the camera")
        story.shoot(page, "consent")
        page.check("#consent")
        page.click("#start-camera")
        story.shoot_capture(page, "enrolling")
        expect(page.locator(".recovery-code").first).to_be_visible(
            timeout=browser.CAMERA_TIMEOUT_MS
        )
        story.tell("her face is enrolled; ten recovery codes are shown, once")
        story.shoot(page, "recovery-codes")
        code = page.locator(".recovery-code").first.inner_text()
        page.click("#codes-kept")
        story.shoot(page, "profile")
        browser.sign_out(page, origin)
        story.tell("she signed out")
    return code


def photo(story: Story, origin: str, feed: Path) -> None:
    """Hold up a picture of Ada after her password: it does not turn its head."""
    with browser.browser(feed) as page:
        browser.show_password(page, origin, "ada")
        browser.start_camera(page)
        said = browser.wait_until_stopped(page)
        story.tell(f"a film of her that looks straight was refused: {said}")
        story.shoot(page, "photo-refused")


def sign_in(story: Story, origin: str, camera: str) -> None:
    """Sign in with password and face, turning the head where the arrow says."""
    with browser.browser(None) as page:
        page.add_init_script(camera)
        browser.show_password(page, origin, "ada")
        page.wait_for_url(f"{origin}/facelogin")
        story.tell("her password alone led no further than the camera")
        story.shoot(page, "second-factor")
        browser.start_camera(page)
        expect(page.locator(".kv-arrow")).to_be_visible(timeout=browser.CAMERA_TIMEOUT_MS)
        story.shoot(page, "turn-your-head")
        page.wait_for_url(f"{origin}/", timeout=browser.CAMERA_TIMEOUT_MS)
        expect(page.locator("#greeting")).to_have_text("Hello, Ada Lovelace")
        story.tell("she turned her head where the arrow said, and her face matched: she is in")
        story.shoot(page, "home")


def refusal(story: Story, origin: str, camera: str) -> None:
    """Show somebody else's face after Ada's password, on a phone in the dark."""
    with browser.browser(None, viewport=PHONE, color_scheme="dark") as page:
        page.add_init_script(camera)
        browser.show_password(page, origin, "ada")
        browser.start_camera(page)
        story.shoot_capture(page, "stranger-phone-dark")
        said = browser.wait_until_stopped(page)
        story.tell(f"a stranger with her password was refused: {said}")
        story.shoot(page, "stranger-refused-phone-dark")
        page.click("#other-factor")
        story.shoot(page, "other-factor-phone-dark")


def another_light(story: Story, origin: str, camera: str, code: str) -> None:
    """Come in by a recovery code where the camera refuses, and add the light."""
    with browser.browser(None) as page:
        page.add_init_script(camera)
        browser.show_password(page, origin, "ada")
        browser.start_camera(page)
        browser.wait_until_stopped(page)
        page.click("#other-factor")
        page.fill("input[name=code]", code)
        page.click("main button")
        expect(page.locator("#offer-light")).to_be_visible()
        story.tell("in another light the camera refused Ada; a recovery code let her in")
        story.shoot(page, "offer-light")
        page.click("#offer-light a")
        page.wait_for_url(f"{origin}/train/light")
        browser.start_camera(page)
        page.wait_for_url(f"{origin}/profile#lights", timeout=browser.CAMERA_TIMEOUT_MS)
        story.tell("she added the light")
        story.shoot(page, "lights")
        browser.sign_out(page, origin)
        browser.show_password(page, origin, "ada")
        browser.start_camera(page)
        page.wait_for_url(f"{origin}/", timeout=browser.CAMERA_TIMEOUT_MS)
        story.tell("her face is known in this light, too")


def main() -> int:
    """Tell the story; 0 if every step happened."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for old in SCREENSHOTS.glob("*.png"):
        old.unlink()
    story = Story()
    with tempfile.TemporaryDirectory(prefix="kubevision-demo-") as name:
        folder = Path(name)
        story.tell("drawing two people for the camera")
        own = write_mjpeg(folder / "own.mjpeg", frames(ADA, FEED_FRAMES, seed=1))
        later = write_mjpeg(folder / "later.mjpeg", frames(ADA, FEED_FRAMES, seed=2))
        ada = reacting_camera.script(reacting_camera.of(ADA), seed=2)
        other = reacting_camera.script(reacting_camera.of(STRANGER))
        shadows = functools.partial(in_shadows, ADA, FAR_FROM_ADA)
        changed = reacting_camera.script(shadows, seed=5)
        with running_product(folder / "data", **UNCHECKED, FACELOGIN_CHALLENGE="turn") as product:
            story.tell(f"the product runs on {product.origin}")
            code = enrolment(story, product.origin, own)
            sign_in(story, product.origin, ada)
            photo(story, product.origin, later)
            refusal(story, product.origin, other)
            another_light(story, product.origin, changed, code)
    story.tell(f"done; {story.pictures} screenshots are in {SCREENSHOTS.name}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
