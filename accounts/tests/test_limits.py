"""Guessing is slow for whoever guesses, and for nobody else (quality.md, section 3)."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import limits, passwords
from accounts.models import Device, Event, TryCounter, User
from accounts.services import password_tries
from accounts.tests.conftest import PASSWORD, Api, Clock

Rewind = Callable[[float], None]
HOME, OFFICE = "203.0.113.7", "198.51.100.20"


@pytest.fixture(autouse=True)
def proxy(settings: Any) -> None:
    """The tests speak as the dashboard does."""
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]


def try_it(password: str, *, name: str = "ada", address: str = HOME, device: str = "") -> Any:
    headers = {"X-Forwarded-For": address}
    if device:
        headers["X-KubeVision-Device"] = device
    body = {"username": name, "password": password}
    return Api().call("POST", "/sessions", body, **headers)


def wrong(count: int, **how: str) -> list[int]:
    return [try_it("not it at all", **how).status_code for _ in range(count)]


@pytest.fixture(autouse=True)
def rewind(clock: Clock) -> Rewind:
    """Let so many seconds pass."""
    return clock.move


def known_device() -> str:
    """Sign in from the office with a browser that is remembered."""
    token: str = try_it(PASSWORD, address=OFFICE).json()["device_token"]
    return token


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_five_in_a_row_then_waits_that_double(ada: Api, name: str, rewind: Rewind) -> None:
    assert wrong(5, name=name) == [401] * 5
    response = try_it("not it at all", name=name)
    assert (response.status_code, response.json()["code"]) == (429, "too_many_attempts")
    assert response.headers["RateLimit-Policy"] == '"password_here";q=5'
    assert response.headers["RateLimit"].startswith('"password_here";r=0;t=')
    waits = []
    for wait in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900):
        assert int(try_it("not it at all", name=name).headers["Retry-After"]) in {wait, wait + 1}
        rewind(wait - 0.5)
        assert wrong(1, name=name) == [429]
        rewind(0.5)
        waits.append(wrong(1, name=name))
    assert waits == [[401]] * 12


def test_a_right_password_waits_as_well_and_then_ends_the_row(ada: Api, rewind: Rewind) -> None:
    wrong(5)
    assert try_it(PASSWORD).status_code == 429
    rewind(1)
    assert try_it(PASSWORD).status_code == 201
    assert wrong(5) == [401] * 5


def test_right_passwords_and_refused_calls_never_count(ada: Api) -> None:
    for _ in range(10):
        assert try_it(PASSWORD).status_code == 201
    wrong(5)
    TryCounter.objects.update(count=20)  # a wait of a quarter of an hour, not of a second
    assert wrong(40) == [429] * 40
    assert set(TryCounter.objects.values_list("count", flat=True)) == {20}


def test_another_address_has_a_row_of_its_own(ada: Api) -> None:
    wrong(6)
    assert try_it(PASSWORD, address=OFFICE).status_code == 201
    assert try_it(PASSWORD).status_code == 429


def test_who_is_not_the_dashboard_cannot_choose_an_address(ada: Api, settings: Any) -> None:
    settings.TRUSTED_PROXIES = []
    assert [wrong(1, address=f"203.0.113.{i}")[0] for i in range(6)] == [401] * 5 + [429]


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_a_hundred_from_everywhere_then_a_quarter_of_an_hour(
    ada: Api, name: str, rewind: Rewind
) -> None:
    for i in range(100):
        assert wrong(1, name=name, address=f"203.0.{i}.1") == [401]
    response = try_it(PASSWORD, name=name, address=OFFICE)
    assert response.status_code == 429
    assert 890 <= int(response.headers["Retry-After"]) <= 901
    rewind(900)
    assert wrong(2, name=name, address=OFFICE) == [401, 429]


def test_thirty_wrong_ones_a_minute_from_one_address(ada: Api, rewind: Rewind) -> None:
    for i in range(30):
        assert wrong(1, name=f"name{i}") == [401]
    response = try_it("not it at all", name="another")
    assert response.status_code == 429
    assert response.headers["RateLimit-Policy"] == '"wrong_from_address";q=30;w=60'
    assert try_it(PASSWORD, address=OFFICE).status_code == 201
    rewind(60)
    assert wrong(1, name="another") == [401]


def test_the_victim_comes_in_by_a_browser_that_signed_in_before(ada: Api) -> None:
    """From the attacker's own address, with every limit reached."""
    device = known_device()
    for i in range(20):  # everywhere
        wrong(5, address=f"203.0.{i}.1")
    for i in range(6):  # and from the victim's own office
        wrong(5, name=f"name{i}", address=OFFICE)
    assert try_it(PASSWORD, address=OFFICE).status_code == 429
    assert try_it(PASSWORD, address=OFFICE, device=device).status_code == 201
    # That tells the attacker nothing and opens nothing for them.
    assert try_it(PASSWORD, address=OFFICE).status_code == 429
    assert try_it(PASSWORD, address="203.0.1.1").status_code == 429


