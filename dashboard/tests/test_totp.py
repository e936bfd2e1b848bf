"""The authenticator app and the codes that come with it."""

import re
import xml.etree.ElementTree as ET

import pytest
from django.test import Client

from dashboard.qr import svg_of
from dashboard.tests import chromium
from dashboard.tests.conftest import (
    ACCOUNT,
    CODES,
    EVERYTHING,
    FULL,
    SESSION,
    WAITING,
    Accounts,
    words,
)
from kubevision import contracts

BEGUN = contracts.example("totp.begun")
FIRST = contracts.example("totp.confirmed.first_time")
SHOWN = {"secret": BEGUN["secret"], "uri": BEGUN["otpauth_uri"]}
FORM = SHOWN | {"code": "492039"}
BEGIN, CONFIRM = "POST /user/factors/totp", "PUT /user/factors/totp"
REMOVE = "DELETE /user/factors/totp"
OLD = {"authenticated_at": "2020-01-01T00:00:00Z"}


def test_looking_at_the_page_makes_no_secret(ada: Client, accounts: Accounts) -> None:
    page = ada.get("/profile/totp").content.decode()
    assert "Set up an authenticator app" in page and 'id="show-secret"' in page
    accounts.says("GET /session", FULL | {"available_factors": ["totp"]})
    assert "Replace your authenticator app" in ada.get("/profile/totp").content.decode()
    assert {call for call, _, _ in accounts.calls} == {"GET /session"}


@pytest.mark.parametrize("path", ["/profile/totp", "/profile/password"])
def test_what_needs_fresh_proof_asks_for_it_first(
    ada: Client, accounts: Accounts, path: str
) -> None:
    confirm = f"/confirm?next={path.replace('/', '%2F')}"
    accounts.says("GET /session", SESSION | OLD)
    assert ada.get(path).headers["Location"] == confirm
    accounts.says("GET /session", WAITING)
    assert ada.get(path).headers["Location"] == confirm.replace("confirm", "facelogin")


def test_the_secret_is_a_picture_and_text(ada: Client, accounts: Accounts) -> None:
    accounts.says(BEGIN, BEGUN)
    page = ada.post("/profile/totp")
    text = page.content.decode()
    assert page.status_code == 200 and "no-store" in page.headers["Cache-Control"]
    assert "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP" in text
    assert re.search(r'role="img" aria-label="QR code[^"]+"><svg', text)
    assert f'name="secret" value="{BEGUN["secret"]}"' in text
    assert 'inputmode="numeric"' in text and "style=" not in text
    assert (
        svg_of(BEGUN["otpauth_uri"], "QR code with the secret for your authenticator app") in text
    )


def test_a_first_code_lets_the_app_count_and_brings_codes(ada: Client, accounts: Accounts) -> None:
    accounts.says(CONFIRM, FIRST)
    page = ada.post("/profile/totp", FORM)
    text = page.content.decode()
    assert page.status_code == 200 and "no-store" in page.headers["Cache-Control"]
    assert accounts.body_of(CONFIRM) == {"code": "492039"}
    assert "Your authenticator app is set up" in text and 'id="person">Ada Lovelace<' in text
    assert all(f">{code}</code>" in text for code in FIRST["recovery_codes"])
    assert BEGUN["secret"] not in text


def test_with_codes_already_the_way_leads_back(ada: Client, accounts: Accounts) -> None:
    accounts.says(CONFIRM, contracts.example("totp.confirmed.again"))
    assert ada.post("/profile/totp", FORM).headers["Location"] == "/profile#totp"


@pytest.mark.parametrize(("code", "status"), [("invalid_code", 400), ("too_many_attempts", 429)])
def test_a_wrong_first_code_is_typed_again_under_the_same_secret(
    ada: Client, accounts: Accounts, code: str, status: int
) -> None:
    accounts.refuses(CONFIRM, code)
    page = ada.post("/profile/totp", FORM)
    text = page.content.decode()
    assert page.status_code == status and words(code) in text
    assert ("You can try again in 30 seconds." in text) is (status == 429)
    assert "JBSW Y3DP" in text and "<svg" in text
    assert f'name="secret" value="{BEGUN["secret"]}"' in text
    assert not any(call == BEGIN for call, _, _ in accounts.calls)


