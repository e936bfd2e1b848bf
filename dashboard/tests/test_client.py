"""The client of accounts: what it sends, what it understands, and what it calls an outage."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dashboard.clients import accounts as accounts_client
from dashboard.clients.accounts import Accounts as Client
from dashboard.clients.accounts import AccountsUnavailable, Caller, Refusal
from dashboard.tests.conftest import (
    ACCOUNT,
    ASSERTION,
    CODES,
    FACE,
    FULL,
    REGISTERED,
    SESSION,
    TICKET,
    Accounts,
    opened,
    words,
)
from kubevision import contracts


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


# What is sent is the contract's example, less what is optional and asked of nobody here.
SIGN_IN = contracts.example("sign_in.request")
REGISTER = {k: v for k, v in contracts.example("register.request").items() if k != "email"}
PASSWORD = contracts.example("reauthenticate.request")
VERIFY = contracts.example("face_ticket.verify.request")
ENROL = {
    k: v for k, v in contracts.example("face_ticket.enrol.request").items() if k != "cohort_consent"
}
LENDING = ENROL | {"cohort_consent": True}
CODE = contracts.example("recovery_code.request")

CALLS: list[tuple[Callable[[Client], object], str, dict[str, str], dict[str, Any]]] = [
    (lambda c: c.sign_in(**SIGN_IN), "POST /sessions", SIGN_IN, opened(SESSION)),
    (lambda c: c.register(**REGISTER), "POST /users", REGISTER, REGISTERED),
    (lambda c: c.session(), "GET /session", {}, SESSION),
    (lambda c: c.sign_out(), "DELETE /session", {}, {}),
    (lambda c: c.confirm_password(**PASSWORD), "POST /session/reauthentication",
     PASSWORD, opened(SESSION)),
    (lambda c: c.face_ticket(**VERIFY), "POST /session/face-ticket", VERIFY, TICKET),
    (lambda c: c.face_ticket(**ENROL), "POST /session/face-ticket", ENROL, TICKET),
    (lambda c: c.face_ticket(**LENDING), "POST /session/face-ticket", LENDING, TICKET),
    (lambda c: c.show_face(**ASSERTION), "POST /session/factors/face", ASSERTION, opened(FULL)),
    (lambda c: c.show_recovery_code(**CODE), "POST /session/factors/recovery-code",
     CODE, opened(FULL)),
    (lambda c: c.account(), "GET /user", {}, ACCOUNT),
    (lambda c: c.activate_face(**ASSERTION), "PUT /user/factors/face", ASSERTION, FACE),
    (lambda c: c.renew_recovery_codes(), "POST /user/factors/recovery-codes", {}, CODES),
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
    accounts.says("POST /sessions", opened(SESSION))
    Client(Caller()).sign_in("ada", "pw")
    assert "Authorization" not in accounts.headers_of("POST /sessions")


def test_a_refusal_keeps_accounts_words(client: Client, accounts: Accounts) -> None:
    accounts.refuses("POST /users", "invalid_input", errors={"username": ["Too long."]})
    with pytest.raises(Refusal) as caught:
        client.register("a" * 65, "pw", "Ada")
    refusal = caught.value
    assert (refusal.status, refusal.code) == (400, "invalid_input")
    assert refusal.detail == words("invalid_input")
    assert refusal.errors == {"username": ["Too long."]}
    assert refusal.retry_after is None


def test_a_refusal_says_when_to_come_back(client: Client, accounts: Accounts) -> None:
    accounts.refuses("GET /session", "too_many_attempts")
    with pytest.raises(Refusal) as caught:
        client.session()
    assert caught.value.retry_after == 30


def test_facelogin_away_is_accounts_answer_and_no_outage(
    client: Client, accounts: Accounts
) -> None:
    accounts.refuses("PUT /user/factors/face", "facelogin_unavailable")
    with pytest.raises(Refusal, match="facelogin_unavailable"):
        client.activate_face(**ASSERTION)


@pytest.mark.parametrize("code", ["internal_error", "temporarily_unavailable"])
def test_a_failing_accounts_is_an_outage(client: Client, accounts: Accounts, code: str) -> None:
    accounts.refuses("GET /session", code)
    with pytest.raises(AccountsUnavailable):
        client.session()


@pytest.mark.parametrize("status", [502, 504])
def test_a_failing_gateway_is_an_outage(client: Client, accounts: Accounts, status: int) -> None:
    failure = contracts.example("problems/internal_error") | {"status": status}
    accounts.says("GET /session", failure, status)
    with pytest.raises(AccountsUnavailable):
        client.session()
    accounts.breaks_the_contract("GET /session")


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