def test_a_known_browser_has_a_row_of_its_own(ada: Api) -> None:
    device = known_device()
    assert wrong(6, address=OFFICE, device=device) == [401] * 5 + [429]
    assert try_it(PASSWORD, address=OFFICE, device=device).status_code == 429
    assert try_it(PASSWORD, address=OFFICE).status_code == 201


def test_a_browser_is_known_to_who_signed_in_with_it(ada: Api) -> None:
    User.objects.create_user("eve", PASSWORD)
    device = try_it(PASSWORD, name="eve").json()["device_token"]
    wrong(6, address=HOME)
    assert try_it(PASSWORD, device=device).status_code == 429
    assert try_it(PASSWORD, device="x" * 43).status_code == 429


def test_a_browser_of_two_people_keeps_one_token(ada: Api) -> None:
    User.objects.create_user("eve", PASSWORD)
    device = known_device()
    for name in ("eve", "ada", "eve"):
        assert "device_token" not in try_it(PASSWORD, name=name, device=device).json()
    wrong(6)
    wrong(6, name="eve")
    assert try_it(PASSWORD, device=device).status_code == 201
    assert try_it(PASSWORD, name="eve", device=device).status_code == 201


def test_a_token_nobody_gave_out_is_replaced(ada: Api) -> None:
    given = try_it(PASSWORD, device="x" * 43).json()["device_token"]
    assert given != "x" * 43
    assert not Device.objects.filter(token_hash__contains=given).exists()


def test_a_browser_is_forgotten_after_half_a_year(ada: Api) -> None:
    device = known_device()
    Device.objects.update(seen_at=timezone.now() - timedelta(days=180))
    wrong(6, address=OFFICE)
    assert try_it(PASSWORD, address=OFFICE, device=device).status_code == 429


def test_a_person_has_twenty_browsers_at_the_most(ada: Api) -> None:
    tokens = [try_it(PASSWORD, address=OFFICE).json()["device_token"] for _ in range(21)]
    assert Device.objects.count() == 20
    assert "device_token" in try_it(PASSWORD, device=tokens[0]).json()
    assert "device_token" not in try_it(PASSWORD, device=tokens[20]).json()


def test_the_header_of_a_stranger_is_nobodys_browser(ada: Api, settings: Any) -> None:
    device = known_device()
    settings.TRUSTED_PROXIES = []
    wrong(5)
    assert try_it(PASSWORD, device=device).status_code == 429


def test_showing_the_password_again_counts_with_signing_in(ada: Api, rewind: Rewind) -> None:
    headers = {"X-Forwarded-For": HOME}
    body = {"password": "not it at all"}
    for _ in range(5):
        response = ada.call("POST", "/session/reauthentication", body, **headers)
        assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    body = {"password": PASSWORD}
    assert ada.call("POST", "/session/reauthentication", body, **headers).status_code == 429
    assert try_it(PASSWORD).status_code == 429
    rewind(1)
    assert ada.call("POST", "/session/reauthentication", body, **headers).status_code == 200


@pytest.mark.parametrize("name", ["ada", "nobody", "disabled"])
def test_one_argon2_verification_for_each_answer_and_none_for_a_refused_call(
    ada: Api, name: str
) -> None:
    User.objects.create_user("disabled", PASSWORD, is_active=False)
    passwords._nobodys_hash()
    with mock.patch(
        "accounts.passwords.check_password", side_effect=passwords.check_password
    ) as check:
        assert wrong(5, name=name) == [401] * 5
        assert check.call_count == 5
        assert wrong(5, name=name) == [429] * 5
        assert check.call_count == 5


