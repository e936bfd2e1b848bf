"""Pages for what goes wrong: what happened, what to do next, and nothing typed is lost."""

import re
from typing import Any

import pytest
from django.test import Client

from dashboard.tests.conftest import (
    ASSERTION,
    CODES,
    FULL,
    REGISTERED,
    SESSION,
    WAITING,
    Accounts,
    opened,
    words,
)
from dashboard.tests.test_doors import has_no_inline_code
from dashboard.views import home
from dashboard.waiting import in_words
from kubevision import contracts
from kubevision.request_context import RequestIdFilter
from kubevision.tests import headers

PASSWORD = "a sentence nobody guesses"
JSON = {"Accept": "application/json"}


@pytest.fixture
def strict() -> Client:
    """A browser whose forms are checked against forgery."""
    return Client(enforce_csrf_checks=True)


def heading(page: Any) -> str:
    """Return the one heading of a page that is whole: it has a title and no inline code."""
    text = page.content.decode()
    (found,) = re.findall(r"<h1[^>]*>([^<]+)</h1>", text)
    assert re.search(r"<title>[^<]{4,} · KubeVision</title>", text)
    assert has_no_inline_code(text) and "Traceback" not in text
    headers.assert_safe(page)
    return str(found)


def assert_has_reference(page: Any) -> None:
    assert f'id="reference">{page.headers["X-Request-ID"]}<' in page.content.decode()


def test_an_unknown_page(nobody: Client) -> None:
    page = nobody.get("/nothing")
    assert page.status_code == 404 and heading(page) == "There is no page here"
    assert b'href="/"' in page.content
    assert_has_reference(page)


@pytest.mark.parametrize("path", ["/logout", "/profile/recovery-codes", "/train/ticket"])
def test_a_button_opened_like_a_page(ada: Client, path: str) -> None:
    page = ada.get(path)
    assert page.status_code == 405 and "POST" in page.headers["Allow"]
    assert heading(page) == "This page cannot be opened like this"
    assert_has_reference(page)


def test_a_form_too_large(nobody: Client, strict: Client, accounts: Accounts) -> None:
    for browser in (nobody, strict):
        page = browser.post("/login", {"username": "ada", "password": "x" * 70_000})
        assert page.status_code == 413 and heading(page) == "This form was too large"
        assert_has_reference(page)
    assert accounts.calls == []


def test_a_form_of_a_thousand_fields(nobody: Client) -> None:
    page = nobody.post("/login", {f"f{number}": "1" for number in range(1_200)})
    assert page.status_code == 400 and heading(page) == "This request could not be read"


