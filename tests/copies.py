"""Two copies of each room behind a real nginx without sticky sessions, on MongoDB or SQLite."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.mongod import Mongod
from tests.product import free_port
from tests.run import ROOMS
from tests.three_rooms import Room, copy_of, make_room, running_nginx, wait_until

ESTABLISHED = "01"  # the state in /proc/net/tcp


@dataclass
class Copies:
    """The rooms, two of each, behind their ingress."""

    origin: str
    rooms: dict[str, list[Room]]
    mongod: Mongod | None = None

    @property
    def port(self) -> int:
        """Return the port of the public origin."""
        return int(self.origin.rsplit(":", 1)[1])

    def with_a_capture(self) -> Room:
        """Wait until a copy of facelogin has a socket open; return that copy."""
        found: list[Room] = []

        def is_there() -> bool:
            found[:] = [room for room in self.rooms["facelogin"] if connections_to(room.port)]
            return bool(found)

        wait_until(is_there, "a capture")
        return found[0]

    def tries_of(self, username: str) -> int:
        """Return how many tries at the camera count against somebody today."""
        assert self.mongod is not None
        with self.mongod.chief() as client:
            database = client["accounts"]
            user = database["accounts_user"].find_one({"username_key": username})
            assert user is not None
            row = database["accounts_facetries"].find_one({"user_id": user["id"]})
        return int(row["today"]) if row else 0

    def let_reports_be_due(self) -> None:
        """Let what a dead copy owed be told now: tests do not wait for ten minutes."""
        assert self.mongod is not None
        with self.mongod.chief() as client:
            owed = client["facelogin"]["facelogin_spentticket"]
            owed.update_many(
                {"report_due_at": {"$ne": None}}, [{"$set": {"report_due_at": "$$NOW"}}]
            )


def connections_to(port: int) -> int:
    """Return how many connections are open to a port of loopback."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(
        local.endswith(f":{port:04X}") and state == ESTABLISHED
        for _number, local, _remote, state, *_rest in lines
    )


def kill(room: Room) -> None:
    """End a copy and all its processes as a power cut would."""
    assert room.process is not None
    os.killpg(room.process.pid, signal.SIGKILL)
    room.process.wait()


@contextmanager
def running_copies(
    folder: Path, mongod: Mongod | None = None, **settings: dict[str, str]
) -> Iterator[Copies]:
    """Run two of each until the block is left; `settings` adds variables by room."""
    port = free_port()
    origin = f"http://localhost:{port}"
    inner_ports = {name: free_port() for name in ("accounts", "facelogin")}
    shared = {
        "PUBLIC_ORIGINS": origin,
        "ACCOUNTS_URL": f"http://127.0.0.1:{inner_ports['accounts']}",
        "FACELOGIN_URL": f"http://127.0.0.1:{inner_ports['facelogin']}",
        "FACELOGIN_PUBLIC_URL": origin,
    }
    copies: dict[str, list[Room]] = {}
    with ExitStack() as running:
        for name in ROOMS:
            own = shared | settings.get(name, {})
            if mongod is not None and name != "dashboard":
                own["DATABASE_URL"] = mongod.url(name)
            first = make_room(name, folder, free_port(), own)
            if "DATABASE_URL" in first.settings:
                first.manage("prepare")
            copies[name] = [first, copy_of(first)]
        for room in (room for of_room in copies.values() for room in of_room):
            running.callback(room.stop)
            room.start()
        running.enter_context(running_nginx(folder, port, copies, inner_ports))
        yield Copies(origin, copies, mongod)
