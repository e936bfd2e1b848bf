"""The camera element in a real browser: what stop and start leave behind."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from dashboard.tests import chromium
from dashboard.tests.conftest import TICKET, Accounts
from kubevision import contracts
from kubevision.contracts.checking.sockets import FROM_CLIENT, check_message

# The test decides when the browser hands over the camera and when the ticket comes.
HELD = """
window.streams = []; window.held = [];
const holding = { camera: false, ticket: false };
const hold = (what, open) => async (...input) => {
    if (holding[what]) await new Promise((go) => window.held.push(go));
    return open(...input);
};
const media = navigator.mediaDevices;
const camera = media.getUserMedia.bind(media);
media.getUserMedia = hold("camera", async (wanted) => {
    const stream = await camera(wanted);
    window.streams.push(stream);
    return stream;
});
window.fetch = hold("ticket", window.fetch.bind(window));
window.holdCamera = () => { holding.camera = true; };
window.holdTickets = () => { holding.ticket = true; };
window.go = () => {
    holding.camera = holding.ticket = false;
    for (const go of window.held.splice(0)) go();
};
"""
LIVE = "streams.filter((s) => s.getTracks().some((t) => t.readyState === 'live')).length"
READY = contracts.example("messages/attempt.ready.enrol")


class Facelogin:
    """Counts tickets and sockets; answers `attempt.ready` and, unless told to, then nothing.

    What the page says to it is kept and held to the contract.
    """

    def __init__(self) -> None:
        self.tickets = 0
        self.says: list[dict[str, Any]] = [READY]
        self.form = ""
        self.url = "ws://localhost/face/v1/capture"
        self.lost = 0  # so many sockets end right after what they say
        self.started: list[str] = []
        self.heard: list[str] = []

    def ticket(self, route: Route) -> None:
        self.tickets += 1
        self.form = route.request.post_data or ""
        body = TICKET | {
            "ticket": ticket_number(self.tickets),
            "websocket_url": self.url,
        }
        route.fulfill(status=201, json=body)

    def socket(self, socket: WebSocketRoute) -> None:
        def hear(message: str | bytes) -> None:
            if isinstance(message, bytes):
                return
            self.heard.append(message)
            if "attempt.start" in message:
                self.started.append(json.loads(message)["ticket"])
                for said in self.says:
                    socket.send(json.dumps(said))
                if self.lost:
                    self.lost -= 1
                    socket.close()

        socket.on_message(hear)


def ticket_number(number: int) -> str:
    """The contract's ticket with a signature of its own."""
    return f"{TICKET['ticket']}{number}"


@contextmanager
def enrolling(response: Any, facelogin: Facelogin) -> Iterator[Page]:
    with chromium.opened(response, script=HELD) as page:
        page.route("**/train/ticket", facelogin.ticket)
        page.route_web_socket("**/face/v1/capture", facelogin.socket)
        page.reload()
        page.check("#consent")
        yield page


@pytest.fixture
def facelogin() -> Iterator[Facelogin]:
    fake = Facelogin()
    yield fake
    for message in fake.heard:
        check_message(message, FROM_CLIENT)


@pytest.fixture
def page(ada: Client, facelogin: Facelogin) -> Iterator[Page]:
    response = ada.get("/train")
    with enrolling(response, facelogin) as opened:
        yield opened


def wait_until(page: Page, expression: str) -> None:
    """Ask the page again and again: Playwright's own waiting needs eval, which is forbidden."""
    for _ in range(500):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"{expression} did not come true in 10 s")


def wait_for_held(page: Page, count: int) -> None:
    wait_until(page, f"held.length === {count}")


def wait_for_tickets(page: Page, facelogin: Facelogin, count: int) -> None:
    for _ in range(500):
        if facelogin.tickets == count:
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"{facelogin.tickets} tickets were asked for in 10 s, not {count}")


def state(page: Page) -> Any:
    return page.get_attribute("face-capture", "data-capture-state")


def test_frames_flow_after_ready(page: Page, facelogin: Facelogin) -> None:
    page.click("#start-camera")
    page.wait_for_selector("[data-capture-state=capturing]")
    assert facelogin.started == [ticket_number(1)]


def test_stopping_while_the_browser_asks_leaves_the_camera_off(page: Page) -> None:
    page.evaluate("holdCamera()")
    page.click("#start-camera")
    wait_for_held(page, 1)
    page.click("#cancel")
    page.evaluate("go()")
    wait_until(page, "streams.length === 1")
    wait_until(page, f"{LIVE} === 0")
    assert state(page) == "idle"


def test_starting_again_runs_one_attempt_on_the_newest_ticket(
    page: Page, facelogin: Facelogin
) -> None:
    page.evaluate("holdTickets()")
    page.click("#start-camera")
    wait_for_held(page, 1)
    page.click("#cancel")
    page.click("#start-camera")
    wait_for_held(page, 2)
    page.evaluate("go()")
    page.wait_for_selector("[data-capture-state=capturing]")
    # Accounts accepts an assertion only while its ticket is the session's newest.
    assert facelogin.started == [ticket_number(facelogin.tickets)]


