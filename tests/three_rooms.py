"""Starts the three rooms apart, as a cluster does: real servers behind a real nginx, one origin.

Each room runs from a folder that holds `kubevision/` and that room alone, with its own settings
module, database, keys and an environment of only the variables it needs.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from kubevision import keys
from tests.product import START_TIMEOUT_SECONDS, free_port, stop
from tests.run import NOT_COPIED, ROOMS, ROOT

# The ingress calls the rooms from an address of its own, as it would from a pod of its own; so
# what it forwards can be told from what browsers (127.0.0.1 and others) send themselves.
INGRESS_ADDRESS = "127.0.0.2"
DASHBOARD_ADDRESS = "127.0.0.1"
KEYS = {
    "accounts": {
        "SECRET_KEY_FILE": "secret.key",
        "SIGNING_KEY_FILE": "accounts-signing.pem",
    },
    "facelogin": {
        "SECRET_KEY_FILE": "secret.key",
        "SIGNING_KEY_FILE": "facelogin-signing.pem",
        "TEMPLATE_KEY_FILE": "template.key",
    },
    "dashboard": {"SECRET_KEY_FILE": "secret.key"},
}


@dataclass
class Room:
    """One room: how it is started, and its process while it runs."""

    name: str
    folder: Path
    port: int
    management_port: int
    settings: dict[str, str]
    process: subprocess.Popen[str] | None = None
    log: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Return all the variables the room gets, none of this process's."""
        return {"PATH": os.defpath, "PYTHONUNBUFFERED": "1"} | self.settings

    @property
    def database(self) -> Path:
        """Return the room's SQLite file."""
        return Path(self.settings["DATABASE_URL"].removeprefix("sqlite:///"))

    @property
    def command(self) -> list[str]:
        """Return the command line of the room's server."""
        if self.name == "facelogin":
            return [sys.executable, "-m", "kubevision.serve", "--port", str(self.port)]
        configured = ["-c", "python:kubevision.gunicorn", "--bind", f"127.0.0.1:{self.port}"]
        return [sys.executable, "-m", "gunicorn", *configured, "kubevision.wsgi"]

    def manage(self, *arguments: str, text: str = "") -> str:
        """Run manage.py as this room; return what it says."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def ask(self, path: str) -> httpx.Response:
        """Ask the management port."""
        return httpx.get(f"http://127.0.0.1:{self.management_port}{path}", timeout=10)

    def ready(self) -> tuple[int, dict[str, Any]]:
        """Return what /readyz says; 0 while nobody listens."""
        try:
            answer = self.ask("/readyz")
        except httpx.TransportError:
            return 0, {}
        return answer.status_code, answer.json()

    def start(self) -> None:
        """Start the server and wait until it takes work."""
        self.log.clear()
        self.process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        wait_until(
            lambda: (self.ready()[0] == 200 and self._listens()) or not self.is_running,
            f"{self.name} to be ready",
        )
        if not self.is_running:
            raise RuntimeError(f"{self.name} did not start:\n" + "\n".join(self.log))

    def _listens(self) -> bool:
        try:
            httpx.get(f"http://127.0.0.1:{self.port}/", timeout=5)
        except httpx.TransportError:
            return False
        return True

    @property
    def is_running(self) -> bool:
        """Say whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.log.append(line.rstrip())

    def stop(self) -> None:
        """End the server as a cluster would."""
        if self.process is not None:
            stop(self.process)

    def peak_memory_mib(self) -> float:
        """Return the peak resident memory of the room's processes, summed."""
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in self.processes()]
        peaks = [int(status.split("VmHWM:")[1].split()[0]) for status in statuses]
        return sum(peaks) / 1024

    def processes(self) -> list[int]:
        """Return the ids of all processes of the room."""
        assert self.process is not None
        numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in numbers if _group_of(pid) == self.process.pid]

    def workers(self) -> list[int]:
        """Return the ids of the recognition processes."""
        command_lines = {pid: _command_line(pid) for pid in self.processes()}
        return [pid for pid, line in command_lines.items() if "spawn_main" in line]


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""


def wait_until(is_so: Any, what: str, seconds: float = START_TIMEOUT_SECONDS) -> None:
    """Wait for something to become true."""
    ends_at = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > ends_at:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.05)


