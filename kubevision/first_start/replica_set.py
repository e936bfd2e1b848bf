"""Makes new mongods a replica set, with one user: a room's, for its own database.

    python -m kubevision.first_start.replica_set

Members, names and password come from the room's DATABASE_URL and DATABASE_PASSWORD_FILE. What
proves that we may do this is the key the members know each other by (MEMBERS_KEY_FILE), so there is
no administrator's password to keep, and a password file that changed is made good by running this
again.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

WAIT_SECONDS = 60.0  # for a server that starts beside us, and for its first election
LOOK_SECONDS = 0.5
# Codes of the server.
ALREADY_INITIALIZED, USER_EXISTS, AUTHENTICATION_FAILED = 23, 51003, 18
DEFAULT_PORT = 27017


@dataclass(frozen=True)
class Wanted:
    """What there should be."""

    members: tuple[str, ...]  # host:port, as they and the rooms call each other
    replica_set: str
    database: str
    user: str
    password: str
    members_key: str


class NotThere(Exception):  # noqa: N818  (an outcome)
    """It could not be made; the message says why and what to do."""


def read(url: str, password: str, members_key: str) -> Wanted:
    """Read a room's DATABASE_URL.

    Raises
    ------
    ValueError
        If it names no host, user, database or replica set; never holds the URL.
    """
    parsed = parse_uri(url)
    members = tuple(f"{host}:{port or DEFAULT_PORT}" for host, port in parsed["nodelist"])
    names = (parsed["options"].get("replicaSet"), parsed["database"], parsed["username"])
    if not all(names):
        raise ValueError("DATABASE_URL must name a user, a database and a replicaSet")
    replica_set, database, user = names
    return Wanted(members, replica_set, database, user, password, members_key)


def make(wanted: Wanted) -> None:
    """Make the replica set and the user, or see that they are there.

    Raises
    ------
    NotThere
        If the server does not come, has another key, or never becomes primary.
    """
    with _client(wanted, wanted.members[0], directConnection=True) as first:
        _until(lambda: _initiate(first, wanted), "the server to answer")
    # Which of several becomes primary is theirs to say.
    with _client(wanted, *wanted.members, replicaSet=wanted.replica_set) as client:
        _until(lambda: bool(client.admin.command("hello").get("isWritablePrimary")), "a primary")
        _make_user(client, wanted)


def _client(wanted: Wanted, *members: str, **options: Any) -> MongoClient[dict[str, Any]]:
    return MongoClient[dict[str, Any]](
        list(members),
        # The name that members of a replica set go by among themselves.
        username="__system",
        password=wanted.members_key,
        authSource="local",
        authMechanism="SCRAM-SHA-256",
        serverSelectionTimeoutMS=2000,
        **options,
    )


def _initiate(client: MongoClient[dict[str, Any]], wanted: Wanted) -> bool:
    members = [{"_id": number, "host": host} for number, host in enumerate(wanted.members)]
    try:
        client.admin.command("replSetInitiate", {"_id": wanted.replica_set, "members": members})
    except OperationFailure as error:
        if error.code != ALREADY_INITIALIZED:
            raise
    return True


def _make_user(client: MongoClient[dict[str, Any]], wanted: Wanted) -> None:
    database = client[wanted.database]
    roles = [{"role": "readWrite", "db": wanted.database}]
    try:
        database.command("createUser", wanted.user, pwd=wanted.password, roles=roles)
    except OperationFailure as error:
        if error.code != USER_EXISTS:
            raise
        database.command("updateUser", wanted.user, pwd=wanted.password, roles=roles)


def _until(is_so: Callable[[], bool], what: str) -> None:
    ends_at = time.monotonic() + WAIT_SECONDS
    while True:
        reason = "it says it is not"
        try:
            if is_so():
                return
        except OperationFailure as error:
            if error.code == AUTHENTICATION_FAILED:
                raise NotThere(
                    "the server was started with another key than MEMBERS_KEY_FILE holds now; "
                    "restart it"
                ) from error
            reason = str(error)
        except PyMongoError as error:
            reason = str(error)
        if time.monotonic() > ends_at:
            raise NotThere(f"waited {WAIT_SECONDS:.0f} s for {what}: {reason.partition(',')[0]}")
        time.sleep(LOOK_SECONDS)


def _secret(variable: str) -> str:
    return Path(os.environ[variable]).read_text().strip()


def main() -> int:
    """Make what the environment names; 1 and a sentence if that cannot be."""
    try:
        wanted = read(
            os.environ["DATABASE_URL"],
            _secret("DATABASE_PASSWORD_FILE"),
            _secret("MEMBERS_KEY_FILE"),
        )
        make(wanted)
    except KeyError as missing:
        print(f"{missing.args[0]} is not set", file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    except (ValueError, NotThere) as reason:
        print(f"the database of this room cannot be prepared: {reason}", file=sys.stderr)
    except PyMongoError as error:
        print(f"the database of this room cannot be prepared: {error}", file=sys.stderr)
    else:
        members = ", ".join(wanted.members)
        print(f"{wanted.replica_set} on {members} is there, with the user {wanted.user}")
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
