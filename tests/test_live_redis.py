"""The ways to reach a Redis that REDIS_URL may name, each against a real one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from facelogin.copies import Copies, Note
from kubevision.settings import env
from tests.redis_server import RedisServer, redis_server
from tests.three_rooms import wait_until

PASSWORD = "it's @ /secret/ : 100%?"


@contextmanager
def two_copies(url: str) -> Iterator[tuple[Copies, list[Note]]]:
    """Let one copy talk and another hear; the block gets the first and what the second hears."""
    heard: list[Note] = []
    talks, hears = Copies(url, lambda _note: None), Copies(url, heard.append)
    try:
        yield talks, heard
    finally:
        talks.stop()
        hears.stop()


def reaches_the_other(url: str) -> bool:
    with two_copies(url) as (talks, heard):

        def tell() -> bool:
            talks.publish({"type": "a note"})
            return bool(heard)

        wait_until(tell, "a note to cross", seconds=20)
        return {note["type"] for note in heard} == {"a note"}


@pytest.fixture
def behind_a_password() -> Iterator[RedisServer]:
    with redis_server(password=PASSWORD) as server:
        yield server


def test_a_password_from_a_file(
    behind_a_password: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "redis.password"
    file.write_text(f"{PASSWORD}\n")
    monkeypatch.setenv("REDIS_URL", behind_a_password.url)
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(file))
    assert reaches_the_other(env.redis_url("REDIS_URL"))


def test_a_wrong_password_reaches_nobody(
    behind_a_password: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    url = behind_a_password.url.replace("redis://", "redis://:not-it@")
    with two_copies(url) as (talks, heard):
        talks.publish({"type": "a note"})
        wait_until(lambda: "no live messages between copies" in caplog.text, "a warning")
        assert not heard
    assert "not-it" not in caplog.text


def test_a_socket_of_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with redis_server(options=("--unixsocket", str(path)), address=f"unix://{path}") as server:
        assert reaches_the_other(server.url)