def test_a_fault_of_ours_is_said_once_here_and_once_in_the_log(
    nobody: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError("a sentence of the fault itself")

    monkeypatch.setattr(home, "has_token", broken)
    nobody.raise_request_exception = False
    page = nobody.get("/?a=b")
    assert page.status_code == 500 and heading(page) == "Something broke on our side"
    assert_has_reference(page)
    assert b"fault itself" not in page.content
    assert b'href="/?a=b"' in page.content  # the way to try again
    assert all(RequestIdFilter().filter(record) for record in caplog.records)
    about = [r for r in caplog.records if r.request_id == page.headers["X-Request-ID"]]  # type: ignore[attr-defined]
    assert [line.levelname for line in about] == ["ERROR"]


def test_a_fault_while_accounts_is_away_has_its_page(
    ada: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ACCOUNTS_URL = "http://127.0.0.1:9"
    monkeypatch.setattr(home, "accounts_for", lambda _request: 1 / 0)
    ada.raise_request_exception = False
    assert heading(ada.get("/")) == "Something broke on our side"


@pytest.mark.parametrize(
    ("path", "typed"),
    [("/login", {"username": "ada"}), ("/register", {"username": "ada", "display_name": "Ada L"})],
)
@pytest.mark.parametrize("has_cookie", [True, False])
def test_a_stale_form_keeps_what_was_typed(
    strict: Client, accounts: Accounts, path: str, typed: dict[str, str], has_cookie: bool
) -> None:
    if has_cookie:
        strict.get(path)
    sent = typed | {"password": PASSWORD, "next": "/profile", "csrfmiddlewaretoken": "x" * 64}
    page = strict.post(path, sent)
    text = page.content.decode()
    assert page.status_code == 403 and heading(page)
    assert ("out of date" if has_cookie else "sent no cookie") in text and 'role="alert"' in text
    assert all(f'value="{value}"' in text for value in typed.values())
    assert PASSWORD not in text and "is-invalid" not in text
    assert path != "/login" or 'name="next" value="/profile"' in text
    # Only the password is missing, so that is where the cursor stands; and it works now.
    assert re.findall(r'name="(\w+)"[^>]* autofocus', text) == ["password"]
    token = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', text)[-1]
    accounts.says("POST /users", REGISTERED)
    accounts.says("POST /sessions", opened(SESSION))
    assert strict.post(path, sent | {"csrfmiddlewaretoken": token}).status_code == 302


def test_a_strangers_form_is_not_repeated(strict: Client, accounts: Accounts) -> None:
    sent = {"username": "mallory", "password": PASSWORD}
    page = strict.post("/login", sent, headers={"Origin": "https://evil.example"})
    assert page.status_code == 403
    assert heading(page) == "This form did not come from our pages"
    assert b"mallory" not in page.content and b"evil" not in page.content
    assert accounts.calls == []


@pytest.mark.parametrize("path", ["/confirm", "/login/other", "/train", "/facelogin", "/logout"])
def test_other_stale_forms_lead_back(strict: Client, accounts: Accounts, path: str) -> None:
    strict.get("/login")
    strict.cookies["kv_session"] = "token"
    page = strict.post(path, {"next": "/profile", "code": "AAAA"})
    assert page.status_code == 403 and heading(page) == "This page was out of date"
    way_back = f"{path}?next=%2Fprofile" if path != "/logout" else "/"
    assert f'href="{way_back}"' in page.content.decode()
    assert accounts.calls == [] and b"AAAA" not in page.content


def test_the_cameras_script_is_answered_in_its_own_language(
    strict: Client, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = strict.post("/facelogin/ticket", headers=JSON)
    assert stale.status_code == 403
    assert "Allow cookies" in headers.assert_problem(stale)["detail"]
    wrong = ada.get("/facelogin/ticket", headers=JSON)
    assert wrong.status_code == 405 and headers.assert_problem(wrong)
    monkeypatch.setattr("dashboard.views.face.accounts_for", lambda _request: 1 / 0)
    ada.raise_request_exception = False
    broken = ada.post("/facelogin/ticket", headers=JSON)
    assert broken.status_code == 500 and headers.assert_problem(broken)


@pytest.mark.parametrize(
    ("path", "data", "call"),
    [
        ("/login", {"username": "ada", "password": PASSWORD}, "POST /sessions"),
        ("/register", {"username": "ada", "password": PASSWORD}, "POST /users"),
        ("/confirm", {"password": PASSWORD}, "POST /session/reauthentication"),
        ("/login/other", {"code": "AAAA"}, "POST /session/factors/recovery-code"),
        ("/facelogin", ASSERTION, "POST /session/factors/face"),
        ("/train", ASSERTION, "PUT /user/factors/face"),
    ],
)
def test_too_many_tries_say_how_long(
    ada: Client, accounts: Accounts, path: str, data: dict[str, str], call: str
) -> None:
    accounts.says("GET /session", FULL | {"state": SESSION["state"]})
    if path in {"/facelogin", "/login/other"}:
        accounts.says("GET /session", WAITING)
    accounts.refuses(call, "too_many_attempts")
    page = ada.post(path, data)
    assert page.status_code == 429 and page.headers["Retry-After"] == "30"
    assert b"You can try again in 30 seconds." in page.content and heading(page)
    assert "username" not in data or b'value="ada"' in page.content


def test_a_page_refused_for_a_while_says_how_long(ada: Client, accounts: Accounts) -> None:
    accounts.refuses("GET /user", "too_many_attempts")
    page = ada.get("/profile")
    assert page.status_code == 429 and heading(page) == "Too many tries"
    assert b"You can try again in 30 seconds." in page.content
    assert b'href="/profile"' in page.content
    assert_has_reference(page)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 second"), (1, "1 second"), (2, "2 seconds"), (90, "90 seconds"),
        (91, "2 minutes"), (120, "2 minutes"), (121, "3 minutes"), (900, "15 minutes"),
        (5400, "90 minutes"), (5401, "2 hours"), (86_400, "24 hours"),
    ],
)  # fmt: skip
def test_waiting_in_words(seconds: int, words: str) -> None:
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("path", "code", "answered"),
    [
        ("/register", "invalid_input", 400),
        ("/register", "registration_closed", 403),
        ("/register", "username_taken", 400),
        ("/register", "too_many_attempts", 429),
        ("/login", "invalid_input", 400),
        ("/login", "invalid_credentials", 400),
        ("/login", "too_many_attempts", 429),
    ],
)
def test_a_refused_form_has_an_honest_status(
    nobody: Client, accounts: Accounts, path: str, code: str, answered: int
) -> None:
    errors = {"errors": {"username": ["No such letter."]}} if code == "invalid_input" else {}
    accounts.refuses("POST /users" if path == "/register" else "POST /sessions", code, **errors)
    page = nobody.post(path, {"username": "ada", "password": PASSWORD})
    assert page.status_code == answered
    assert "WWW-Authenticate" not in page.headers
    # At the field, where one is named.
    assert ("No such letter." if errors else words(code)).encode() in page.content


