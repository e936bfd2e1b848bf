"""Every page in a real browser under its own policy: nothing is blocked, nothing breaks.

`browser.browser` fails whoever leaves it after a page that broke its policy.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import browser
from tests.product import Product, free_port, running_product
from tests.run import ROOT, environment

Feeds = dict[str, Path]


@pytest.fixture(scope="module")
def chief(product: Product) -> str:
    """The name of an administrator."""
    env = environment(
        DJANGO_SETTINGS_MODULE="kubevision.settings.local",
        DATA_DIR=str(product.folder),
        PUBLIC_ORIGINS=product.origin,
    )
    command = [sys.executable, "manage.py", "make_admin", "chief"]
    subprocess.run(command, input=browser.PASSWORD, text=True, check=True, cwd=ROOT, env=env)
    return "chief"


def look_at(page: Page, address: str, status: int = 200) -> None:
    response = page.goto(address)
    assert response is not None and response.status == status, address
    expect(page.locator("h1")).to_be_visible()


def test_the_pages_of_a_person(product: Product, feeds: Feeds, username: str) -> None:
    """All of them, with the camera's script, its pictures and its socket."""
    origin = product.origin
    with browser.browser(feeds["ada"]) as page:
        look_at(page, f"{origin}/")
        look_at(page, f"{origin}/register")
        page.click("main button")  # empty: the marks of refused fields are pictures
        expect(page.locator(".is-invalid").first).to_be_visible()
        browser.register(page, origin, username)
        codes = browser.enrol(page)
        expect(page.locator("#person")).to_have_text(username)
        page.click("#codes-kept")
        for path in (
            "/", "/profile", "/confirm", "/train", "/facelogin", "/login/other", "/invite",
            "/profile/edit", "/profile/password", "/profile/face/remove", "/profile/totp",
            "/profile/sessions", "/profile/events",
        ):  # fmt: skip
            look_at(page, f"{origin}{path}")
        page.goto(f"{origin}/profile/totp")
        page.click("#show-secret")
        expect(page.locator(".kv-qr svg")).to_be_visible()
        browser.sign_out(page, origin)
        browser.show_password(page, origin, username)
        look_at(page, f"{origin}/login/other")
        page.fill("input[name=code]", codes[0])
        page.click("main button")
        expect(page.locator("#greeting")).to_be_visible()
        page.goto(f"{origin}/profile")
        page.click("#renew-codes")
        expect(page.locator(".recovery-code, input[name=password]").first).to_be_visible()


def test_the_pages_of_what_goes_wrong(product: Product, username: str) -> None:
    origin = product.origin
    with browser.browser(None) as page:
        look_at(page, f"{origin}/nothing", 404)
        look_at(page, f"{origin}/logout", 405)
        page.goto(f"{origin}/login")
        page.context.clear_cookies()
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", browser.PASSWORD)
        page.click("main button")
        expect(page.locator("[role=alert]")).to_contain_text("no cookie")
        expect(page.locator("input[name=username]")).to_have_value(username)
        expect(page.locator("input[name=password]")).to_be_focused()


def test_only_pages_may_ask_for_the_camera(product: Product) -> None:
    with browser.browser(None) as page:
        page.goto(f"{product.origin}/login")
        assert page.evaluate("document.featurePolicy.allowsFeature('camera')")
        assert not page.evaluate("document.featurePolicy.allowsFeature('microphone')")
        page.goto(f"{product.origin}/auth/.well-known/jwks.json")
        assert not page.evaluate("document.featurePolicy.allowsFeature('camera')")


def test_a_policy_that_is_broken_is_noticed(product: Product) -> None:
    """What this file rests on: the browser blocks inline code, and we hear of it."""
    with (
        pytest.raises(AssertionError, match="style-src"),
        browser.browser(None) as page,
    ):
        page.goto(f"{product.origin}/login")
        page.evaluate("document.body.setAttribute('style', 'color: red')")


def test_the_admin(product: Product, chief: str) -> None:
    """Every page of the admin, each with what its scripts do."""
    admin = f"{product.origin}/auth/admin"
    with browser.browser(None) as page:
        browser.show_password(page, product.origin, chief)
        for path in (
            "/",
            "/accounts/",
            "/accounts/user/",
            "/accounts/user/?q=chief&is_staff__exact=1&o=-2",
            "/accounts/user/add/?_popup=1",
            "/password_change/",
        ):
            look_at(page, f"{admin}{path}")
        look_at(page, f"{admin}/nothing/here/", 404)
        look_at(page, f"{admin}/accounts/user/1/delete/", 403)
        page.goto(f"{admin}/accounts/user/add/")
        page.fill("input[name=username]", "grace")
        page.fill("input[name=password]", "short")
        page.click("input[name=_save]")
        expect(page.locator(".errornote")).to_be_visible()
        page.fill("input[name=password]", browser.PASSWORD)
        page.click("input[name=_save]")
        expect(page.locator(".messagelist .success")).to_be_visible()
        page.click("button.theme-toggle")
        page.fill("#nav-filter", "user")
        page.click("#toggle-nav-sidebar")
        page.click("#result_list >> text=grace")
        page.fill("input[name=display_name]", "Grace")
        page.click("input[name=_continue]")
        expect(page.locator(".messagelist .success")).to_be_visible()
        page.click("text=History")
        expect(page.locator("h1")).to_contain_text("Change history")
        page.context.clear_cookies(name="kv_admin_csrf")
        page.click("#logout-form button")
        expect(page.locator("h1")).to_have_text("This form was not accepted")


@contextmanager
def application() -> Iterator[str]:
    """An application on another origin, as behind the same ingress; it sends on to its own page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_page = self.path == "/page"
            self.send_response(200 if is_page else 302)
            self.send_header("Content-Type", "text/html")
            self.send_header("Location", "/page")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>wiki</title><h1>The application</h1>")

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_form_may_lead_on_to_an_application(tmp_path: Path) -> None:
    """Chromium judges each redirect after a form by form-action, so the hosts stand in it."""
    with (
        application() as host,
        running_product(tmp_path, LOGIN_REDIRECT_HOSTS=host) as product,
        browser.browser(None) as page,
    ):
        browser.register(page, product.origin, "ada")
        browser.sign_out(page, product.origin)
        page.goto(f"{product.origin}/login?next=http://{host}/")
        page.fill("input[name=username]", "ada")
        page.fill("input[name=password]", browser.PASSWORD)
        page.click("main button")
        expect(page.locator("h1")).to_have_text("The application")
        assert page.url == f"http://{host}/page"
        page.goto(f"{product.origin}/login?next=http://evil.example/")
        page.fill("input[name=username]", "ada")
        page.fill("input[name=password]", browser.PASSWORD)
        page.click("main button")
        page.wait_for_url(f"{product.origin}/")
