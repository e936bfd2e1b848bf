"""The compose file under a project name of its own, started and ended as people do: by make."""

import json
import os
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from docker.engine import Engine
from tests.product import free_port
from tests.run import ROOT
from tests.three_rooms import wait_until

ROOMS = ("accounts", "dashboard", "facelogin")
SERVERS = (
    "accounts-db",
    "facelogin-db",
    "redis",
    "accounts",
    "facelogin",
    "dashboard",
    "accounts-housekeeping",
    "facelogin-housekeeping",
    "proxy",
)
ONCE = (
    "proxy-keys",
    "dashboard-keys",
    "accounts-keys",
    "facelogin-keys",
    "accounts-prepare",
    "facelogin-prepare",
)
# One of each room that anybody may open.
FIRST_ANSWERS = ("/", "/auth/.well-known/jwks.json", "/face/.well-known/jwks.json")
READY_SECONDS = 120


def make(target: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run make as a person would; return what it says."""
    return subprocess.run(
        ["make", "--silent", target, *arguments],
        check=False,
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
    )


@dataclass
class Stack:
    """One installation."""

    engine: Engine
    project: str
    folder: Path
    port: int = field(default_factory=free_port)

    @property
    def origin(self) -> str:
        """Return scheme, host and port that browsers use."""
        return f"https://localhost:{self.port}"

    @property
    def authority(self) -> Path:
        """Return the file that browsers take for a certificate authority."""
        return self.folder / "compose/authority.pem"

    @property
    def settings(self) -> dict[str, str]:
        """Return the variables that make gets."""
        return {
            "COMPOSE_PROJECT_NAME": self.project,
            "DATA_DIR": str(self.folder),
            "PUBLIC_ORIGINS": self.origin,
            # One machine holds everything and the tests too.
            "FACELOGIN_WORKERS": "2",
            "FACELOGIN_CHALLENGE": "none",
        }

    def up(self) -> subprocess.CompletedProcess[str]:
        """Run `make up`."""
        return make("up", **self.settings)

    def down(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `make down`."""
        return make("down", *arguments, **self.settings)

    def name(self, service: str) -> str:
        """Return the name of a service's container."""
        return f"{self.project}-{service}"

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine knows about a container."""
        said = self.engine.ask("container", "inspect", self.name(service))
        assert said.returncode == 0, said.stderr
        found: dict[str, Any] = json.loads(said.stdout)[0]
        return found

    def run_in(self, service: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a container."""
        return self.engine.ask("exec", self.name(service), *command)

    def is_ready(self, room: str) -> bool:
        """Ask a room as its health check does."""
        return self.run_in(room, "python", "-m", "kubevision.probe", "readyz").returncode == 0

    def wait_until_ready(self) -> None:
        """Wait until every room is, and the proxy knows where they are now."""
        for room in ROOMS:
            wait_until(lambda room=room: self.is_ready(room), f"{room} to be ready", READY_SECONDS)
        for path in FIRST_ANSWERS:
            wait_until(lambda path=path: self.answers(path), f"{path} to answer", READY_SECONDS)

    def answers(self, path: str) -> bool:
        """Say whether a path opens for somebody who knows the authority."""
        trust = ssl.create_default_context(cafile=str(self.authority))
        try:
            return httpx.get(f"{self.origin}{path}", verify=trust, timeout=20).status_code == 200
        except httpx.TransportError:  # the proxy itself was just started
            return False

    @contextmanager
    def without(self, service: str) -> Iterator[None]:
        """Stop a container for the time of a block."""
        self.engine.run("stop", "--time", "30", self.name(service), quiet=True)
        try:
            yield
        finally:
            self.engine.run("start", self.name(service), quiet=True)

    def left(self) -> list[str]:
        """Return the names of everything of this project that the engine has."""
        label = f"label=com.docker.compose.project={self.project}"
        kinds = {"ps --all": "Names", "volume ls": "Name", "network ls": "Name"}
        return [
            name
            for kind, key in kinds.items()
            for name in self.engine.lines(
                *kind.split(), "--filter", label, "--format", f"{{{{.{key}}}}}"
            )
        ]
