from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from kubevision.settings import env, mongodb

EXAMPLE = "x"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("maybe", lambda: env.flag("KV_TEST", False)),
        ("many", lambda: env.whole_number("KV_TEST", 2, lowest=0, highest=64)),
        ("65", lambda: env.whole_number("KV_TEST", 2, lowest=0, highest=64)),
        ("-1", lambda: env.rate("KV_TEST", 0.001)),
        ("nan", lambda: env.rate("KV_TEST", 0.001)),
        ("else", lambda: env.choice("KV_TEST", "open", ("open", "closed"))),
        ("", lambda: env.origins("KV_TEST", "http://localhost:8000")),
        ("localhost:8000", lambda: env.origins("KV_TEST", "http://localhost:8000")),
        ("http://a/path", lambda: env.origins("KV_TEST", "http://localhost:8000")),
        ("http://a:port", lambda: env.origins("KV_TEST", "http://localhost:8000")),
        ("http://user@a", lambda: env.origin("KV_TEST", "http://localhost:8000")),
        ("https://wiki.example.org", lambda: env.hosts("KV_TEST")),
        ("wiki.example.org/page", lambda: env.hosts("KV_TEST")),
        ("wiki.example.org; script-src *", lambda: env.hosts("KV_TEST")),
        ("10.0.0.1/8", lambda: env.networks("KV_TEST", "")),
        ("/no/such/file", lambda: env.key_file("KV_TEST", None, example=EXAMPLE)),
        ("postgres://x", lambda: env.database("KV_TEST", None)),
    ],
)
def test_a_malformed_variable_names_itself_and_an_example(
    monkeypatch: pytest.MonkeyPatch, value: str, read
) -> None:
    monkeypatch.setenv("KV_TEST", value)
    with pytest.raises(ImproperlyConfigured, match=r"KV_TEST.*Example: KV_TEST="):
        read()


def test_a_missing_variable_names_itself_and_an_example() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"KV_ABSENT is not set.*Example: KV_ABSENT=x"):
        env.text("KV_ABSENT", example=EXAMPLE)


def test_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KV_TEST", "https://a.example/, http://b:1")
    assert env.origins("KV_TEST", "") == ["https://a.example", "http://b:1"]
    monkeypatch.setenv("KV_TEST", "wiki.example.org, [::1]:8443")
    assert env.hosts("KV_TEST") == ["wiki.example.org", "[::1]:8443"]
    monkeypatch.setenv("KV_TEST", "off")
    assert env.flag("KV_TEST", True) is False
    monkeypatch.setenv("KV_TEST", "0.01")
    assert env.rate("KV_TEST", 0.001) == 0.01
    monkeypatch.setenv("KV_TEST", "")
    assert env.origin("KV_TEST", "http://a", may_be_empty=True) == ""


def test_a_rooms_own_variable_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.room_variable("test", "DATABASE_URL") == "DATABASE_URL"
    monkeypatch.setenv("TEST_DATABASE_URL", "sqlite:///x")
    assert env.room_variable("test", "DATABASE_URL") == "TEST_DATABASE_URL"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("HTTPS://Portal.Example.org", "https://portal.example.org"),
        ("https://portal.example.org:443/", "https://portal.example.org"),
        ("http://a:8080", "http://a:8080"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_origins_are_kept_as_browsers_write_them(
    monkeypatch: pytest.MonkeyPatch, written: str, read: str
) -> None:
    monkeypatch.setenv("KV_TEST", written)
    assert env.origin("KV_TEST", "") == read


@pytest.mark.parametrize("value", ["https://x?", "https://x#", "https://x:"])
def test_half_an_origin_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("KV_TEST", value)
    with pytest.raises(ImproperlyConfigured, match="KV_TEST"):
        env.origin("KV_TEST", "")


def test_mongodb_waits_no_longer_than_people_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KV_TEST_URL", "mongodb://a@m1,m2/people?replicaSet=rs0&w=1")
    setting = env.database("KV_TEST_URL", None)
    assert (setting["NAME"], setting.get("PASSWORD")) == ("people", None)
    options: Any = setting["OPTIONS"]
    # All in, well under five seconds; what the URL says itself is left to it.
    assert options["timeoutMS"] < 5000 and options["retryWrites"] is True
    assert "w" not in options and "w" in mongodb.OPTIONS
    file = tmp_path / "password"
    file.write_text("p@ss/word\n")
    monkeypatch.setenv("KV_TEST_PASSWORD_FILE", str(file))
    assert env.database("KV_TEST_URL", None)["PASSWORD"] == "p@ss/word"


def test_the_password_of_a_mail_server_may_stand_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "mail.password"
    file.write_text("p@ss/word\n")
    monkeypatch.setenv("KV_TEST_PASSWORD_FILE", str(file))
    monkeypatch.setenv("KV_TEST_URL", "smtps://ada@mail.example.org")
    server = env.mail_server("KV_TEST_URL")
    assert (server.user, server.password, server.port) == ("ada", "p@ss/word", 465)
    for url, problem in (
        ("smtps://ada:secret@mail.example.org", "KV_TEST_PASSWORD_FILE another one"),
        ("smtps://mail.example.org", "names nobody"),
    ):
        monkeypatch.setenv("KV_TEST_URL", url)
        with pytest.raises(ImproperlyConfigured, match=problem) as refused:
            env.mail_server("KV_TEST_URL")
        assert "secret" not in str(refused.value).replace("/run/secrets", "")


def test_a_bad_mongodb_url_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("mongodb://ada:secret@db", "mongodb://ada:sec@ret@db/people"):
        monkeypatch.setenv("KV_TEST_URL", url)
        with pytest.raises(ImproperlyConfigured) as refused:
            env.database("KV_TEST_URL", None)
        assert "KV_TEST_URL" in str(refused.value) and "sec" not in str(refused.value)


def test_a_database_file_may_have_any_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("a#b.sqlite3", "a%41.sqlite3"):
        monkeypatch.setenv("KV_TEST", f"sqlite:///{tmp_path}/{name}")
        assert env.database("KV_TEST", None)["NAME"] == f"{tmp_path}/{name}"