def test_an_empty_first_code_keeps_the_secret(ada: Client, accounts: Accounts) -> None:
    page = ada.post("/profile/totp", SHOWN)
    assert page.status_code == 400 and b"JBSW Y3DP" in page.content
    assert not any(call == CONFIRM for call, _, _ in accounts.calls)


def test_a_secret_that_waited_too_long_starts_again(ada: Client, accounts: Accounts) -> None:
    accounts.refuses(CONFIRM, "nothing_to_confirm")
    page = ada.post("/profile/totp", FORM)
    text = page.content.decode()
    assert words("nothing_to_confirm") in text and 'id="show-secret"' in text
    assert BEGUN["secret"] not in text


@pytest.mark.parametrize(
    "shown",
    [
        {"secret": ""},
        {"secret": "x"},
        {"secret": BEGUN["secret"].lower()},
        {"uri": "https://evil.example"},
        {"uri": "otpauth://totp/" + "x" * 3000},
    ],
)
def test_what_we_never_showed_is_shown_to_nobody(
    ada: Client, accounts: Accounts, shown: dict[str, str]
) -> None:
    assert ada.post("/profile/totp", FORM | shown).headers["Location"] == "/profile/totp"
    assert {call for call, _, _ in accounts.calls} == {"GET /session"}


@pytest.mark.parametrize("call", [BEGIN, CONFIRM])
def test_old_proof_leads_to_the_confirmation(ada: Client, accounts: Accounts, call: str) -> None:
    accounts.refuses(call, "reauthentication_required")
    response = ada.post("/profile/totp", FORM if call == CONFIRM else {})
    assert response.headers["Location"] == "/confirm?next=%2Fprofile%2Ftotp"


def test_where_a_code_is_wanted_first_the_way_leads_there(ada: Client, accounts: Accounts) -> None:
    accounts.refuses(BEGIN, "invitation_required")
    assert ada.post("/profile/totp").headers["Location"] == "/invite?why=enrolment"


def test_the_profile_offers_an_app_or_shows_it(ada: Client, accounts: Accounts) -> None:
    page = ada.get("/profile").content.decode()
    assert 'id="set-up-totp"' in page and "remove-totp" not in page
    accounts.says("GET /user", EVERYTHING)
    page = ada.get("/profile").content.decode()
    assert "2026-11-23 08:00 UTC" in page and 'href="/profile/totp/remove"' in page
    assert 'id="set-up-totp"' not in page


@pytest.mark.parametrize("has_face", [True, False])
def test_removing_the_app_says_what_happens(
    ada: Client, accounts: Accounts, has_face: bool
) -> None:
    factors = EVERYTHING["factors"] | ({} if has_face else {"face": None})
    accounts.says("GET /user", EVERYTHING | {"factors": factors})
    page = ada.get("/profile/totp/remove").content.decode()
    assert ("password and your face" in page) is has_face
    assert ("your password alone signs you in" in page) is not has_face
    assert {call for call, _, _ in accounts.calls} == {"GET /user"}


def test_the_app_is_removed(ada: Client, accounts: Accounts) -> None:
    accounts.says(REMOVE, {})
    assert ada.post("/profile/totp/remove").headers["Location"] == "/profile"
    accounts.refuses(REMOVE, "factor_not_enrolled")  # gone already
    assert ada.post("/profile/totp/remove").headers["Location"] == "/profile"
    accounts.refuses(REMOVE, "reauthentication_required")
    location = ada.post("/profile/totp/remove").headers["Location"]
    assert location == "/confirm?next=%2Fprofile%2Ftotp%2Fremove"


