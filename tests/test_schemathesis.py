"""Every operation of both OpenAPI documents, called with what they allow and what they do not.

Schemathesis reads the documents from the running product, makes requests from them, good and bad,
and applies all its checks: no fault, only documented answers, bodies and headers as documented, bad
requests refused, good ones not, no secured operation without its credentials.
"""

import itertools
import secrets
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from kubevision import contracts, keys, tokens
from tests.product import Product

PASSWORD = "a sentence nobody guesses"
EXAMPLES = 25  # of each operation and each kind of request
# The product's own limits must not be what is tested: each request comes from an address of its
# own, told by who may tell it on a laptop.
_addresses = (f"10.{a}.{b}.{c}" for a, b, c in itertools.product(range(256), repeat=3))
COURSE = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def _headers() -> dict[str, str]:
    return {"X-Forwarded-For": next(_addresses)}


class Person:
    """Somebody signed in by password; somebody new once the password was changed away."""

    def __init__(self, origin: str) -> None:
        self.client = httpx.Client(base_url=f"{origin}/auth/v1", trust_env=False, timeout=60)
        self.token = ""

    def session_token(self) -> str:
        """Return a token that opens the person's account now."""
        headers = {"Authorization": f"Bearer {self.token}"} | _headers()
        if not self.token or self.client.get("/user", headers=headers).status_code != 200:
            who = {"username": f"s{secrets.token_hex(8)}", "password": PASSWORD}
            assert self.client.post("/users", json=who, headers=_headers()).status_code == 201
            opened = self.client.post("/sessions", json=who, headers=_headers())
            self.token = opened.json()["token"]
        return self.token


# Rules that no schema can say: names are judged after Unicode's normalisation, passwords by a list
# of common ones, addresses by more than a pattern. These calls may find a request that follows the
# schema invalid, with a sentence; no other may.
JUDGED_FURTHER = ["register", "accept_invitation", "change_profile", "change_password"]
ALSO_400 = ["2xx", "400", "401", "403", "404", "409", "429"]
CONFIG = schemathesis.Config.from_dict(
    {
        "operations": [
            {
                "include-operation-id": JUDGED_FURTHER,
                "checks": {"positive_data_acceptance": {"expected-statuses": ALSO_400}},
            },
            {
                # An old cursor is one of ours; which ones are, no pattern tells.
                "include-operation-id": "list_events",
                "checks": {"positive_data_acceptance": {"expected-statuses": ALSO_400}},
            },
        ]
    }
)
accounts = schemathesis.openapi.from_dict(contracts.openapi("accounts"), config=CONFIG)
people: dict[str, Person] = {}
NOBODY_YET = "nobody-yet"


@accounts.auth(refresh_interval=None)  # type: ignore[untyped-decorator]
class Bearer:
    """Gives secured calls the token of somebody signed in; Schemathesis leaves it out at times."""

    def get(self, _case: Any, _context: Any) -> str:
        # The document's own examples are made before any product runs.
        return people["somebody"].session_token() if people else NOBODY_YET

    def set(self, case: Any, data: str, _context: Any) -> None:
        case.headers = dict(case.headers or {}) | {"Authorization": f"Bearer {data}"}


@pytest.fixture(scope="module", autouse=True)
def somebody(product: Product) -> Iterator[None]:
    people["somebody"] = Person(product.origin)
    yield
    people.pop("somebody").client.close()


@accounts.parametrize()
@COURSE
def test_accounts(case: Any, product: Product) -> None:
    case.headers = dict(case.headers or {}) | _headers()
    if case.headers.get("Authorization") == f"Bearer {NOBODY_YET}":
        case.headers["Authorization"] = f"Bearer {people['somebody'].session_token()}"
    case.call_and_validate(base_url=product.origin, timeout=60)


# What accounts would have signed for each of facelogin's calls.
PURPOSES: dict[str, dict[str, str]] = {
    "reference_status": {"purpose": "status"},
    "activate_reference": {"purpose": "activate", "nonce": "x" * 22},
    "erase_reference": {"purpose": "erase"},
    "remove_extension": {"purpose": "erase"},
    "end_session_captures": {"purpose": "revoke", "sid": "0" * 64},
}
facelogin = schemathesis.openapi.from_dict(contracts.openapi("facelogin"))
signers: dict[str, tokens.Signer] = {}


def _ticket(operation_id: str) -> str:
    claims = PURPOSES.get(operation_id, {"purpose": "status"}) | {"sub": str(uuid.uuid4())}
    return signers["accounts"].sign(
        claims, typ="kv-ticket+jwt", audience="facelogin", life_seconds=120
    )


@pytest.fixture(scope="module", autouse=True)
def signer(product: Product) -> None:
    read = keys.read_signing_keys(product.folder / "keys/accounts-signing.pem")
    signers["accounts"] = tokens.Signer("accounts", read)


@facelogin.auth(refresh_interval=None)  # type: ignore[untyped-decorator]
class TicketForOneCall:
    """Gives facelogin's calls a fresh ticket each, for what the call does."""

    def get(self, case: Any, _context: Any) -> str:
        return _ticket(case.operation.definition.raw["operationId"]) if signers else NOBODY_YET

    def set(self, case: Any, data: str, _context: Any) -> None:
        case.headers = dict(case.headers or {}) | {"Authorization": f"Bearer {data}"}


@facelogin.parametrize()
@COURSE
def test_facelogin(case: Any, product: Product) -> None:
    case.headers = dict(case.headers or {}) | _headers()
    if case.headers.get("Authorization") == f"Bearer {NOBODY_YET}":
        ticket = _ticket(case.operation.definition.raw["operationId"])
        case.headers["Authorization"] = f"Bearer {ticket}"
    case.call_and_validate(base_url=product.origin, timeout=60)
