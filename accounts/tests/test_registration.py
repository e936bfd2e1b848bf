import pytest
from django.contrib.auth.hashers import identify_hasher

from accounts.models import User
from accounts.tests.conftest import PASSWORD, Api


def test_a_person_registers(api: Api) -> None:
    response = api.call("POST", "/users", {"username": "Ada", "password": PASSWORD})
    assert response.status_code == 201
    user = User.objects.get()
    assert response.json() == {"id": str(user.id), "username": "Ada"}
    assert identify_hasher(user.password).algorithm == "argon2"
    assert user.password.startswith("argon2$argon2id$")


@pytest.mark.parametrize("again", ["ada", "ADA", "ａｄａ", "Ada"])
def test_a_name_is_taken_in_every_spelling(api: Api, again: str) -> None:
    api.call("POST", "/users", {"username": "Ada", "password": PASSWORD})
    response = api.call("POST", "/users", {"username": again, "password": PASSWORD})
    assert (response.status_code, response.json()["code"]) == (409, "username_taken")


@pytest.mark.parametrize(
    ("username", "is_allowed"),
    [
        ("a", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("jürgen.müller@werk+1", True),
        ("عادل", True),
        ("a b", False),
        ("a/b", False),
        ("a\x00b", False),
        ("a\u202eb", False),
        ("<script>", False),
    ],
)
def test_user_names(api: Api, username: str, is_allowed: bool) -> None:
    response = api.call("POST", "/users", {"username": username, "password": PASSWORD})
    assert response.status_code == (201 if is_allowed else 400)
    if not is_allowed:
        assert list(response.json()["errors"]) == ["username"]


@pytest.mark.parametrize(
    ("password", "is_allowed"),
    [
        ("x7#Kq-9zLm", True),
        ("x7#Kq-9zL", False),
        ("ß" * 128, True),
        ("z7" * 65, False),
        ("password123", False),
        ("  two spaces around  ", True),
        ("tab\tand\x00nul and more", True),
    ],
)
def test_passwords(api: Api, password: str, is_allowed: bool) -> None:
    response = api.call("POST", "/users", {"username": "ada", "password": password})
    assert response.status_code == (201 if is_allowed else 400)
    if is_allowed:
        verbatim = api.call("POST", "/sessions", {"username": "ada", "password": password})
        assert verbatim.status_code == 201
        trimmed = api.call("POST", "/sessions", {"username": "ada", "password": password + " "})
        assert trimmed.status_code == 401
    else:
        assert list(response.json()["errors"]) == ["password"]


def test_registration_can_be_closed(api: Api, settings: object) -> None:
    settings.ACCOUNTS_REGISTRATION = "closed"  # type: ignore[attr-defined]
    response = api.call("POST", "/users", {"username": "ada", "password": PASSWORD})
    assert (response.status_code, response.json()["code"]) == (403, "registration_closed")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"username": "ada", "username": "bob", "password": "correct horse battery"}',
        b'{"username": "ada", "password": NaN}',
        b'{"username": ["ada"], "password": "correct horse battery"}',
        b'{"username": 5, "password": "correct horse battery"}',
        b'{"username": "ada", "password": "\\ud800 correct horse battery"}',
        b'{"username": "ada"}',
        b"[" * 50_000,
        b'{"username": "ada", "password": "' + b"a" * 70_000 + b'"}',
        b'{"username": "ada", "password": "correct horse battery", "email": "no address"}',
        "\xff".encode("latin-1"),
    ],
)
def test_bad_bodies_are_refused_in_words(api: Api, body: bytes) -> None:
    response = api.call("POST", "/users", body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_input")
    assert response.json()["errors"]
    assert not User.objects.exists()
