"""Lights added to a face: offered, captured, listed, taken away."""

import re
from typing import Any

import pytest
from django.test import Client

from dashboard.tests.conftest import (
    ACCOUNT,
    ASSERTION,
    FULL,
    NEWCOMER,
    TICKET,
    Accounts,
    account_in,
    opened,
    words,
)
from kubevision import contracts

RECOVERED = FULL | {"amr": ["pwd", "otp", "mfa"]}
EXPIRED = ACCOUNT | {
    "factors": ACCOUNT["factors"]
    | {"face": ACCOUNT["factors"]["face"] | {"expires_at": "2020-01-01T00:00:00Z"}}
}
EXTENDED = contracts.example("user.with_extension")
(LIGHT,) = EXTENDED["factors"]["face"]["extensions"]
ADDED = contracts.example("face_activated.extended")
REMOVE = "/profile/lights/remove"
FORM = {"light": LIGHT["id"]}
REMOVE_CALL = f"DELETE /user/factors/face/extensions/{LIGHT['id']}"


@pytest.fixture
def recovered(ada: Client, accounts: Accounts) -> Client:
    """A browser whose person came in by password and recovery code just now."""
    accounts.says("GET /session", RECOVERED)
    accounts.says("GET /user", account_in(RECOVERED))
    return ada


def test_who_came_in_by_a_code_is_offered_to_add_the_light(recovered: Client) -> None:
    page = recovered.get("/").content.decode()
    assert 'id="offer-light"' in page and 'href="/train/light"' in page


@pytest.mark.parametrize(
    "account",
    [
        account_in(FULL),  # known by the face
        account_in(FULL | {"amr": ["pwd", "otp", "face", "mfa"]}),
        NEWCOMER,  # no face yet
        account_in(RECOVERED, EXPIRED),
    ],
)
def test_nobody_else_is(ada: Client, accounts: Accounts, account: dict[str, Any]) -> None:
    accounts.says("GET /user", account)
    page = ada.get("/")
    assert page.status_code == 200 and "/train/light" not in page.content.decode()


def test_nothing_is_offered_where_there_is_no_camera(recovered: Client, settings: Any) -> None:
    settings.FACELOGIN_URL = ""
    assert "/train/light" not in recovered.get("/").content.decode()
    assert "/train/light" not in recovered.get("/profile").content.decode()


def test_the_page_says_what_happens_and_brings_the_camera(recovered: Client) -> None:
    page = recovered.get("/train/light").content.decode()
    assert "pages/add-light" in page and 'data-ticket-address="/train/light/ticket"' in page
    assert "kept beside those you have" in page and "remove them on your profile" in page
    assert "replace the oldest" not in page


def test_a_light_refused_says_what_helps_here(recovered: Client) -> None:
    """Whoever wants this light added must not be told to sit in another one."""
    page = recovered.get("/train/light").content.decode()
    assert "This light was not added; nothing was changed" in page
    assert "Sit in even light" not in page and 'href="/train"' in page
    enrolling = recovered.get("/train").content.decode()
    assert "Sit in even light" in enrolling and "This light was not added" not in enrolling


def test_a_fourth_light_is_said_to_replace_the_oldest(
    recovered: Client, accounts: Accounts
) -> None:
    three = [LIGHT | {"id": f"light-{n}"} for n in range(3)]
    face = ACCOUNT["factors"]["face"] | {"extensions": three}
    accounts.says("GET /user", ACCOUNT | {"factors": ACCOUNT["factors"] | {"face": face}})
    assert "replace the oldest" in recovered.get("/train/light").content.decode()


def test_without_a_face_there_is_none_to_add_to(recovered: Client, accounts: Accounts) -> None:
    factors = ACCOUNT["factors"] | {"face": None}
    accounts.says("GET /user", ACCOUNT | {"factors": factors})
    assert recovered.get("/train/light").headers["Location"] == "/train"


@pytest.mark.parametrize(
    "session", [FULL, RECOVERED | {"authenticated_at": "2020-01-01T00:00:00Z"}]
)
def test_a_face_is_no_proof_here_and_an_old_one_neither(
    ada: Client, accounts: Accounts, session: dict[str, Any]
) -> None:
    accounts.says("GET /session", session)
    assert ada.get("/train/light").headers["Location"] == "/confirm?next=%2Ftrain%2Flight"


def test_confirming_for_it_asks_for_a_code_not_for_the_face(
    ada: Client, accounts: Accounts
) -> None:
    accounts.says("POST /session/reauthentication", opened(FULL))
    form = {"password": "a sentence nobody guesses", "next": "/train/light"}
    location = ada.post("/confirm", form).headers["Location"]
    assert location == "/login/other?next=%2Ftrain%2Flight"