@dataclass
class ThreeRooms:
    """The rooms behind their ingress."""

    origin: str
    folder: Path
    rooms: dict[str, Room]

    @property
    def port(self) -> int:
        """Return the port of the public origin."""
        return int(self.origin.rsplit(":", 1)[1])

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Stop a room for the time of a block."""
        self.rooms[name].stop()
        try:
            yield
        finally:
            self.rooms[name].start()


def nginx() -> str:
    """Return the path of nginx; a missing one fails, it is never skipped."""
    path = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        raise RuntimeError("nginx is missing; on Debian: apt install nginx-light")
    return path


def nginx_configuration(
    folder: Path, port: int, copies: dict[str, list[Room]], inner_ports: dict[str, int]
) -> str:
    """Return the configuration of an ingress that routes by the contract's prefixes.

    Copies of a room take turns, without sticky sessions. `inner_ports`: where rooms call a room,
    as they would call its Service in a cluster; nothing is added to those calls.
    """
    temporary = "".join(
        f"  {kind}_temp_path {folder}/nginx-{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Bare names are the dashboard's; by itself nginx answers them with a redirect to the prefix.
    routes = "".join(
        f"    location {prefix} {{ proxy_pass http://{room}; }}\n"
        for prefix, room in (
            ("/", "dashboard"),
            ("= /auth", "dashboard"),
            ("= /face", "dashboard"),
            ("/auth/", "accounts"),
            ("/face/", "facelogin"),
        )
    )
    upstreams = "".join(
        f"  upstream {name} {{ "
        + "".join(f"server 127.0.0.1:{room.port} max_fails=0; " for room in of_room)
        + "}\n"
        for name, of_room in copies.items()
    )
    inner = "".join(
        f"  server {{ listen 127.0.0.1:{inner_port}; "
        f"location / {{ proxy_http_version 1.1; proxy_bind {DASHBOARD_ADDRESS}; "
        f"proxy_set_header Host $http_host; proxy_pass http://{name}; }} }}\n"
        for name, inner_port in inner_ports.items()
    )
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
  access_log off;
{temporary}
{upstreams}
{inner}
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  server {{
    listen 127.0.0.1:{port};
    client_max_body_size 1m;
    proxy_bind {INGRESS_ADDRESS};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    proxy_read_timeout 75s;
{routes}
  }}
}}
"""


@contextmanager
def running_nginx(
    folder: Path, port: int, copies: dict[str, list[Room]], inner_ports: dict[str, int]
) -> Iterator[None]:
    """Run an ingress until the block is left."""
    configuration = folder / "nginx.conf"
    configuration.write_text(nginx_configuration(folder, port, copies, inner_ports))
    log = folder / "nginx.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [nginx(), "-e", "stderr", "-p", str(folder), "-c", str(configuration)],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/").status_code > 0
        except httpx.TransportError:
            return process.poll() is not None

    try:
        wait_until(answers, "nginx")
        if process.poll() is not None:
            raise RuntimeError("nginx did not start:\n" + log.read_text())
        yield
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGQUIT)  # nginx's way to end with a reason of its own
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.terminate()
                process.wait()


def make_room(name: str, folder: Path, port: int, shared: dict[str, str]) -> Room:
    """Copy a room to a folder of its own and give it keys and settings of its own."""
    home = folder / name
    for part in ("kubevision", name):
        shutil.copytree(ROOT / part, home / part, ignore=NOT_COPIED)
    shutil.copy(ROOT / "manage.py", home)
    keys.make_missing(home / "keys")
    for made in (home / "keys").iterdir():
        if made.name not in KEYS[name].values():
            made.unlink()
    management_port = free_port()
    settings = {
        "DJANGO_SETTINGS_MODULE": f"kubevision.settings.{name}",
        "MANAGEMENT_PORT": str(management_port),
        "TRUSTED_PROXIES": f"{INGRESS_ADDRESS}/32,{DASHBOARD_ADDRESS}/32",
        **{variable: str(home / "keys" / file) for variable, file in KEYS[name].items()},
        **shared,
    }
    if name != "dashboard" and "DATABASE_URL" not in shared:
        settings["DATABASE_URL"] = f"sqlite:///{home}/{name}.sqlite3"
    if name == "facelogin":
        settings |= {
            "FACELOGIN_WORKERS": "2",
            "FACELOGIN_ALLOW_MISSING_ORIGIN": "on",
            "FACELOGIN_CHALLENGE": "none",
        }
    return Room(name, home, port, management_port, settings)


def copy_of(room: Room) -> Room:
    """Return another process of a room: same code, keys and database, ports of its own."""
    management_port = free_port()
    settings = room.settings | {"MANAGEMENT_PORT": str(management_port)}
    return replace(
        room,
        port=free_port(),
        management_port=management_port,
        settings=settings,
        process=None,
        log=[],
    )


@contextmanager
def running_rooms(
    folder: Path, ports: dict[str, int] | None = None, /, **settings: dict[str, str]
) -> Iterator[ThreeRooms]:
    """Run the three rooms until the block is left; `settings` adds variables by room."""
    origin_port = free_port()
    origin = f"http://localhost:{origin_port}"
    ports = {name: free_port() for name in ROOMS} | (ports or {})
    shared = {
        "PUBLIC_ORIGINS": origin,
        "ACCOUNTS_URL": f"http://127.0.0.1:{ports['accounts']}",
        "FACELOGIN_URL": f"http://127.0.0.1:{ports['facelogin']}",
        "FACELOGIN_PUBLIC_URL": origin,
    }
    rooms = {
        name: make_room(name, folder, ports[name], shared | settings.get(name, {}))
        for name in ROOMS
    }
    with ExitStack() as running:
        for room in rooms.values():
            if "DATABASE_URL" in room.settings:
                room.manage("prepare")
            running.callback(room.stop)
            room.start()
        copies = {name: [room] for name, room in rooms.items()}
        running.enter_context(running_nginx(folder, origin_port, copies, {}))
        yield ThreeRooms(origin, folder, rooms)
