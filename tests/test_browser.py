"""The main job in a real browser with a camera that plays drawn people."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests import browser
from tests.product import Installation, Product, running_product

Feeds = dict[str, Path]


def enrol_somebody(product: Installation, feed: Path, username: str) -> list[str]:
    with browser.browser(feed) as page:
        browser.register(page, product.origin, username, "Ada Lovelace")
        codes = browser.enrol(page)
        page.click("#codes-kept")
        expect(page.locator("#face-factor")).to_be_visible()
        browser.sign_out(page, product.origin)
        page.goto(f"{product.origin}/profile")
        expect(page).to_have_url(f"{product.origin}/login?next=%2Fprofile")
    return codes


def refusal(product: Installation, feed: Path, username: str, *, left: str = "9") -> str:
    """Show the right password and the wrong face; return what the page says."""
    with browser.browser(feed) as page:
        browser.show_password(page, product.origin, username)
        browser.start_camera(page)
        said = browser.wait_until_stopped(page)
        expect(page.locator("#attempts-left")).to_contain_text(left)
        for path in ("/profile", "/train", "/"):
            page.goto(f"{product.origin}{path}")
            assert page.url.startswith(f"{product.origin}/facelogin"), path
        return said


def sign_in(page: Page, product: Installation, username: str) -> None:
    page.goto(f"{product.origin}/profile")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", browser.PASSWORD)
    page.click("main button")
    page.wait_for_url(f"{product.origin}/facelogin?next=%2Fprofile")
    browser.start_camera(page)
    page.wait_for_url(f"{product.origin}/profile", timeout=browser.CAMERA_TIMEOUT_MS)
    expect(page.locator("#username")).to_have_text(username)


def test_the_whole_story(anywhere: Installation, feeds: Feeds, username: str) -> None:
    codes = enrol_somebody(anywhere, feeds["ada"], username)
    assert len(set(codes)) == 10
    with browser.browser(feeds["ada again"]) as page:
        sign_in(page, anywhere, username)
        page.goto(anywhere.origin)
        expect(page.locator("#greeting")).to_have_text("Hello, Ada Lovelace")
        expect(page.locator("#methods")).to_contain_text("face")
    assert "not recognised" in refusal(anywhere, feeds["stranger"], username)


def test_an_empty_room_is_refused_and_a_recovery_code_lets_in(
    product: Product, feeds: Feeds, username: str
) -> None:
    codes = enrol_somebody(product, feeds["ada"], username)
    with browser.browser(feeds["empty"]) as page:
        browser.show_password(page, product.origin, username)
        browser.start_camera(page)
        expect(page.locator("#capture-message")).to_contain_text("No face")
        said = browser.wait_until_stopped(page)
        assert "did not see enough" in said and "No face" in said
        page.click("#other-factor")
        page.fill("input[name=code]", "AAAA-AAAA-AAAA-AAAA")
        page.click("main button")
        expect(page.locator(".alert-danger")).to_be_visible()
        page.fill("input[name=code]", codes[0].lower())
        page.click("main button")
        page.wait_for_url(f"{product.origin}/")
        expect(page.locator("#methods")).to_contain_text("recovery code")
        page.goto(f"{product.origin}/profile")
        expect(page.locator("#codes-left")).to_contain_text("9")


def test_a_light_is_added_by_who_came_in_without_the_camera(
    anywhere: Installation, feeds: Feeds, username: str
) -> None:
    origin = anywhere.origin
    codes = enrol_somebody(anywhere, feeds["ada"], username)
    with browser.browser(feeds["ada changed"]) as page:
        browser.show_password(page, origin, username)
        browser.start_camera(page)
        assert "not recognised" in browser.wait_until_stopped(page)
        page.click("#other-factor")
        page.fill("input[name=code]", codes[0])
        page.click("main button")
        page.click("#offer-light a")
        page.wait_for_url(f"{origin}/train/light")
        browser.start_camera(page)
        page.wait_for_url(f"{origin}/profile#lights", timeout=browser.CAMERA_TIMEOUT_MS)
        expect(page.get_by_text("valid until 20", exact=False)).to_have_count(1)
        browser.sign_out(page, origin)
        sign_in(page, anywhere, username)  # known in this light now
    with browser.browser(feeds["ada again"]) as page:
        sign_in(page, anywhere, username)  # and in the first one still
        page.click("#add-light")  # a face is no proof for adding to it
        expect(page).to_have_url(f"{origin}/confirm?next=%2Ftrain%2Flight")
        page.goto(f"{origin}/profile")
        page.get_by_role("button", name="Remove the light").click()
        expect(page.locator("#lights")).to_have_count(0)
    assert "not recognised" in refusal(anywhere, feeds["ada changed"], username, left="8")
    assert "not recognised" in refusal(anywhere, feeds["stranger"], username, left="7")


def test_no_consent_no_camera(product: Product, feeds: Feeds, username: str) -> None:
    with browser.browser(feeds["ada"]) as page:
        browser.register(page, product.origin, username)
        page.click("#start-camera")
        expect(page.locator("#consent")).to_be_focused()
        expect(page.locator("face-capture")).to_have_attribute("data-capture-state", "idle")


def test_a_denied_camera_is_explained(product: Product, feeds: Feeds, username: str) -> None:
    with browser.browser(feeds["ada"], is_allowed=False) as page:
        browser.register(page, product.origin, username)
        page.check("#consent")
        page.click("#start-camera")
        assert "may not use the camera" in browser.wait_until_stopped(page)
        expect(page.locator("#retry")).to_be_visible()


def test_a_missing_camera_is_explained(product: Product, username: str) -> None:
    with browser.browser(None) as page:
        browser.register(page, product.origin, username)
        page.context.grant_permissions(["camera"])
        page.check("#consent")
        page.click("#start-camera")
        assert "No camera was found" in browser.wait_until_stopped(page)


def test_the_camera_can_be_picked_and_stopped(
    product: Product, feeds: Feeds, username: str
) -> None:
    with browser.browser(feeds["empty"]) as page:
        browser.register(page, product.origin, username)
        expect(page.locator("#camera-picker")).to_be_hidden()  # nameless before permission
        page.check("#consent")
        page.click("#start-camera")
        expect(page.locator("#camera-picker option")).not_to_have_count(0)
        expect(page.locator("#capture-message")).to_contain_text("No face")
        page.click("#cancel")
        assert browser.wait_until_stopped(page) == "Stopped."


def test_facelogin_out_of_reach_is_said(feeds: Feeds, username: str, tmp_path: Path) -> None:
    nobody_listens = "http://localhost:9"
    with (
        running_product(tmp_path, FACELOGIN_PUBLIC_URL=nobody_listens) as product,
        browser.browser(feeds["ada"]) as page,
    ):
        browser.register(page, product.origin, username)
        page.check("#consent")
        page.click("#start-camera")
        assert "cannot be reached" in browser.wait_until_stopped(page)
