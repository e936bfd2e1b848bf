"""What `on-prem` keeps: the commands of its pods, on a real mongod, one after the other.

The containers' commands are run as they are rendered, with the settings and files that the pods
would have; only addresses and folders are those of this machine.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from k8s.cluster_secrets import make_files
from tests.cluster.rendering import ON_PREM, Case, Object, Workload, workloads
from tests.cluster.rules.names import environment
from tests.mongod import binary
from tests.product import free_port, stop
from tests.run import NOT_COPIED, ROOT
from tests.three_rooms import wait_until

THREE = ON_PREM.with_components("mongodb-three-members")
DATABASE_ROOMS = ("accounts", "facelogin")


@dataclass
class Machine:
    """Where a room's pods run here; `ports` of the members of its database."""

    case: Case
    room: str
    folder: Path
    ports: list[int]
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def workload(self, name: str) -> Workload:
        (found,) = [each for each in workloads(self.case.objects()) if each.name == name]
        return found

    def here(self, text: str, secrets: Path | None = None) -> str:
        """Return a pod's text with the addresses and folders of this machine."""
        store = f"{self.room}-mongodb"
        here = {
            f"{store}:27017": f"127.0.0.1:{self.ports[0]}",
            **{f"{store}-{n}.{store}:27017": f"127.0.0.1:{p}" for n, p in enumerate(self.ports)},
            "/run/secrets/kubevision": str(secrets),
            "/run/secrets/mongodb": f"{self.folder}/keys/{self.room}-mongodb-keys",
            "/keys/": f"{self.folder}/",
            "/data/db": f"{self.folder}/data",
            "/backups": f"{self.folder}/backups",
        }
        # In one go: what was put in is not looked at again.
        longest_first = sorted(here, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, longest_first)), lambda found: here[found[0]], text)

    def lay_secrets(self, each: Workload) -> Path:
        """Lay down what the pod's volume of keys holds, for it alone."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        (volume,) = [one for one in each.pod["volumes"] if one["name"] == "keys"]
        sources = (
            [source["secret"] for source in volume["projected"]["sources"]]
            if "projected" in volume
            else [{"name": volume["secret"]["secretName"]}]
        )
        for source in sources:
            chosen = {item["key"] for item in source.get("items", [])}
            for file in (self.folder / "keys" / source["name"]).iterdir():
                if not chosen or file.name in chosen:
                    shutil.copy(file, folder)
        return folder

    def run(
        self, each: Workload, container: Object, *command: str, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a container's command, or another one in its place."""
        secrets = self.lay_secrets(each)
        told = environment(self.case.objects(), each)
        told |= {one["name"]: one["value"] for one in container.get("env", [])}
        first, *rest = [self.here(word, secrets) for word in command or container["command"]]
        return subprocess.run(
            [sys.executable if first == "python" else first, *rest],
            cwd=self.folder / "code",
            env={
                "PATH": "/usr/bin:/bin",
                "DJANGO_SETTINGS_MODULE": f"kubevision.settings.{self.room}",
                **{key: self.here(value, secrets) for key, value in told.items()},
            },
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )

    def succeeds(self, name: str, *command: str, text: str = "") -> str:
        """Run a workload's command; fail with what it says."""
        each = self.workload(name)
        done = self.run(each, each.pod["containers"][0], *command, text=text)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        return done.stdout

    def client(self, port: int | None = None, **who: Any) -> MongoClient[Object]:
        """Open a client of one member alone."""
        at = port or self.ports[0]
        return MongoClient(
            "127.0.0.1", at, directConnection=True, serverSelectionTimeoutMS=2000, **who
        )

    def start_member(self, number: int) -> None:
        """Run what a pod of the StatefulSet runs: first the key's container, then mongod."""
        each = self.workload(f"{self.room}-mongodb")
        (key,) = each.pod["initContainers"]
        subprocess.run([self.here(word) for word in key["command"]], check=True)
        (server,) = each.pod["containers"]
        assert server["command"] == ["mongod"]
        arguments = [self.here(argument) for argument in server["args"]]
        # Small, as on the machines of the tests; and on loopback alone.
        arguments[arguments.index("--bind_ip_all")] = "--bind_ip=127.0.0.1"
        data = self.folder / f"data-{number}"
        data.mkdir()
        arguments[arguments.index(f"--dbpath={self.folder}/data")] = f"--dbpath={data}"
        port = self.ports[number]
        own = [f"--port={port}", "--oplogSize=64", "--quiet"]
        process = subprocess.Popen(
            [binary(), *arguments, *own], stdout=subprocess.DEVNULL, start_new_session=True
        )
        self.servers.append(process)

        def answers() -> bool:
            try:
                with self.client(port) as client:
                    return bool(client.admin.command("hello"))
            except PyMongoError:
                return process.poll() is not None

        wait_until(answers, "mongod")
        assert process.poll() is None


@contextmanager
def running_machine(case: Case, room: str, folder: Path) -> Iterator[Machine]:
    """Run a room's database until the block is left."""
    for part in ("kubevision", room):
        shutil.copytree(ROOT / part, folder / "code" / part, ignore=NOT_COPIED)
    shutil.copy(ROOT / "manage.py", folder / "code")
    (folder / "backups").mkdir()
    make_files(folder / "keys", {})
    machine = Machine(case, room, folder, [])
    members = machine.workload(f"{room}-mongodb").found["spec"]["replicas"]
    machine.ports += [free_port() for _member in range(members)]
    try:
        for number in range(members):
            machine.start_member(number)
        yield machine
    finally:
        for process in machine.servers:
            stop(process)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=DATABASE_ROOMS)
