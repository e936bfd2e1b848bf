"""The challenge in a real browser: somebody drawn turns their head where the page's arrow says."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests import browser, reacting_camera
from tests.conftest import ADA, STRANGER
from tests.product import Product, running_product
from tests.test_browser import Feeds, enrol_somebody

ARROW = ".kv-arrow"


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("turning")
    with running_product(folder, FACELOGIN_CHALLENGE="turn") as running:
        yield running


@pytest.fixture(scope="module")
def enrolled(turning: Product, feeds: Feeds) -> str:
    """Somebody who enrolled as before: an enrolment asks for no turns."""
    enrol_somebody(turning, feeds["ada"], "ada")
    return "ada"


def begin(page: Page, turning: Product, username: str) -> None:
    browser.show_password(page, turning.origin, username)
    page.wait_for_url(f"{turning.origin}/facelogin")
    browser.start_camera(page)


def test_who_turns_where_the_arrow_says_gets_in(turning: Product, enrolled: str) -> None:
    with browser.browser(None) as page:
        page.add_init_script(reacting_camera.script(reacting_camera.of(ADA), seed=2))
        begin(page, turning, enrolled)
        expect(page.locator(ARROW)).to_be_visible(timeout=browser.CAMERA_TIMEOUT_MS)
        expect(page.locator("#capture-message")).to_contain_text("Turn your head well to your")
        page.wait_for_url(f"{turning.origin}/", timeout=browser.CAMERA_TIMEOUT_MS)
        expect(page.locator("#methods")).to_contain_text("face")


def test_a_stranger_who_turns_is_not_recognised(turning: Product, enrolled: str) -> None:
    with browser.browser(None) as page:
        page.add_init_script(reacting_camera.script(reacting_camera.of(STRANGER), seed=2))
        begin(page, turning, enrolled)
        assert "not recognised" in browser.wait_until_stopped(page)


def test_who_does_not_turn_is_refused_and_offered_another_factor(
    turning: Product, enrolled: str, feeds: Feeds
) -> None:
    with browser.browser(feeds["ada again"]) as page:
        begin(page, turning, enrolled)
        expect(page.get_by_text("If turning your head is not for you")).to_be_visible()
        said = browser.wait_until_stopped(page)
        assert "not accepted" in said
        assert page.locator(ARROW).is_hidden()
        expect(page.locator("#other-way")).to_be_visible()
        page.goto(f"{turning.origin}/profile")
        assert page.url.startswith(f"{turning.origin}/facelogin")


def test_the_arrow_is_on_the_side_that_the_mirrored_preview_shows(
    turning: Product, enrolled: str, feeds: Feeds
) -> None:
    with browser.browser(feeds["ada again"]) as page:
        begin(page, turning, enrolled)
        element = page.locator("face-capture")
        expect(element).to_have_attribute("data-step", "look_straight", timeout=30_000)
        assert page.locator(ARROW).is_hidden()
        # In one go: the page sets its own step with the next frame.
        left, right = element.evaluate(
            """(element) => ["turn_left", "turn_right"].map((step) => {
                element.dataset.step = step;
                const middle = ({ left, right }) => (left + right) / 2;
                const arrow = element.querySelector(".kv-arrow").getBoundingClientRect();
                const stage = element.querySelector(".kv-stage").getBoundingClientRect();
                return arrow.width ? middle(arrow) - middle(stage) : 0;
            })"""
        )
        assert left < 0 < right