def test_the_script_gets_a_ticket_to_extend(recovered: Client, accounts: Accounts) -> None:
    accounts.says("POST /session/face-ticket", TICKET)
    response = recovered.post("/train/light/ticket")
    assert (response.status_code, response.json()) == (201, TICKET)
    assert accounts.body_of("POST /session/face-ticket") == {"purpose": "extend"}


def test_a_ticket_refused_for_lack_of_proof_leads_there(
    recovered: Client, accounts: Accounts
) -> None:
    accounts.refuses("POST /session/face-ticket", "reauthentication_required")
    answer = recovered.post("/train/light/ticket").json()
    assert answer["next"] == "/confirm?next=%2Ftrain%2Flight"


def test_a_captured_light_counts_and_is_listed(recovered: Client, accounts: Accounts) -> None:
    accounts.says("PUT /user/factors/face", ADDED)
    response = recovered.post("/train/light", ASSERTION)
    assert response.headers["Location"] == "/profile#lights"
    assert accounts.body_of("PUT /user/factors/face") == ASSERTION
    accounts.says("GET /user", EXTENDED)
    page = recovered.get("/profile").content.decode()
    assert "Added 2026-12-18 07:12 UTC, valid until 2027-06-16" in page
    assert f'action="{REMOVE}"' in page and f'name="light" value="{LIGHT["id"]}"' in page


@pytest.mark.parametrize("code", ["assertion_refused", "facelogin_unavailable"])
def test_a_light_that_could_not_be_added_is_said(
    recovered: Client, accounts: Accounts, code: str
) -> None:
    accounts.refuses("PUT /user/factors/face", code)
    page = recovered.post("/train/light", ASSERTION)
    assert words(code) in page.content.decode() and "face-capture" in page.content.decode()


def test_a_page_without_the_cameras_word_is_refused_here(
    recovered: Client, accounts: Accounts
) -> None:
    page = recovered.post("/train/light", {"assertion": ""})
    assert page.status_code == 400 and b"Start the camera again" in page.content
    assert not any(call.startswith("PUT") for call, _, _ in accounts.calls)


def test_a_profile_without_lights_has_no_list(ada: Client, accounts: Accounts) -> None:
    face = {k: v for k, v in ACCOUNT["factors"]["face"].items() if k != "extensions"}
    accounts.says("GET /user", ACCOUNT | {"factors": ACCOUNT["factors"] | {"face": face}})
    page = ada.get("/profile").content.decode()  # as an older accounts tells it
    assert "Lights you added" not in page and 'href="/train/light"' in page


def test_a_light_is_taken_away(recovered: Client, accounts: Accounts) -> None:
    accounts.says(REMOVE_CALL, {}, 204)
    assert recovered.post(REMOVE, FORM).headers["Location"] == "/profile"
    assert accounts.calls[-1][0] == REMOVE_CALL


def test_one_that_is_gone_already_is_no_fault(recovered: Client, accounts: Accounts) -> None:
    accounts.refuses(REMOVE_CALL, "not_found")
    assert recovered.post(REMOVE, FORM).headers["Location"] == "/profile"


@pytest.mark.parametrize("light", ["", "../../session", "a b", "x" * 200])
def test_what_is_no_light_is_never_asked_for(
    recovered: Client, accounts: Accounts, light: str
) -> None:
    assert recovered.post(REMOVE, {"light": light}).headers["Location"] == "/profile"
    assert not any(call.startswith("DELETE") for call, _, _ in accounts.calls)


def test_taking_away_needs_fresh_proof_and_a_post(recovered: Client, accounts: Accounts) -> None:
    accounts.refuses(REMOVE_CALL, "reauthentication_required")
    assert recovered.post(REMOVE, FORM).headers["Location"] == "/confirm?next=%2Fprofile"
    assert recovered.get(REMOVE).status_code == 405


def test_taking_away_while_facelogin_is_away_is_said(recovered: Client, accounts: Accounts) -> None:
    accounts.refuses(REMOVE_CALL, "facelogin_unavailable")
    page = recovered.post(REMOVE, FORM)
    assert page.status_code == 503
    assert words("facelogin_unavailable") in page.content.decode()


def test_each_button_names_its_light(recovered: Client, accounts: Accounts) -> None:
    """Three buttons called Remove say nothing to somebody who hears them."""
    lights = [LIGHT | {"id": f"light-{n}", "added_at": f"2026-12-1{n}T07:12:00Z"} for n in range(3)]
    face = ACCOUNT["factors"]["face"] | {"extensions": lights}
    accounts.says("GET /user", ACCOUNT | {"factors": ACCOUNT["factors"] | {"face": face}})
    names = re.findall(
        r'aria-label="(Remove the light[^"]*)"', recovered.get("/profile").content.decode()
    )
    assert len(set(names)) == 3
