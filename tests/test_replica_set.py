"""What docker/compose.yaml runs once for each database, on a real mongod with a key file."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from kubevision.first_start import keys
from tests.mongod import CACHE_GIB, binary
from tests.product import free_port, stop
from tests.three_rooms import wait_until

FILES = ["database.password", "members.key"]


class Database:
    """A mongod as the compose file starts it: nobody is known, and a key file guards it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        (folder / "data").mkdir()

    @property
    def url(self) -> str:
        return (
            f"mongodb://accounts@127.0.0.1:{self.port}/accounts?replicaSet=rs0&authSource=accounts"
        )

    def make_secrets(self) -> None:
        for name in (*FILES, keys.LIST):
            (self.folder / name).unlink(missing_ok=True)
        keys.make_missing(self.folder, FILES)
        (self.folder / "members.key").chmod(0o600)

    @contextmanager
    def running(self) -> Iterator[None]:
        process = subprocess.Popen(
            [
                *(binary(), "--dbpath", str(self.folder / "data"), "--port", str(self.port)),
                *("--replSet", "rs0", "--keyFile", str(self.folder / "members.key")),
                *("--wiredTigerCacheSizeGB", str(CACHE_GIB), "--oplogSize", "64"),
                *("--logpath", str(self.folder / "log"), "--logappend", "--nounixsocket"),
            ],
            stdout=subprocess.DEVNULL,
            text=True,
        )
        try:
            yield
        finally:
            stop(process)

    def prepare(self, **changed: str) -> subprocess.CompletedProcess[str]:
        settings = {
            "DATABASE_URL": self.url,
            "DATABASE_PASSWORD_FILE": str(self.folder / "database.password"),
            "MEMBERS_KEY_FILE": str(self.folder / "members.key"),
        }
        command = [sys.executable, "-m", "kubevision.first_start.replica_set"]
        return subprocess.run(
            command,
            check=False,
            env=os.environ | settings | changed,
            capture_output=True,
            text=True,
        )

    @contextmanager
    def client(self) -> Iterator[MongoClient]:  # type: ignore[type-arg]
        password = (self.folder / "database.password").read_text().strip()
        with MongoClient(self.url, password=password, serverSelectionTimeoutMS=5000) as client:
            yield client


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(tmp_path)
    made.make_secrets()
    return made


def test_a_new_server_gets_a_replica_set_and_one_user(database: Database) -> None:
    with database.running():
        for _again in range(2):
            done = database.prepare()
            assert (done.returncode, done.stderr) == (0, "")
        with database.client() as client:
            client.accounts.notes.insert_one({"text": "mine"})
            with pytest.raises(OperationFailure):
                client.facelogin.notes.find_one()
            with pytest.raises(OperationFailure):
                client.admin.command("listDatabases", nameOnly=True, authorizedDatabases=False)
        # There is a user, so nobody may make a first one from this machine any more.
        with (
            MongoClient("127.0.0.1", database.port, directConnection=True) as nobody,
            pytest.raises(OperationFailure),
        ):
            nobody.admin.command("createUser", "eve", pwd="eve", roles=["root"])


def test_one_that_starts_beside_a_server_waits_for_it(database: Database) -> None:
    # Both are started at once, as podman-compose does.
    waiting = subprocess.Popen(
        [sys.executable, "-m", "kubevision.first_start.replica_set"],
        env=os.environ
        | {
            "DATABASE_URL": database.url,
            "DATABASE_PASSWORD_FILE": str(database.folder / "database.password"),
            "MEMBERS_KEY_FILE": str(database.folder / "members.key"),
        },
    )
    with database.running():
        wait_until(lambda: waiting.poll() is not None, "the one-shot")
    assert waiting.returncode == 0


def test_another_password_file_is_made_good(database: Database) -> None:
    with database.running():
        assert database.prepare().returncode == 0
        with database.client() as client:
            client.accounts.notes.insert_one({"text": "mine"})
    database.make_secrets()
    with database.running():
        assert database.prepare().returncode == 0
        with database.client() as client:
            assert client.accounts.notes.count_documents({}) == 1


def test_a_server_with_another_key_is_said(database: Database, tmp_path: Path) -> None:
    with database.running():
        (tmp_path / "other.key").write_text("other" * 10)
        done = database.prepare(MEMBERS_KEY_FILE=str(tmp_path / "other.key"))
    assert done.returncode == 1 and "started with another key" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"MEMBERS_KEY_FILE": "/no/such/file"}, "/no/such/file: No such file"),
        ({"DATABASE_URL": "mongodb://db/accounts"}, "must name a user"),
        ({"DATABASE_URL": "postgres://db"}, "Invalid URI scheme"),
    ],
)
def test_what_is_malformed_is_said(database: Database, changed: dict[str, str], said: str) -> None:
    done = database.prepare(**changed)
    assert done.returncode == 1 and said in done.stderr
    assert "Traceback" not in done.stderr