def machine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp(request.param)
    with running_machine(ON_PREM, request.param, folder) as running:
        yield running


def password(machine: Machine) -> str:
    return (machine.folder / f"keys/{machine.room}-keys/database.password").read_text().strip()


def test_the_members_key_is_its_owners_alone(machine: Machine) -> None:
    """mongod would not have started: a mounted Secret can be read by its group."""
    assert (machine.folder / "members.key").stat().st_mode & 0o777 == 0o400


def test_the_one_shot_makes_the_user_once_and_again(machine: Machine) -> None:
    for _time in range(2):
        assert machine.room in machine.succeeds(f"{machine.room}-mongodb-users")


def test_nobody_gets_in_without_a_password_and_the_room_no_further(machine: Machine) -> None:
    machine.succeeds(f"{machine.room}-mongodb-users")
    with machine.client() as client, pytest.raises(OperationFailure):
        client[machine.room].anything.find_one()
    who = {"username": machine.room, "password": password(machine), "authSource": machine.room}
    with machine.client(**who) as client:
        assert client[machine.room].anything.find_one() is None
        for database in ("admin", "local", "other"):
            with pytest.raises(OperationFailure):
                client[database].anything.find_one()


def test_a_changed_password_is_made_good_by_the_one_shot(machine: Machine) -> None:
    file = machine.folder / f"keys/{machine.room}-keys/database.password"
    file.write_text("another one than before\n")
    machine.succeeds(f"{machine.room}-mongodb-users")
    who = {"username": machine.room, "password": password(machine), "authSource": machine.room}
    with machine.client(**who) as client:
        assert client[machine.room].anything.find_one() is None


def test_several_copies_prepare_at_once(machine: Machine) -> None:
    machine.succeeds(f"{machine.room}-mongodb-users")
    each = machine.workload(machine.room)
    (prepare,) = each.pod["initContainers"]

    def first_container(_copy: int) -> str:
        done = machine.run(each, prepare)
        return done.stderr if done.returncode else ""

    with ThreadPoolExecutor(2) as copies:
        assert list(copies.map(first_container, range(2))) == ["", ""]
    (ready,) = [one for one in each.pod["containers"] if one["name"] == machine.room]
    assert ready["image"] == prepare["image"]
    assert machine.run(each, prepare, "python", "manage.py", "migrate", "--check").returncode == 0


def test_the_cronjobs_do_their_work_and_a_backup_comes_back(machine: Machine) -> None:
    room = machine.room
    machine.succeeds(f"{room}-mongodb-users")
    machine.succeeds(room, "python", "manage.py", "prepare")
    machine.succeeds(f"{room}-housekeeping")
    if room == "accounts":
        made = "a sentence nobody guesses\n"
        machine.succeeds(room, "python", "manage.py", "make_admin", "ada", text=made)
    machine.succeeds(f"{room}-backup")
    (backup,) = (machine.folder / "backups").glob("*.backup")
    assert (machine.folder / f"backups/{room}-tombstones.json").exists()
    who = {"username": room, "password": password(machine), "authSource": room}
    with machine.client(**who) as client:
        database = client[room]
        if room == "accounts":
            database.accounts_user.delete_many({})
        # As `make cluster-run` does: the backup's pod with another command.
        machine.succeeds(f"{room}-backup", *restore(backup))
        if room == "accounts":
            assert database.accounts_user.count_documents({"username": "ada"}) == 1


def restore(backup: Path) -> tuple[str, ...]:
    return ("python", "manage.py", "restore", f"/backups/{backup.name}")


def test_a_restore_without_its_list_is_refused(machine: Machine) -> None:
    room = machine.room
    (backup,) = (machine.folder / "backups").glob("*.backup")
    (machine.folder / f"backups/{room}-tombstones.json").unlink()
    each = machine.workload(f"{room}-backup")
    done = machine.run(each, each.pod["containers"][0], *restore(backup))
    assert done.returncode != 0 and "tombstones" in done.stdout + done.stderr


def test_of_three_members_one_may_go(tmp_path: Path) -> None:
    with running_machine(THREE, "accounts", tmp_path) as machine:
        machine.succeeds("accounts-mongodb-users")
        machine.succeeds("accounts", "python", "manage.py", "prepare")
        hosts = {f"127.0.0.1:{port}" for port in machine.ports}

        def settled() -> bool:
            with machine.client() as client:
                return set(client.admin.command("hello").get("hosts", [])) == hosts

        wait_until(settled, "three members")
        primary = machine.ports.index(primary_port(machine))
        machine.servers[primary].kill()
        machine.servers[primary].wait()
        others = [port for number, port in enumerate(machine.ports) if number != primary]
        wait_until(lambda: any(is_primary(machine, port) for port in others), "another primary")
        made = "a sentence nobody guesses\n"
        machine.succeeds("accounts", "python", "manage.py", "make_admin", "ada", text=made)


def is_primary(machine: Machine, port: int) -> bool:
    try:
        with machine.client(port) as client:
            return bool(client.admin.command("hello").get("isWritablePrimary"))
    except PyMongoError:
        return False


def primary_port(machine: Machine) -> int:
    (found,) = [port for port in machine.ports if is_primary(machine, port)]
    return found
