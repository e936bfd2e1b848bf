"""Databases are made ready by several copies at once, and after a death in the middle."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from kubevision import keys
from tests.mongod import running_mongod
from tests.product import free_port
from tests.run import ROOT, environment

ROOMS = ("accounts", "facelogin")
COPIES = 3
# Of about sixty writes in either room: each room dies at other places, and no place takes minutes.
STRIDE = {"accounts": 13, "facelogin": 9}
PREPARE = ("manage.py", "prepare")
DIE = """
import sys, django
django.setup()
from django.core.management import call_command
from kubevision.tests.killing import die_after
die_after(int(sys.argv[1]))
call_command("prepare")
"""
IS_READY = """
import django
django.setup()
from kubevision import readiness
readiness.check_databases()
"""
Start = Callable[..., "subprocess.Popen[str]"]


@contextmanager
def database(kind: str, room: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/{room}.sqlite3"
        return
    with running_mongod(folder / "mongod") as mongod:
        yield mongod.url(room)


def python(room: str, folder: Path, url: str) -> Start:
    """Return what starts Python with a room's settings and one database."""
    keys.make_missing(folder / "keys")
    env = environment(
        DJANGO_SETTINGS_MODULE=f"kubevision.settings.{room}",
        SECRET_KEY_FILE=str(folder / "keys/secret.key"),
        SIGNING_KEY_FILE=str(folder / f"keys/{room}-signing.pem"),
        TEMPLATE_KEY_FILE=str(folder / "keys/template.key"),
        DATABASE_URL=url,
    )

    def start(*arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=env, text=True, stderr=subprocess.PIPE
        )

    return start


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    said = process.communicate()[1]
    return process.returncode, said


@pytest.mark.parametrize("kind", ["sqlite", "mongodb"])
@pytest.mark.parametrize("room", ROOMS)
def test_several_prepare_at_once(room: str, kind: str, tmp_path: Path) -> None:
    with database(kind, room, tmp_path) as url:
        start = python(room, tmp_path, url)
        copies = [start(*PREPARE) for _ in range(COPIES)]
        assert [ended(copy) for copy in copies] == [(0, "")] * COPIES
        assert ended(start("-c", IS_READY)) == (0, "")


@pytest.mark.parametrize("room", ROOMS)
def test_who_dies_in_the_middle_begins_anew(room: str, tmp_path: Path) -> None:
    """A migration is no transaction on MongoDB: half of it stays."""
    with running_mongod(tmp_path / "mongod") as mongod:
        start = python(room, tmp_path, mongod.url(room))
        for writes in count(0, STRIDE[room]):
            with mongod.chief() as chief:
                chief.drop_database(room)
            status, said = ended(start("-c", DIE, str(writes)))
            if status == 0:
                break
            assert status == -signal.SIGKILL, said
            assert ended(start(*PREPARE)) == (0, "")
            assert ended(start("-c", IS_READY)) == (0, "")
        assert writes > STRIDE[room], "nothing died in the middle"


def test_a_database_that_is_away_is_said_in_a_sentence(tmp_path: Path) -> None:
    url = f"mongodb://127.0.0.1:{free_port()}/accounts?replicaSet=rs0&serverSelectionTimeoutMS=500"
    status, said = ended(python("accounts", tmp_path, url)(*PREPARE))
    assert status == 1
    assert "the database cannot be prepared: " in said
    assert "Traceback" not in said
