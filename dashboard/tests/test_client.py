"""The client of accounts: what it sends, what it understands, and what it calls an outage."""

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from dashboard.clients import accounts as accounts_client
from dashboard.clients.accounts import Accounts as Client
from dashboard.clients.accounts import AccountsUnavailable, Caller, Refusal
from dashboard.tests.conftest import ACCOUNT, FULL, SESSION, TICKET, Accounts

FACE = ACCOUNT["factors"]["face"]  # type: ignore[index]


@pytest.fixture
def client(accounts: Accounts) -> Client:
    return Client(Caller("secret", {"X-Forwarded-For": "203.0.113.9"}))


@pytest.fixture
def deaf_accounts(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """An accounts that takes the connection and never says a word."""
    accounts_client._connections.cache_clear()
    monkeypatch.setattr(accounts_client, "ANSWER_TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.ACCOUNTS_URL = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield Client(Caller())
        accounts_client._connections().close()
        accounts_client._connections.cache_clear()


@pytest.fixture
def raw_accounts(settings: Any) -> Iterator[Callable[[bytes], Client]]:
    """An accounts whose bytes on the wire the test chooses; each answer closes the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    settings.ACCOUNTS_URL = f"http://127.0.0.1:{listener.getsockname()[1]}"
    answer = b""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    def says(data: bytes) -> Client:
        nonlocal answer
        answer = data
        return Client(Caller())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield says
    accounts_client._connections().close()
    accounts_client._connections.cache_clear()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


CALLS: list[tuple[Callable[[Client], object], str, dict[str, str], dict[str, Any]]] = [
    (lambda c: c.sign_in("ada", "pw"), "POST /sessions",
     {"username": "ada", "password": "pw"}, SESSION),
    (lambda c: c.register("ada", "pw", "Ada"), "POST /users",
     {"username": "ada", "password": "pw", "display_name": "Ada"}, {"id": "6f9d"}),
    (lambda c: c.session(), "GET /session", {}, SESSION),
    (lambda c: c.sign_out(), "DELETE /session", {}, {}),
    (lambda c: c.confirm_password("pw"), "POST /session/reauthentication",
     {"password": "pw"}, SESSION),
    (lambda c: c.face_ticket("verify"), "POST /session/face-ticket",
     {"purpose": "verify"}, TICKET),
    (lambda c: c.face_ticket("enrol", "2026-11"), "POST /session/face-ticket",
     {"purpose": "enrol", "consent_version": "2026-11"}, TICKET),
    (lambda c: c.show_face("a.b.c"), "POST /session/factors/face", {"assertion": "a.b.c"}, FULL),
    (lambda c: c.show_recovery_code("X"), "POST /session/factors/recovery-code",
     {"code": "X"}, FULL),
    (lambda c: c.account(), "GET /user", {}, ACCOUNT),
    (lambda c: c.activate_face("a.b.c"), "PUT /user/factors/face", {"assertion": "a.b.c"}, FACE),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[1])
def test_each_call_is_the_contracts(
    client: Client,
    accounts: Accounts,
    call: tuple[Callable[[Client], object], str, dict[str, str], dict[str, Any]],
) -> None:
    ask, request_line, sent, answer = call
    accounts.says(request_line, answer)
    ask(client)
    assert [name for name, _, _ in accounts.calls] == [request_line]
    assert accounts.body_of(request_line) == sent
    headers = accounts.headers_of(request_line)
    assert headers["Authorization"] == "Bearer secret"
    assert headers["X-Forwarded-For"] == "203.0.113.9"


def test_no_token_no_authorization(accounts: Accounts) -> None:
    accounts.says("POST /sessions", SESSION)
    Client(Caller()).sign_in("ada", "pw")
    assert "Authorization" not in accounts.headers_of("POST /sessions")


def test_unknown_fields_are_ignored(client: Client, accounts: Accounts) -> None:
    accounts.says("GET /session", FULL | {"risk": "low", "user": SESSION["user"] | {"x": 1}})  # type: ignore[operator]
    session = client.session()
    assert session.is_active and session.has_second_factor
    assert session.user.display_name == "Ada"
    assert session.authenticated_at == datetime(2099, 1, 1, tzinfo=UTC)
    assert (session.token, session.pass_token) == (None, None)


def test_an_account_without_a_face(client: Client, accounts: Accounts) -> None:
    factors = {"face": None, "totp": None, "recovery_codes": {"remaining": 0}}
    accounts.says("GET /user", ACCOUNT | {"factors": factors})
    account = client.account()
    assert (account.face, account.remaining_recovery_codes) == (None, 0)


def test_a_refusal_keeps_accounts_words(client: Client, accounts: Accounts) -> None:
    accounts.refuses("GET /session", 400, "invalid_input", errors={"username": ["Too long."]})
    with pytest.raises(Refusal) as caught:
        client.session()
    refusal = caught.value
    assert (refusal.status, refusal.code) == (400, "invalid_input")
    assert refusal.detail == "In words: invalid_input."
    assert refusal.errors == {"username": ["Too long."]}
    assert refusal.retry_after is None


def test_a_refusal_says_when_to_come_back(client: Client, accounts: Accounts) -> None:
    accounts.refuses("GET /session", 429, "too_many_attempts")
    with pytest.raises(Refusal) as caught:
        client.session()
    assert caught.value.retry_after == 30


def test_facelogin_away_is_accounts_answer_and_no_outage(
    client: Client, accounts: Accounts
) -> None:
    accounts.refuses("PUT /user/factors/face", 503, "facelogin_unavailable")
    with pytest.raises(Refusal, match="facelogin_unavailable"):
        client.activate_face("a.b.c")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_accounts_is_an_outage(client: Client, accounts: Accounts, status: int) -> None:
    accounts.refuses("GET /session", status, "internal_error")
    with pytest.raises(AccountsUnavailable):
        client.session()


def test_a_silent_accounts_is_an_outage(deaf_accounts: Client) -> None:
    with pytest.raises(AccountsUnavailable):
        deaf_accounts.session()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="closed without an answer"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="not HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{}", id="cut off"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", id="a page, no JSON"),
        pytest.param(
            b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>", id="a proxy's page"
        ),
    ],
)
def test_what_is_no_answer_is_an_outage(
    raw_accounts: Callable[[bytes], Client], answer: bytes
) -> None:
    with pytest.raises(AccountsUnavailable):
        raw_accounts(answer).session()


def test_a_proxy_of_the_environment_is_not_used(
    client: Client, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    accounts_client._connections.cache_clear()
    accounts.says("GET /session", SESSION)
    assert client.session().is_active