def test_names_and_addresses_stand_nowhere_in_the_counters(ada: Api) -> None:
    wrong(1, name="correct horse battery")  # the password, typed into the wrong field
    stored = str(list(TryCounter.objects.values()))
    assert "correct" not in stored
    assert HOME not in stored
    assert "correct" not in str(list(Event.objects.values()))


def test_reaching_a_limit_is_one_event(ada: Api) -> None:
    wrong(5)
    wrong(3)
    locked = Event.objects.filter(kind="locked")
    assert [event.details for event in locked] == [{"limit": "password_here"}]
    assert Event.objects.filter(kind="password_refused", user__username="ada").count() == 5
    assert locked.get().address == HOME


def test_unlocking_forgets_it_wherever_it_came_from(ada: Api) -> None:
    device = known_device()
    wrong(5)
    wrong(5, address=OFFICE)
    wrong(5, device=device)
    password_tries.forget(User.objects.get())
    assert [try_it(PASSWORD, address=where).status_code for where in (HOME, OFFICE)] == [201] * 2
    assert try_it(PASSWORD, device=device).status_code == 201


def test_old_rows_are_forgotten_after_a_day(ada: Api, rewind: Rewind) -> None:
    wrong(5)
    rows = TryCounter.objects.count()
    rewind(86_390)
    assert limits.remove_old() == 0
    rewind(10)
    assert limits.remove_old() == rows
    assert wrong(5) == [401] * 5


def test_of_two_copies_that_look_at_once_one_lets_its_try_through(
    ada: Api, monkeypatch: Any, rewind: Rewind
) -> None:
    """Copies share the database only; twenty at once in one: tests/test_holes.py."""
    wrong(5)
    rewind(1)
    look = limits._seconds_left

    def look_while_the_other_copy_does_as_well(*of: Any) -> float:
        monkeypatch.setattr(limits, "_seconds_left", look)
        seconds = look(*of)
        limits.admit([limits.Counter.of(limits.PASSWORD_HERE, "ada", HOME)])  # the other copy
        return seconds

    monkeypatch.setattr(limits, "_seconds_left", look_while_the_other_copy_does_as_well)
    assert wrong(1) == [429]


def register(name: str, address: str = HOME) -> Any:
    body = {"username": name, "password": PASSWORD}
    return Api().call("POST", "/users", body, **{"X-Forwarded-For": address})


@pytest.mark.django_db
def test_thirty_registrations_a_minute_and_three_hundred_an_hour(
    rewind: Rewind,
) -> None:
    with mock.patch("accounts.models.User.set_password"):  # not what is tested, and slow
        for minute in range(10):
            answers = Counter(register(f"p{minute}.{i}").status_code for i in range(31))
            assert answers == {201: 30, 429: 1}
            assert register(f"q{minute}", OFFICE).status_code == 201
            rewind(60)
        response = register("one-more")
        assert response.headers["RateLimit-Policy"] == '"registrations_an_hour";q=300;w=3600'
        rewind(3600)
        assert register("one-more").status_code == 201


@pytest.mark.django_db
def test_names_that_are_taken_are_told_ten_times_a_minute(rewind: Rewind) -> None:
    register("ada", OFFICE)
    with mock.patch("accounts.models.User.set_password"):
        assert [register("ada").status_code for _ in range(11)] == [409] * 10 + [429]
        assert register("free").status_code == 429  # or it would tell just the same
        rewind(60)
        assert register("free").status_code == 201


@pytest.mark.parametrize("name", ["ada", "nobody"])
@pytest.mark.parametrize("device", ["", "x" * 43])
def test_a_name_that_exists_is_asked_as_much_as_one_that_does_not(
    ada: Api, name: str, device: str
) -> None:
    wrong(1, name="somebody else", address=OFFICE)  # what is made once is made

    with CaptureQueriesContext(connection) as queries:
        assert wrong(1, name=name, device=device) == [401]
    # As many questions for both, one more with a device; MongoDB calls them by another name.
    asked = [each["sql"] for each in queries]
    reads = [each for each in asked if each.startswith("SELECT ") or ".aggregate(" in each]
    assert len(reads) == (8 if device else 7), asked
