"""The pages for what goes wrong, seen by a real Chromium under the headers they are sent with."""

from collections.abc import Callable
from typing import Any, Literal

import pytest
from django.test import Client
from playwright.sync_api import expect

from dashboard.tests import chromium
from dashboard.tests.conftest import ASSERTION, WAITING, Accounts
from dashboard.views import home

ADA = {"username": "ada", "password": "a sentence nobody guesses"}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
TEXTS = "main h1, main p, main .alert, main .btn, main code, footer"
SIZES = [(1280, 800), (390, 844)]
# What stands beside the page's text in contrast: WCAG 2.2 asks for 4.5:1 in text of this size.
CONTRAST = """
(selector) => {
    const channels = (colour) => {
        const canvas = document.createElement("canvas").getContext("2d");
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (colour) => {
        const [r, g, b] = channels(colour).map((c) => c / 255)
            .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const background = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (!/, 0\\)$|transparent/.test(colour)) return colour;
        }
        return "white";
    };
    return [...document.querySelectorAll(selector)].map((element) => {
        const [a, b] = [getComputedStyle(element).color, background(element)].map(light);
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    });
}
"""


class Troubles:
    """Browsers in trouble: each method returns the page one of them is answered with."""

    def __init__(self, ada: Client, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ada, self.accounts, self.monkeypatch = ada, accounts, monkeypatch
        self.strict = Client(enforce_csrf_checks=True)

    def not_found(self) -> Any:
        return self.ada.get("/nothing")

    def method_not_allowed(self) -> Any:
        return self.ada.get("/logout")

    def bad_host(self) -> Any:
        return self.ada.get("/", headers={"Host": "evil.example"})

    def too_large(self) -> Any:
        return self.ada.post("/login", {"username": "x" * 70_000})

    def no_cookie(self) -> Any:
        return self.strict.post("/register", ADA)

    def stale(self) -> Any:
        self.strict.get("/login")
        return self.strict.post("/confirm", {"password": "x"})

    def foreign(self) -> Any:
        return self.strict.post("/login", ADA, headers={"Origin": "https://evil.example"})

    def forbidden(self) -> Any:
        self.accounts.refuses("GET /user", "forbidden")
        page = self.ada.get("/profile")
        self.accounts.breaks_the_contract("GET /user")
        return page

    def too_many_tries(self) -> Any:
        self.accounts.refuses("GET /user", "too_many_attempts")
        return self.ada.get("/profile")

    def too_many_passwords(self) -> Any:
        self.accounts.refuses("POST /sessions", "too_many_attempts")
        return self.ada.post("/login", ADA)

    def too_many_faces(self) -> Any:
        self.accounts.says("GET /session", WAITING)
        self.accounts.refuses("POST /session/factors/face", "too_many_attempts")
        return self.ada.post("/facelogin", ASSERTION)

    def refused_fields(self) -> Any:
        self.accounts.refuses("POST /users", "invalid_input", errors={"password": ["Too common."]})
        return self.ada.post("/register", ADA)

    def fault(self) -> Any:
        self.monkeypatch.setattr(home, "accounts_for", lambda _request: 1 / 0)
        self.ada.raise_request_exception = False
        return self.ada.get("/")

    def accounts_away(self) -> Any:
        self.accounts.says("GET /user", {}, 502)
        page = self.ada.get("/profile")
        self.accounts.breaks_the_contract("GET /user")
        return page

    def accounts_away_at_sign_in(self) -> Any:
        self.accounts.says("POST /sessions", {}, 502)
        page = self.ada.post("/login", ADA)
        self.accounts.breaks_the_contract("POST /sessions")
        return page


KINDS = [name for name in vars(Troubles) if not name.startswith("_")]


@pytest.fixture
def trouble(
    ada: Client, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Any]:
    troubles = Troubles(ada, accounts, monkeypatch)
    return lambda kind: getattr(troubles, kind)()


@pytest.mark.parametrize("kind", KINDS)
def test_it_helps_on_any_screen(trouble: Callable[[str], Any], kind: str) -> None:
    response = trouble(kind)
    assert response.status_code >= 400
    with chromium.opened(response) as page:
        for scheme in SCHEMES:
            # Without motion: half a second into a change of theme is no colour to measure.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            expect(page.locator("html")).to_have_attribute("data-bs-theme", scheme)
            for width, height in SIZES:
                page.set_viewport_size({"width": width, "height": height})
                expect(page.locator("h1")).to_be_in_viewport()
                # Nothing sticks out sideways.
                assert page.evaluate("document.documentElement.scrollWidth") <= width
            contrasts = page.evaluate(CONTRAST, TEXTS)
            assert contrasts and min(contrasts) >= 4.5
        page.locator("body").press("Tab")
        focused = page.evaluate("document.activeElement.tagName")
        assert focused in {"A", "BUTTON", "INPUT"}
