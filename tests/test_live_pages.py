"""What an open page shows when its session ends elsewhere, or somebody shows their face."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import browser
from tests.product import Installation
from tests.test_holes import VERIFY, Client, capture
from tests.three_rooms import ThreeRooms

# The slowest way is asking, every five seconds, of a browser on a machine with other work to do.
HEARD_WITHIN_MS = 30_000


@pytest.fixture(scope="module")
def frames(ada_jpegs: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(ada_jpegs.glob("*.jpg"))]


def open_page(page: Page, installation: Installation, username: str, path: str = "/") -> None:
    """Sign in by password, which is all this person has, and stay on a page."""
    browser.show_password(page, installation.origin, username)
    page.wait_for_url(lambda address: "/login" not in address)
    page.goto(f"{installation.origin}{path}")


def listens(page: Page, how: str = "live") -> None:
    expect(page.locator("#live")).to_have_attribute("data-live-state", how, timeout=HEARD_WITHIN_MS)


def shows_that_it_is_over(page: Page, installation: Installation, next_path: str) -> None:
    expect(page.locator("#signed-out")).to_have_text("You were signed out", timeout=HEARD_WITHIN_MS)
    expect(page.locator("#sign-out")).to_have_count(0)
    expect(page.locator("#username, #greeting, #person")).to_have_count(0)
    page.click("main a")
    expect(page).to_have_url(f"{installation.origin}/login?next={next_path}")


@pytest.mark.parametrize(("path", "next_path"), [("/", "%2F"), ("/profile", "%2Fprofile")])
def test_the_open_page_hears_that_it_was_signed_out(
    anywhere: Installation, username: str, path: str, next_path: str
) -> None:
    person = Client(anywhere, username).register()
    with browser.browser(None) as page:
        open_page(page, anywhere, username, path)
        listens(page)
        assert person.call("DELETE", "/user/sessions").status_code == 204
        shows_that_it_is_over(page, anywhere, next_path)


def test_signing_out_in_one_tab_is_heard_in_the_other(
    three_rooms: ThreeRooms, username: str
) -> None:
    Client(three_rooms, username).register()
    with browser.browser(None) as page:
        open_page(page, three_rooms, username)
        other_tab = page.context.new_page()
        other_tab.goto(f"{three_rooms.origin}/profile")
        listens(page)
        listens(other_tab)
        browser.sign_out(page, three_rooms.origin)
        shows_that_it_is_over(other_tab, three_rooms, "%2Fprofile")


def test_without_live_messages_the_page_asks(three_rooms: ThreeRooms, username: str) -> None:
    person = Client(three_rooms, username).register()
    with browser.browser(None) as page:
        open_page(page, three_rooms, username)
        listens(page)
        with three_rooms.without("facelogin"):
            listens(page, "asking")
            assert person.call("DELETE", "/user/sessions").status_code == 204
            shows_that_it_is_over(page, three_rooms, "%2F")


def test_the_page_listens_again_when_there_is_somebody_to_listen_to(
    three_rooms: ThreeRooms, username: str
) -> None:
    person = Client(three_rooms, username).register()
    with browser.browser(None) as page:
        with three_rooms.without("facelogin"):
            open_page(page, three_rooms, username)
            listens(page, "asking")
        listens(page)
        assert person.call("DELETE", "/user/sessions").status_code == 204
        shows_that_it_is_over(page, three_rooms, "%2F")


def test_the_open_page_hears_that_somebody_showed_their_face(
    anywhere: Installation, username: str, frames: list[bytes]
) -> None:
    person = Client(anywhere, username).register()
    person.enrol(frames[:20])
    with browser.browser(None) as page:
        # The session in which the face was enrolled is this browser's.
        cookie = {"name": "kv_session", "value": person.token, "url": anywhere.origin}
        page.context.add_cookies([cookie])  # type: ignore[list-item]
        page.goto(f"{anywhere.origin}/")
        listens(page)
        news = page.locator("#live [data-part=news]")
        expect(news).to_be_hidden()
        stranger = Client(anywhere, username).sign_in()
        capture(stranger.ticket(VERIFY), [])  # leaves before the camera saw anything
        expect(news).to_contain_text("Somebody tried to sign in", timeout=HEARD_WITHIN_MS)
        assert capture(stranger.ticket(VERIFY), frames[20:])["outcome"] == "match"
        expect(news).to_contain_text("Somebody signed in with your face", timeout=HEARD_WITHIN_MS)
        news.get_by_role("link").click()
        expect(page).to_have_url(f"{anywhere.origin}/profile/events")