def test_accounts_going_away_after_registering_leads_to_the_login(
    nobody: Client, accounts: Accounts
) -> None:
    """Registering again would say that the name is taken: the account is made."""
    accounts.says("POST /users", REGISTERED)
    accounts.says("POST /sessions", {}, 502)
    response = nobody.post("/register", {"username": "ada", "password": PASSWORD})
    accounts.breaks_the_contract("POST /sessions")
    assert response.headers["Location"] == "/login?next=%2Ftrain"


@pytest.mark.parametrize("password", ["nul\x00 and more", "  spaces at both ends  ", "🔑" * 128])
def test_passwords_go_on_verbatim(nobody: Client, accounts: Accounts, password: str) -> None:
    accounts.says("POST /users", REGISTERED)
    accounts.says("POST /sessions", opened(SESSION))
    form = {"username": "ada", "password": password}
    assert nobody.post("/register", form).status_code == 302
    assert accounts.body_of("POST /users")["password"] == password
    assert nobody.post("/login", form).status_code == 302
    assert accounts.body_of("POST /sessions")["password"] == password


def test_no_browser_cuts_a_password(nobody: Client) -> None:
    for path in ("/login", "/register"):
        text = nobody.get(path).content.decode()
        (field,) = re.findall(r'<input type="password"[^>]*>', text)
        assert "maxlength" not in field and 'autocomplete="' in field


def test_the_page_of_recovery_codes_knows_whose_they_are(ada: Client, accounts: Accounts) -> None:
    accounts.says("POST /user/factors/recovery-codes", CODES)
    accounts.says("PUT /user/factors/face", contracts.example("face_activated.first_time"))
    for page in (ada.post("/profile/recovery-codes"), ada.post("/train", ASSERTION)):
        text = page.content.decode()
        assert page.status_code == 200 and CODES["codes"][-1] in text
        assert 'id="person">Ada Lovelace<' in text and 'id="sign-out"' in text


def test_the_icon(nobody: Client) -> None:
    icon = nobody.get("/favicon.ico")
    assert icon.status_code == 200 and icon.content.startswith(b"\x00\x00\x01\x00")
    assert icon.headers["Content-Type"] == "image/x-icon"
    assert b'rel="icon"' in nobody.get("/").content


def test_no_page_wants_to_be_found(nobody: Client) -> None:
    assert b'<meta name="robots" content="noindex, nofollow">' in nobody.get("/").content