def test_without_an_app_there_is_none_to_remove(ada: Client, accounts: Accounts) -> None:
    accounts.says("GET /user", ACCOUNT)
    assert ada.get("/profile/totp/remove").headers["Location"] == "/profile"


# -- recovery codes ------------------------------------------------------------------------------


def test_codes_are_given_back_as_a_file_without_another_call(
    ada: Client, accounts: Accounts
) -> None:
    accounts.says("POST /user/factors/recovery-codes", CODES)
    page = ada.post("/profile/recovery-codes").content.decode()
    (sent,) = re.findall(r'name="codes" value="([^"]+)"', page)
    accounts.calls.clear()
    file = ada.post("/profile/recovery-codes/file", {"codes": sent})
    assert file.status_code == 200 and accounts.calls == []
    assert file.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert file.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "no-store" in file.headers["Cache-Control"]
    assert file.content.decode().splitlines()[-10:] == CODES["codes"]
    assert "KubeVision at testserver" in file.content.decode()


@pytest.mark.parametrize("codes", ["", "<b>", "a lower one", "A\nB", "A  B", "X" * 700])
def test_nothing_else_becomes_a_file(ada: Client, codes: str) -> None:
    response = ada.post("/profile/recovery-codes/file", {"codes": codes})
    assert response.headers["Location"] == "/profile"
    assert "Content-Disposition" not in response.headers


def test_codes_stand_in_no_address(ada: Client) -> None:
    assert ada.get("/profile/recovery-codes/file", {"codes": "A"}).status_code == 405


@pytest.mark.parametrize(
    ("without", "is_shown"),
    [([], True), (["totp"], True), (["face"], True), (["face", "totp"], False)],
)
def test_codes_are_offered_to_who_has_a_second_factor(
    ada: Client, accounts: Accounts, without: list[str], is_shown: bool
) -> None:
    factors = EVERYTHING["factors"] | dict.fromkeys(without)
    accounts.says("GET /user", EVERYTHING | {"factors": factors})
    assert ('id="renew-codes"' in ada.get("/profile").content.decode()) is is_shown


# -- the picture ---------------------------------------------------------------------------------


def test_the_picture_is_dark_on_white_and_holds_nothing_that_runs() -> None:
    picture = svg_of(BEGUN["otpauth_uri"], 'A "title" <b>')
    assert "<b>" not in picture and BEGUN["secret"] not in picture
    root = ET.fromstring(picture)
    names = {name for element in root.iter() for name in element.attrib}
    assert "style" not in names and not any(name.startswith("on") for name in names)
    ground, modules = root.findall("{*}path") or root.findall("path")
    assert ground.get("fill") == "#fff" and modules.get("stroke") == "#000"


# -- in a browser --------------------------------------------------------------------------------


def test_codes_are_printed_by_a_button_that_only_its_script_shows(
    ada: Client, accounts: Accounts
) -> None:
    accounts.says("POST /user/factors/recovery-codes", CODES)
    response = ada.post("/profile/recovery-codes")
    assert re.search(r'class="[^"]* d-none" id="print-codes"', response.content.decode())
    listen = "window.printed = 0; window.print = () => { window.printed += 1; };"
    with chromium.opened(response, script=listen) as page:
        page.click("#print-codes")
        assert page.evaluate("printed") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_keeps_its_colours_and_its_size(
    ada: Client, accounts: Accounts, scheme: str
) -> None:
    accounts.says(BEGIN, BEGUN)
    phone = {"width": 360, "height": 740}
    with chromium.opened(ada.post("/profile/totp"), color_scheme=scheme, viewport=phone) as page:
        picture = page.locator(".kv-qr")
        ground = picture.evaluate("(found) => getComputedStyle(found).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
        box = picture.bounding_box()
        assert box is not None and 200 < box["width"] <= 328
        assert page.evaluate("document.documentElement.scrollWidth") <= phone["width"]
