import uuid

import pytest
from django.test import Client

from facelogin import stores
from facelogin.models import Reference
from facelogin.tests.conftest import Accounts
from facelogin.tests.test_stores import a_reference

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/face/v1/reference"


def call(method: str, ticket: str) -> tuple[int, dict[str, object]]:
    response = Client().generic(method, PATH, headers={"Authorization": f"Bearer {ticket}"})
    return response.status_code, response.json() if response.content else {}


def test_activate_status_erase(accounts: Accounts, user_id: uuid.UUID) -> None:
    stores.store_pending(user_id, a_reference(), "enrolment", cohort_consent=True)
    assert call("GET", accounts.ticket("status", user_id))[0] == 404
    assert call("PUT", accounts.ticket("activate", user_id, nonce="enrolment")) == (204, {})
    status, body = call("GET", accounts.ticket("status", user_id))
    assert status == 200
    assert set(body) == {
        "enrolled_at",
        "engine",
        "samples",
        "expires_at",
        "cohort_consent",
        "extensions",
    }
    assert body["cohort_consent"] is True
    assert call("DELETE", accounts.ticket("erase", user_id)) == (204, {})
    assert call("DELETE", accounts.ticket("erase", user_id)) == (204, {})  # also with none left
    assert not Reference.objects.exists()


@pytest.mark.parametrize(
    ("method", "purpose"),
    [("GET", "erase"), ("PUT", "status"), ("DELETE", "activate"), ("DELETE", "verify")],
)
def test_a_ticket_is_good_for_its_purpose_only(
    accounts: Accounts, user_id: uuid.UUID, method: str, purpose: str
) -> None:
    status, body = call(method, accounts.ticket(purpose, user_id, nonce="x"))
    assert (status, body["code"]) == (401, "ticket_refused")


def test_a_ticket_is_good_once(accounts: Accounts, user_id: uuid.UUID) -> None:
    ticket = accounts.ticket("erase", user_id)
    assert call("DELETE", ticket)[0] == 204
    assert call("DELETE", ticket)[0] == 401


def test_nobody_activates_for_somebody_else(accounts: Accounts, user_id: uuid.UUID) -> None:
    stores.store_pending(user_id, a_reference(), "enrolment")
    other = accounts.ticket("activate", uuid.uuid4(), nonce="enrolment")
    assert call("PUT", other)[0] == 404


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x.y.z", "Basic YTpi"])
def test_without_a_ticket_nothing_opens(accounts: Accounts, header: str) -> None:
    response = Client().get(PATH, headers={"Authorization": header})
    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"


def test_accounts_out_of_reach_is_said(user_id: uuid.UUID, settings: object) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from kubevision import tokens

    settings.ACCOUNTS_URL = "http://127.0.0.1:9"  # type: ignore[attr-defined]
    stranger = Accounts(tokens.Signer("accounts", [Ed25519PrivateKey.generate()]))
    status, body = call("GET", stranger.ticket("status", user_id))
    assert (status, body["code"]) == (503, "temporarily_unavailable")


def test_other_methods(db: None) -> None:
    assert Client().post(PATH).status_code == 405


def test_keys_are_published(accounts: Accounts) -> None:
    keys = Client().get("/face/.well-known/jwks.json").json()["keys"]
    assert [(key["kty"], key["crv"], key["alg"]) for key in keys] == [("OKP", "Ed25519", "EdDSA")]
    assert not any("d" in key for key in keys)
