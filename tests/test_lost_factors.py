"""A broken face, a lost phone, both, and nothing left: how each gets back in, in the browser."""

import base64
import subprocess
import sys
import time

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Page, expect

from tests import browser
from tests.product import Product
from tests.run import ROOT, environment
from tests.test_browser import Feeds, enrol_somebody, sign_in

NEW_PASSWORD = "three brass lamps in the hall"
CHIEF, CHIEF_PASSWORD = "head-of-all", "the chief has a sentence too"


def phone(secret: str, steps: int = 0) -> str:
    """What the app on the phone shows, now or so many half minutes away."""
    app = TOTP(base64.b32decode(secret.replace(" ", "")), 6, SHA1(), 30)
    return app.generate(int(time.time()) + 30 * steps).decode()


def add_app(page: Page) -> str:
    """Add an authenticator app from the profile; return its secret."""
    page.click("#set-up-totp")
    page.click("#show-secret")
    secret = page.inner_text("#totp-secret")
    page.fill("input[name=code]", "000000")
    page.click("main button")
    expect(page.locator(".invalid-feedback, .alert-danger").first).to_be_visible()
    assert page.inner_text("#totp-secret") == secret  # nothing lost by a wrong code
    page.fill("input[name=code]", phone(secret))
    page.click("main button")
    expect(page.locator("#totp-factor")).to_be_visible()
    return secret


def type_code(page: Page, code: str) -> None:
    """Type a code on the page of another factor; ends at home."""
    page.fill("input[name=code]", code)
    page.click("main button")
    expect(page.locator("#greeting")).to_be_visible()


def make_chief(product: Product) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "make_admin", CHIEF],
        cwd=ROOT,
        env=environment(
            DJANGO_SETTINGS_MODULE="kubevision.settings.local",
            DATA_DIR=str(product.folder),
            PUBLIC_ORIGINS=product.origin,
        ),
        input=CHIEF_PASSWORD + "\n",
        text=True,
        check=True,
        capture_output=True,
    )


def test_whatever_is_lost_there_is_a_way_back(
    product: Product, feeds: Feeds, username: str
) -> None:
    origin = product.origin
    codes = enrol_somebody(product, feeds["ada"], username)
    with browser.browser(feeds["ada again"]) as page:
        sign_in(page, product, username)
        secret = add_app(page)
        browser.sign_out(page, origin)

    # The face is not known any more: the phone lets them in.
    with browser.browser(feeds["stranger"]) as page:
        browser.show_password(page, origin, username)
        browser.start_camera(page)
        assert "not recognised" in browser.wait_until_stopped(page)
        page.click("#other-factor")
        type_code(page, phone(secret, 1))  # each works once
        browser.sign_out(page, origin)

    # The phone is lost: the face lets them in, and the app goes.
    with browser.browser(feeds["ada again"]) as page:
        sign_in(page, product, username)
        page.click("#remove-totp")
        page.click("#remove")
        expect(page.locator("#set-up-totp")).to_be_visible()
        secret = add_app(page)  # a new phone
        browser.sign_out(page, origin)

    # Both are lost: a recovery code lets them in, and proves enough to enrol anew.
    with browser.browser(feeds["stranger"]) as page:
        browser.show_password(page, origin, username)
        page.click("#other-factor")
        page.click("#use-recovery-code")
        type_code(page, codes[0])
        page.goto(f"{origin}/train")
        page.check("#consent")
        page.click("#start-camera")
        page.wait_for_url(f"{origin}/profile", timeout=browser.CAMERA_TIMEOUT_MS)
        expect(page.locator("#codes-left")).to_contain_text("9")
        page.goto(f"{origin}/profile/events")
        for happened in (
            "code was used up",
            "face was enrolled",
            "app was removed",
            "let nobody in",
        ):
            expect(page.get_by_text(happened).first).to_be_visible()
    _start_again_with_nothing(product, feeds, username)


def _start_again_with_nothing(product: Product, feeds: Feeds, username: str) -> None:
    """No face, no phone, no codes: an administrator takes the factors and gives a code."""
    origin = product.origin
    make_chief(product)
    with browser.browser(None) as page:
        browser.show_password(page, origin, CHIEF, CHIEF_PASSWORD)
        page.wait_for_url(f"{origin}/")
        page.goto(f"{origin}/auth/admin/accounts/user/?q={username}")
        page.get_by_role("link", name=username).click()
        for name in ("reset_face", "reset_totp"):
            page.click(f"#do-{name}")
            page.click("#confirm")
        page.click("#make-code")
        code = page.inner_text("#code")
    with browser.browser(feeds["ada"]) as page:
        page.goto(f"{origin}/invite")
        page.fill("input[name=code]", code)
        page.fill("input[name=password]", NEW_PASSWORD)
        page.click("main button")
        expect(page.locator("main .alert-success")).to_be_visible()
        browser.show_password(page, origin, username, NEW_PASSWORD)
        expect(page.locator("#greeting")).to_be_visible()
        page.goto(f"{origin}/train")
        assert len(browser.enrol(page)) == 10
        page.click("#codes-kept")
        expect(page.locator("#face-factor")).to_be_visible()
