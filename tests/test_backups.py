"""An installation grows up as its operator does it: to MongoDB, backed up, restored, and back."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubevision.tokens import LEEWAY_SECONDS
from tests.mongod import Mongod, running_mongod
from tests.test_holes import VERIFY, Client, capture
from tests.three_rooms import Room, ThreeRooms, running_rooms

WITH_DATABASE = ("accounts", "facelogin")
# Rows whose keys are numbers on SQLite and ObjectIds on MongoDB, and one that refers to them.
WITH_KEYS_OF_THE_DATABASE = """
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from accounts.models import User
ada = User.objects.get()
group = Group.objects.create(name="operators")
group.permissions.add(Permission.objects.get(codename="add_user"))
ada.groups.add(group)
kind = ContentType.objects.get_for_model(Group)
LogEntry.objects.create(user=ada, content_type=kind, object_repr="operators", action_flag=ADDITION)
"""
PASSWORDS = {name: f"{name}'s own" for name in WITH_DATABASE}


@dataclass
class Grown:
    """The rooms, the SQLite files they began with, and the server they moved to."""

    rooms: ThreeRooms
    sqlite: dict[str, str]
    mongod: Mongod
    said: dict[str, str]
    ada: Client
    backups: Path

    def of(self, name: str) -> Room:
        return self.rooms.rooms[name]

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the rooms with a database for the time of a block."""
        for name in WITH_DATABASE:
            self.of(name).stop()
        try:
            yield
        finally:
            for name in WITH_DATABASE:
                self.of(name).start()

    def restore(self, folder: Path) -> dict[str, str]:
        """Put the backups of a folder back; return what the commands say."""
        said = {}
        for name in WITH_DATABASE:
            (backup,) = folder.glob(f"{name}-*.backup")
            said[name] = self.of(name).manage("restore", str(backup))
        # Until then tickets may be from before, by a clock that is ahead.
        time.sleep(LEEWAY_SECONDS + 1)
        return said


@pytest.fixture(scope="module")
def frames(ada_jpegs: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(ada_jpegs.glob("*.jpg"))]


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory, frames: list[bytes]) -> Iterator[Grown]:
    """Ada enrolled on SQLite; then both rooms were stopped, moved to MongoDB and started again."""
    folder = tmp_path_factory.mktemp("grown")
    with (
        running_mongod(folder / "server", **PASSWORDS) as mongod,
        running_rooms(folder / "rooms") as rooms,
    ):
        ada = Client(rooms, "ada").register()
        ada.enrol(frames[:20])
        # Two sessions: the one that enrolled, and this one. They move as well.
        assert signed_in(ada, frames)
        rooms.rooms["accounts"].manage("shell", "--command", WITH_KEYS_OF_THE_DATABASE)
        sqlite = {name: rooms.rooms[name].settings["DATABASE_URL"] for name in WITH_DATABASE}
        moved = Grown(rooms, sqlite, mongod, {}, ada, folder / "backups")
        with moved.stopped():
            for name in WITH_DATABASE:
                password = folder / f"{name}.password"
                password.write_text(PASSWORDS[name])
                moved.of(name).settings |= {
                    "DATABASE_URL": mongod.url(name),
                    "DATABASE_PASSWORD_FILE": str(password),
                }
                moved.of(name).manage("prepare")
                moved.said[name] = moved.of(name).manage("move_database", sqlite[name])
        yield moved


def signed_in(somebody: Client, frames: list[bytes]) -> bool:
    """Sign in by password and face; say whether the session is open then."""
    somebody.sign_in()
    result = capture(somebody.ticket(VERIFY), frames[20:])
    if result["outcome"] != "match":
        return False
    answer = somebody.call("POST", "/session/factors/face", {"assertion": result["assertion"]})
    somebody.token = answer.json()["token"]
    return bool(answer.json()["state"] == "active")


def test_an_installation_moves_with_counts_and_checksums(grown: Grown, frames: list[bytes]) -> None:
    for name in WITH_DATABASE:
        said = grown.said[name]
        assert f"All of {name} is here" in said
        rows = [line.split() for line in said.splitlines()[1:-1]]
        assert all(row[1] == row[2] and row[-1] == "equal" for row in rows), said
    moved = [line.split() for line in grown.said["accounts"].splitlines()[1:-1]]
    counts = {row[0]: int(row[1]) for row in moved}
    assert counts["accounts.user"] == 1 and counts["accounts.recoverycode"] == 10
    assert [counts[name] for name in ("auth.group", "accounts.user_groups", "admin.logentry")] == [
        *(1, 1, 1)
    ]
    assert counts["accounts.session"] == 2 and counts["accounts.event"] > 1
    # The session of before is open still, and the face is known.
    assert grown.ada.call("GET", "/session").json()["state"] == "active"
    assert signed_in(grown.ada, frames)


def test_a_database_with_rows_takes_no_others(grown: Grown) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        grown.of("accounts").manage("move_database", grown.sqlite["accounts"])
    assert "has rows already" in refused.value.stderr
    assert "Traceback" not in refused.value.stderr


def test_a_source_that_is_none_is_said(grown: Grown, tmp_path: Path) -> None:
    for source in (f"sqlite:///{tmp_path}/missing.sqlite3", "postgres://somewhere/else"):
        with pytest.raises(subprocess.CalledProcessError) as refused:
            grown.of("accounts").manage("move_database", source)
        assert "the source cannot be read; nothing was moved" in refused.value.stderr
        assert "Traceback" not in refused.value.stderr


def test_what_went_since_the_backup_stays_gone(grown: Grown, frames: list[bytes]) -> None:
    bob = Client(grown.rooms, "bob").register()
    codes = bob.enrol(frames[:20])
    for name in WITH_DATABASE:
        said = grown.of(name).manage("backup", str(grown.backups))
        assert ".backup: " in said
    # Since then: Bob has his face removed, and comes in by a code.
    bob.sign_in()
    used = bob.call("POST", "/session/factors/recovery-code", {"code": codes[0]})
    bob.token = used.json()["token"]
    assert bob.call("DELETE", "/user/factors/face").status_code == 204
    with grown.stopped():
        for said in grown.restore(grown.backups).values():
            assert "since: 1" in said and "Everybody is signed out" in said, said
    assert bob.call("GET", "/session").status_code == 401
    assert grown.ada.call("GET", "/session").status_code == 401
    assert signed_in(grown.ada, frames)
    with grown.mongod.chief() as client:
        faces = client["facelogin"]["facelogin_reference"].count_documents({})
        assert faces == 1  # Ada's
    bob.sign_in()
    assert bob.call("GET", "/session").json()["state"] == "active"  # no second factor any more
    assert bob.call("POST", "/session/factors/recovery-code", {"code": codes[0]}).status_code == 401


def test_a_backup_of_mongodb_is_restored_on_sqlite(grown: Grown, frames: list[bytes]) -> None:
    folder = grown.backups / "portable"
    with grown.stopped():
        for name in WITH_DATABASE:
            room = grown.of(name)
            room.manage("backup", str(folder))
            room.settings["DATABASE_URL"] = grown.sqlite[name]
        grown.restore(folder)
    try:
        assert signed_in(grown.ada, frames)
    finally:
        with grown.stopped():
            for name in WITH_DATABASE:
                grown.of(name).settings["DATABASE_URL"] = grown.mongod.url(name)
