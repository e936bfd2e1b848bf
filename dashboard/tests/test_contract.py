"""The client of accounts against the whole contract: every answer, every refusal, read right."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from dashboard.clients.accounts import Accounts as Client
from dashboard.clients.accounts import AccountsUnavailable, Caller, Refusal
from dashboard.clients.answers import (
    Account,
    Event,
    EventPage,
    Extension,
    Face,
    LiveSession,
    Person,
    Session,
    Totp,
    TotpSecret,
)
from dashboard.tests.conftest import ASSERTION, CURRENT, Accounts
from kubevision import contracts

# Operations of other rooms' or of nobody's pages; the sessions are read with the account.
NOT_OURS = {"take_report", "read_contract", "publish_keys", "list_sessions"}
# Failures of accounts itself; its word that facelogin is away is an answer.
OUTAGES = {"internal_error", "temporarily_unavailable"}
# Codes the contract has for other doors than accounts'.
FOREIGN = {"forbidden", "report_refused", "ticket_refused"}
RETRY_SECONDS = 30  # what the fake says

LIGHT = contracts.example("face_activated.extended")["extensions"][0]["id"]
# What stands for {id} in a path.
IDS = {"remove_extension": LIGHT, "end_one_session": CURRENT["id"]}
ASK: dict[str, Callable[[Client], object]] = {
    "register": lambda c: c.register("ada", "correct horse battery staple", "Ada Lovelace"),
    "accept_invitation": lambda c: c.accept_invitation(
        **contracts.example("accept_invitation.request")
    ),
    "sign_in": lambda c: c.sign_in(**contracts.example("sign_in.request")),
    "read_session": lambda c: c.session(),
    "end_session": lambda c: c.sign_out(),
    "reauthenticate": lambda c: c.confirm_password("correct horse battery staple"),
    "issue_face_ticket": lambda c: c.face_ticket("enrol", "2026-11.2"),
    "show_face": lambda c: c.show_face(**ASSERTION),
    "show_totp": lambda c: c.show_totp("492039"),
    "show_recovery_code": lambda c: c.show_recovery_code("K7QM-2XWP-9TRD-4HVC"),
    "read_user": lambda c: c.account("sessions", "events"),
    "change_profile": lambda c: c.change_profile("Ada King", "ada@example.org"),
    "change_password": lambda c: c.change_password("three brass lamps in the hall"),
    "end_one_session": lambda c: c.end_session(CURRENT["id"]),
    "end_other_sessions": lambda c: c.end_other_sessions(),
    "list_events": lambda c: c.events("MjAyNi0xMS0yMlQxNjozMDowMCswMDowMA"),
    "activate_face": lambda c: c.activate_face(**ASSERTION),
    "remove_face": lambda c: c.remove_face(),
    "remove_extension": lambda c: c.remove_extension(LIGHT),
    "begin_totp": lambda c: c.begin_totp(),
    "confirm_totp": lambda c: c.confirm_totp("492039"),
    "remove_totp": lambda c: c.remove_totp(),
    "renew_recovery_codes": lambda c: c.renew_recovery_codes(),
}
OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    operation["operationId"]: (
        f"{method.upper()} {path.removeprefix('/auth/v1')}".replace(
            "{id}", IDS.get(operation["operationId"], "")
        ),
        operation,
    )
    for path, methods in contracts.openapi("accounts")["paths"].items()
    for method, operation in methods.items()
}


def answers(operation_id: str) -> list[tuple[str, str, Any]]:
    """Every example of an answer to a call: status, name, body."""
    shared = contracts.openapi("accounts")["components"]["responses"]
    found = []
    for status, answer in OPERATIONS[operation_id][1]["responses"].items():
        response = shared[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
        for media in response.get("content", {}).values():
            found += [(status, name, e["value"]) for name, e in media.get("examples", {}).items()]
    return found


WITHOUT_BODY = {
    "change_password",
    "end_one_session",
    "end_other_sessions",
    "end_session",
    "remove_extension",
    "remove_face",
    "remove_totp",
}
SUCCESSES = [
    pytest.param(operation_id, body, id=f"{operation_id}-{name}")
    for operation_id in ASK
    for status, name, body in answers(operation_id)
    if status.startswith("2") and (operation_id, name) != ("read_user", "plain")
]
REFUSALS = [
    (operation_id, body["code"])
    for operation_id in ASK
    for status, _, body in answers(operation_id)
    if not status.startswith("2")
]
# Codes that the document names at no call may come to any.
ANYWHERE = sorted(
    set(contracts.read_json("errors.json")["problems"]) - {code for _, code in REFUSALS}
)


def person(body: dict[str, Any]) -> Person:
    return Person(body["id"], body["username"], body["display_name"])


def session(body: dict[str, Any]) -> Session:
    return Session(
        state=body["state"],
        user=person(body["user"]),
        methods=body["amr"],
        available_factors=body["available_factors"],
        authenticated_at=datetime.fromisoformat(body["authenticated_at"]),
        token=body.get("token"),
        pass_token=body.get("pass_token"),
        device_token=body.get("device_token"),
    )


def live_session(body: dict[str, Any]) -> LiveSession:
    names = ("created_at", "seen_at", "expires_at")
    return LiveSession(
        id=body["id"],
        device=body["device"],
        address=body["address"],
        methods=body["amr"],
        is_current=body["current"],
        **{name: datetime.fromisoformat(body[name]) for name in names},
    )


def event(body: dict[str, Any]) -> Event:
    return Event(
        at=datetime.fromisoformat(body["at"]),
        kind=body["kind"],
        by_administrator=body["by_administrator"],
        address=body["address"],
        details=body["details"],
    )


def event_page(body: dict[str, Any]) -> EventPage:
    return EventPage([event(item) for item in body["events"]], body["next_cursor"])


def extension(body: dict[str, str]) -> Extension:
    added_at, expires_at = (datetime.fromisoformat(body[n]) for n in ("added_at", "expires_at"))
    return Extension(body["id"], added_at, expires_at)


def account(body: dict[str, Any]) -> Account:
    face, totp = body["factors"]["face"], body["factors"]["totp"]
    times = {name: datetime.fromisoformat(face[name]) for name in FACE_TIMES} if face else {}
    return Account(
        user=person(body),
        email=body["email"],
        face=Face(
            engine=face["engine"],
            cohort_consent=face["cohort_consent"],
            extensions=tuple(map(extension, face["extensions"])),
            **times,
        )
        if face
        else None,
        totp=Totp(datetime.fromisoformat(totp["enrolled_at"])) if totp else None,
        remaining_recovery_codes=body["factors"]["recovery_codes"]["remaining"],
        sessions=tuple(map(live_session, body.get("sessions", []))),
        events=tuple(map(event, body.get("events", []))),
    )


FACE_TIMES = ("enrolled_at", "expires_at")
# What the client makes of a body.
READ: dict[str, Callable[[Any], object]] = {
    "register": lambda _body: None,
    "accept_invitation": lambda body: body["username"],
    "sign_in": session,
    "read_session": session,
    "reauthenticate": session,
    "issue_face_ticket": lambda body: body,
    "show_face": session,
    "show_totp": session,
    "show_recovery_code": session,
    "read_user": account,
    "change_profile": lambda _body: None,
    "list_events": event_page,
    "activate_face": lambda body: body.get("recovery_codes", []),
    "begin_totp": lambda body: TotpSecret(body["secret"], body["otpauth_uri"]),
    "confirm_totp": lambda body: body.get("recovery_codes", []),
    "renew_recovery_codes": lambda body: body["codes"],
}


@pytest.fixture
def client(accounts: Accounts) -> Client:
    return Client(Caller("secret"))


def with_more(value: Any) -> Any:
    """A body of a later accounts: every object in it has one member more."""
    if isinstance(value, list):
        return [with_more(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: with_more(part) for name, part in value.items()} | {"added_later": {"x": [1]}}


def test_the_client_knows_every_call_that_is_for_pages() -> None:
    assert set(ASK) == set(OPERATIONS) - NOT_OURS
    assert {parameter.values[0] for parameter in SUCCESSES} == set(READ)
    assert set(READ) == set(ASK) - WITHOUT_BODY
    assert {"bad_request", "internal_error"} | FOREIGN <= set(ANYWHERE)


@pytest.mark.parametrize(("operation_id", "body"), SUCCESSES)
def test_every_answer_is_read(
    client: Client, accounts: Accounts, operation_id: str, body: Any
) -> None:
    accounts.says(OPERATIONS[operation_id][0], body)
    assert ASK[operation_id](client) == READ[operation_id](body)


@pytest.mark.parametrize(("operation_id", "body"), SUCCESSES)
def test_what_an_answer_says_besides_is_ignored(
    client: Client, accounts: Accounts, operation_id: str, body: Any
) -> None:
    call = OPERATIONS[operation_id][0]
    accounts.says(call, with_more(body))
    assert ASK[operation_id](client) == READ[operation_id](body)
    accounts.breaks_the_contract(call)  # the contract of today


@pytest.mark.parametrize(
    ("name", "is_active", "has_second_factor"),
    [
        ("opened_session.password_only", True, False),
        ("opened_session.waiting", False, True),
        ("opened_session.active", True, True),
        ("opened_session.recovered", True, True),
    ],
)
def test_what_a_session_means(
    client: Client, accounts: Accounts, name: str, is_active: bool, has_second_factor: bool
) -> None:
    accounts.says("POST /sessions", contracts.example(name))
    opened = client.sign_in("ada", "correct horse battery staple")
    assert (opened.is_active, opened.has_second_factor) == (is_active, has_second_factor)
    assert opened.token == contracts.example(name)["token"]


def test_a_session_keeps_its_second_factor_when_no_more_can_be_shown(
    client: Client, accounts: Accounts
) -> None:
    accounts.says("GET /session", contracts.example("session.active") | {"available_factors": []})
    assert client.session().has_second_factor


def test_an_account_without_the_factors_asked_for_is_no_answer(
    client: Client, accounts: Accounts
) -> None:
    accounts.says("GET /user", contracts.example("user"))
    with pytest.raises(AccountsUnavailable):
        client.account()


@pytest.mark.parametrize(
    ("operation_id", "code"), [*REFUSALS, *(("read_session", code) for code in ANYWHERE)]
)
@pytest.mark.parametrize("says_more", [False, True])
def test_every_refusal_is_kept(
    client: Client, accounts: Accounts, operation_id: str, code: str, says_more: bool
) -> None:
    call = OPERATIONS[operation_id][0]
    problem = contracts.example(f"problems/{code}")
    accounts.refuses(call, code, **({"added_later": {"x": [1]}} if says_more else {}))
    with pytest.raises((Refusal, AccountsUnavailable)) as caught:
        ASK[operation_id](client)
    if code in OUTAGES:
        assert caught.type is AccountsUnavailable
    else:
        refusal = caught.value
        assert isinstance(refusal, Refusal)
        assert (refusal.status, refusal.code) == (problem["status"], code)
        assert refusal.detail == problem["detail"]
        assert refusal.errors == problem.get("errors", {})
        waits = RETRY_SECONDS if problem["status"] in {429, 503} else None
        assert refusal.retry_after == waits
    if says_more or code in FOREIGN:
        accounts.breaks_the_contract(call)
