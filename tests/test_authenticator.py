"""A person without a camera: an authenticator app, and all that can be seen and changed."""

import base64
import time
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Page, expect

from tests import browser
from tests.product import Product

STEP_SECONDS = 30
NEW_PASSWORD = "three brass lamps in the hall"


class App:
    """An authenticator app that shows the next code where the present one was used: each is good
    once, and those of the step before and after are taken as well."""

    def __init__(self, secret: str) -> None:
        self._totp = TOTP(base64.b32decode(secret), 6, SHA1(), STEP_SECONDS)
        self._at = 0.0

    def code(self) -> str:
        self._at = max(self._at, time.time())
        code = self._totp.generate(int(self._at)).decode()
        self._at += STEP_SECONDS
        return code


def send_code(page: Page, code: str) -> None:
    page.fill("input[name=code]", code)
    page.click("main form:has(input[name=code]) button")


def set_up_app(page: Page, origin: str) -> App:
    page.goto(f"{origin}/profile/totp")
    page.click("#show-secret")
    app = App(page.inner_text("#totp-secret").replace("\n", " ").replace(" ", ""))
    send_code(page, "000000")  # one in a million is right
    expect(page.locator(".alert-danger")).to_be_visible()
    send_code(page, app.code())
    expect(page.locator(".recovery-code")).to_have_count(10)
    return app


def test_an_app_lets_in_and_everything_can_be_seen_and_ended(
    product: Product, username: str
) -> None:
    origin = product.origin
    with browser.browser(None) as page:
        assert page.context.browser is not None
        elsewhere = page.context.browser.new_page()  # with cookies of its own
        browser.register(page, origin, username)
        app = set_up_app(page, origin)
        codes = page.locator(".recovery-code").all_inner_texts()
        with page.expect_download() as saving:
            page.click("#codes-file")
        assert Path(saving.value.path()).read_text().splitlines()[-10:] == codes
        page.click("#codes-kept")
        browser.sign_out(page, origin)

        browser.show_password(page, origin, username)
        page.wait_for_url(f"{origin}/login/other")
        send_code(page, app.code())
        expect(page.locator("#methods")).to_contain_text("and code")
        browser.show_password(elsewhere, origin, username)
        elsewhere.click("#use-recovery-code")
        send_code(elsewhere, codes[0])
        expect(elsewhere.locator("#greeting")).to_be_visible()

        page.goto(f"{origin}/profile/events")
        expect(page.locator(".kv-events")).to_contain_text("An authenticator app was set up.")
        page.goto(f"{origin}/profile/sessions")
        page.click("#end-others")
        expect(page.locator("#end-others")).to_have_count(0)
        elsewhere.goto(f"{origin}/profile")
        expect(elsewhere).to_have_url(f"{origin}/login?next=%2Fprofile")

        page.goto(f"{origin}/profile/password")
        page.fill("input[name=new_password]", NEW_PASSWORD)
        page.click("main button")
        expect(page.locator("h1")).to_have_text("Your password is changed")
        page.goto(f"{origin}/profile/totp/remove")
        page.click("#remove")
        expect(page.locator("#set-up-totp")).to_be_visible()
        browser.sign_out(page, origin)
        browser.show_password(page, origin, username, NEW_PASSWORD)
        expect(page.get_by_text("password only")).to_be_visible()