def test_a_camera_that_goes_away_is_said(page: Page) -> None:
    page.click("#start-camera")
    page.wait_for_selector("[data-capture-state=capturing]")
    page.evaluate("streams[0].getTracks().forEach((t) => t.dispatchEvent(new Event('ended')))")
    expect(page.locator("#capture-message")).to_contain_text("No camera was found")
    assert state(page) == "stopped"
    assert page.evaluate(LIVE) == 0


def test_a_lost_capture_goes_on_with_a_fresh_ticket(page: Page, facelogin: Facelogin) -> None:
    facelogin.lost = 2
    page.click("#start-camera")
    page.wait_for_selector("[data-capture-state=waiting]")
    assert "Trying again; stay in front of the camera." in page.inner_text("#capture-message")
    assert page.evaluate(
        "document.querySelector('video').srcObject.active"
    )  # never asked for twice
    assert page.is_visible("#cancel") and not page.is_visible("[data-part=retry]")
    wait_until(page, "document.querySelector('face-capture').attempt.comebacks === 2")
    page.wait_for_selector("[data-capture-state=capturing]")
    assert facelogin.started == [ticket_number(number) for number in (1, 2, 3)]


def test_a_capture_that_is_lost_again_and_again_says_so(page: Page, facelogin: Facelogin) -> None:
    facelogin.says = [contracts.example("messages/error.server_full")]
    facelogin.lost = 100
    page.click("#start-camera")
    page.wait_for_selector("[data-capture-state=waiting]")
    assert "Many people are signing in" in page.inner_text("#capture-message")
    page.wait_for_selector("[data-capture-state=stopped]", timeout=60_000)
    assert facelogin.says[0]["detail"] in page.inner_text("#capture-message")
    assert facelogin.tickets == 3 and page.is_visible("[data-part=retry]")


def test_a_ticket_that_nobody_took_is_shown_again(page: Page, facelogin: Facelogin) -> None:
    """A try counts when its ticket is issued: a server that is away must not use up the day's."""
    facelogin.url = "ws://localhost/face/v1/nobody"  # nobody listens
    page.click("#start-camera")
    page.wait_for_selector("[data-capture-state=waiting]")
    assert "does not answer. Trying again" in page.inner_text("#capture-message")
    page.wait_for_selector("[data-capture-state=stopped]", timeout=60_000)
    assert facelogin.tickets == 1
    page.click("[data-part=retry]")
    page.wait_for_selector("[data-capture-state=waiting]")
    assert facelogin.tickets == 2  # a new go is a new try


def test_stopping_while_it_comes_back_stops_it(page: Page, facelogin: Facelogin) -> None:
    facelogin.lost = 2  # the second wait is long enough for a click on a busy machine
    page.click("#start-camera")
    wait_for_tickets(page, facelogin, 2)
    page.wait_for_selector("[data-capture-state=waiting]")
    page.click("#cancel")
    assert state(page) == "idle"
    page.wait_for_timeout(3000)  # longer than the second wait
    assert (state(page), facelogin.tickets) == ("idle", 2)


def test_the_consent_stands_before_the_camera(page: Page) -> None:
    page.reload()
    expect(page.locator("#consent")).not_to_be_checked()
    html = page.content()
    assert html.index("consent-text") < html.index('id="consent"') < html.index("start-camera")


def test_a_missing_consent_is_said_in_words(page: Page, facelogin: Facelogin) -> None:
    page.uncheck("#consent")
    expect(page.locator(".form-check .invalid-feedback")).to_be_hidden()
    page.click("#start-camera")
    expect(page.locator(".form-check .invalid-feedback")).to_be_visible()
    # The state changes before the browser is asked for the camera.
    assert state(page) == "idle"
    assert page.evaluate("streams.length") == facelogin.tickets == 0


@pytest.mark.parametrize("lends", [False, True])
def test_lending_is_asked_for_apart_and_never_ticked(
    page: Page, facelogin: Facelogin, lends: bool
) -> None:
    box = page.locator("#cohort-consent")
    expect(box).not_to_be_checked()
    if lends:
        box.check()
    page.click("#start-camera")
    page.wait_for_selector("[data-capture-state=capturing]")
    field = 'name="cohort_consent"\r\n\r\n'
    assert f"{field}{'yes' if lends else ''}\r\n" in facelogin.form


def test_whoever_was_signed_out_before_the_camera_comes_to_the_sign_in(
    ada: Client, accounts: Accounts, facelogin: Facelogin
) -> None:
    response = ada.get("/train")
    # The session is gone, so the next ticket is refused, and that answer leads there and back here.
    accounts.refuses("POST /session/face-ticket", "unauthenticated")
    refusal = ada.post("/train/ticket", {"consent": "2026-11.2"})
    facelogin.says.append(contracts.example("messages/error.session_ended"))
    with enrolling(response, facelogin) as page:
        page.click("#start-camera")
        message = page.locator("[data-part=message]")
        expect(message).to_have_text("You were signed out. Sign in again.")
        assert page.evaluate(LIVE) == 0
        page.route(
            "**/train/ticket",
            lambda route: route.fulfill(status=refusal.status_code, json=refusal.json()),
        )
        page.route("**/login?*", lambda route: route.fulfill(body="<!doctype html>"))
        page.click("#retry")
        page.wait_for_url("**/login?next=%2Ftrain")
