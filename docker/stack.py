"""Starts and ends everything in the compose file: `python -m docker.stack up|down [--delete-data]`.

The compose file says what runs. Here is what it cannot say: what to do when something is missing or
taken, and when it is ready.
"""

import argparse
import os
import socket
import ssl
import subprocess
import sys
import time
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from docker.engine import ROOT, Engine, Refusal, environment, find, said_in_words
from docker.images import COMPOSE_FILE, ROOMS, image, tag

PROJECT = os.environ.get("COMPOSE_PROJECT_NAME") or "kubevision"
DEFAULT_ORIGIN = "https://localhost:8443"
DATA_DIR = Path(os.environ.get("DATA_DIR") or ROOT / "var")
# For browsers: who signed the proxy's certificate.
AUTHORITY = DATA_DIR / "compose" / "authority.pem"
LOG = DATA_DIR / "compose" / "up.log"
READY_SECONDS = 180  # a slow disk makes two new databases in less
STOP_SECONDS = 30  # longer than a room takes to let people finish
HTTPS_PORT = 443
MAKES_KEYS = ("proxy-keys", "dashboard-keys", "accounts-keys", "facelogin-keys")


class Stack:
    """Everything in the compose file, on one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.origin = os.environ.get("PUBLIC_ORIGINS", DEFAULT_ORIGIN).split(",")[0].strip()
        parts = urlsplit(self.origin)
        self.host, self.port = parts.hostname or "", parts.port or HTTPS_PORT
        # What is for this machine alone is not offered to others.
        is_local = self.host in {"localhost", "127.0.0.1"}
        self.address = os.environ.get("LISTEN") or ("127.0.0.1" if is_local else "0.0.0.0")  # noqa: S104

    # -- up ---------------------------------------------------------------------------------------

    def up(self) -> None:
        """Start everything and wait until people can come."""
        if not (self.origin.startswith("https://") and self.host):
            raise Refusal(
                f"PUBLIC_ORIGINS must begin with an https:// origin, not {self.origin!r}. "
                f"Example: PUBLIC_ORIGINS={DEFAULT_ORIGIN} make up"
            )
        for room in ROOMS:
            if not self.engine.has_image(image(room)):
                raise Refusal(
                    f"the image {image(room)} is not here; `make images` builds it, and "
                    f"`{self.engine.name} load` takes it from an archive of `make images-save`"
                )
        if self.engine.name == "podman" and self._containers():
            # podman-compose would leave what runs as it is, whatever changed.
            print("ending what runs; its data stay")
            self.down()
        self._check_port()
        print("starting; the first time this takes a minute or two")
        try:
            self._compose("up", "-d")
        except Refusal:
            self._check_keys()
            raise
        self._wait()
        print(
            f"KubeVision is ready: open {self.origin}\n"
            f"Its certificate is signed by {AUTHORITY}: take that file into the browser as a "
            "certificate authority. It can vouch for this address only."
        )

    def _check_port(self) -> None:
        if self._state("proxy") == "running":
            return
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        with socket.socket(family) as probe:
            # What only waits for its last packets to be forgotten is no other program.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.address, self.port))
            except PermissionError:
                if self.engine.name == "docker":
                    return  # its daemon may
                raise Refusal(
                    f"port {self.port} is for root only. Example of another: "
                    f"PUBLIC_ORIGINS=https://{self.host}:8443 make up"
                ) from None
            except OSError as error:
                raise Refusal(
                    f"{self.address}:{self.port} cannot be taken: {os.strerror(error.errno or 0)}. "
                    "If another program uses the port, choose one. Example: "
                    f"PUBLIC_ORIGINS=https://{self.host}:9443 make up"
                ) from None

    def _wait(self) -> None:
        ends_at = time.monotonic() + READY_SECONDS
        while problem := self._problem():
            self._check_keys()
            if time.monotonic() > ends_at:
                raise Refusal(f"not ready after {READY_SECONDS} s: {problem}")
            time.sleep(1)

    def _check_keys(self) -> None:
        """Hand on what a one-shot says that could not make its keys."""
        for name in MAKES_KEYS:
            if self._state(name) == "exited" and self._exit_status(name):
                raise Refusal(self._last_words(name))

    def _problem(self) -> str:
        """Return what is not ready yet, and why."""
        for room in ROOMS:
            asked = self.engine.ask(
                "exec", self._name(room), "python", "-m", "kubevision.probe", "readyz"
            )
            if asked.returncode:
                said = (asked.stdout + asked.stderr).strip() or "it does not run"
                return f"{room}: {said} (`{self.engine.name} logs {self._name(room)}` tells more)"
        try:
            self._visit()
        except (OSError, HTTPException) as error:
            logs = f"{self.engine.name} logs {self._name('proxy')}"
            return f"{self.origin}: {error} (`{logs}` tells more)"
        return ""

    def _visit(self) -> None:
        """Open the first page as a browser would that knows the authority.

        Raises
        ------
        OSError, HTTPException
            If it does not open.
        """
        # Held by the container that has it in any case; for a browser it has to be here.
        held = self.engine.ask(
            "exec", self._name("proxy"), "cat", "/run/secrets/kubevision/authority.pem"
        )
        if held.returncode:
            raise ConnectionError(held.stderr.strip() or "the proxy does not run")
        AUTHORITY.write_text(held.stdout)
        context = ssl.create_default_context(cafile=str(AUTHORITY))
        page = _Named(self.host, self.port, context=context, timeout=10)
        # The name may lead to another machine, or to none yet.
        page.address = "127.0.0.1" if self.address == "0.0.0.0" else self.address  # noqa: S104
        try:
            page.request("GET", "/")
            status = page.getresponse().status
        finally:
            page.close()
        if status >= 500:
            raise HTTPException(f"the first page answers {status}")

    # -- down -------------------------------------------------------------------------------------

    def down(self, *, delete_data: bool = False) -> None:
        """End everything; with `delete_data` nothing is left of it."""
        self._compose("down", "-t", str(STOP_SECONDS))
        # podman-compose leaves behind what was just being started again, and its networks.
        for container in self._containers():
            self.engine.ask("rm", "--force", container)
        if left := self._containers():
            raise Refusal(f"these did not end: {', '.join(left)}")
        for network in self._ours("network", "ls"):
            self.engine.ask("network", "rm", network)
        if delete_data:
            for volume in self._ours("volume", "ls"):
                self.engine.run("volume", "rm", volume, quiet=True)
            AUTHORITY.unlink(missing_ok=True)

    # -- what both need ---------------------------------------------------------------------------

    def _compose(self, *arguments: str) -> None:
        settings = {
            "COMPOSE_PROJECT_NAME": PROJECT,
            "FACELOGIN_TAG": tag("facelogin"),
            "HTTPS_PORT": str(self.port),
            "KUBEVISION_VERSION": tag("accounts"),
            "LISTEN": self.address,
            "PUBLIC_ORIGINS": os.environ.get("PUBLIC_ORIGINS", DEFAULT_ORIGIN),
            "FACELOGIN_PUBLIC_URL": os.environ.get("FACELOGIN_PUBLIC_URL", self.origin),
        }
        AUTHORITY.parent.mkdir(parents=True, exist_ok=True)
        command = [*self.engine.compose, "-p", PROJECT, "-f", str(COMPOSE_FILE), *arguments]
        with LOG.open("w") as log:
            # docker compose tells a terminal how far it is; podman-compose tells its commands.
            is_told = self.engine.name == "docker"
            done = subprocess.run(
                command,
                check=False,
                env=environment() | settings,
                stdout=None if is_told else log,
                stderr=None if is_told else log,
            )
        if done.returncode:
            said = "see above" if is_told else f"see {LOG}"
            raise Refusal(f"{' '.join(self.engine.compose)} {arguments[0]} failed; {said}")

    def _name(self, service: str) -> str:
        return f"{PROJECT}-{service}"

    def _state(self, service: str) -> str:
        return self.engine.ask(
            "container", "inspect", "--format", "{{.State.Status}}", self._name(service)
        ).stdout.strip()

    def _exit_status(self, service: str) -> int:
        said = self.engine.ask(
            "container", "inspect", "--format", "{{.State.ExitCode}}", self._name(service)
        )
        return int(said.stdout.strip() or 0)

    def _last_words(self, service: str) -> str:
        words = ""
        for _try in range(5):
            said = self.engine.ask("logs", "--tail", "3", self._name(service))
            if words := (said.stdout + said.stderr).strip():
                break
            time.sleep(1)  # podman knows that it ended before it knows what it said
        return f"{self._name(service)}: {words or 'failed without a word'}"

    def _containers(self) -> list[str]:
        return self._ours("ps", "--all", field="Names")

    def _ours(self, *command: str, field: str = "Name") -> list[str]:
        label = f"label=com.docker.compose.project={PROJECT}"
        return self.engine.lines(*command, "--filter", label, "--format", f"{{{{.{field}}}}}")


class _Named(HTTPSConnection):
    """A connection to one machine that asks for another name's certificate."""

    address = ""

    def connect(self) -> None:
        """Connect to the address, then speak to the name."""
        plain = socket.create_connection((self.address, self.port), self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)  # type: ignore[attr-defined]


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up")
    down = verbs.add_parser("down")
    down.add_argument(
        "--delete-data", action="store_true", help="databases, keys and backups, for good"
    )
    options = parser.parse_args()
    try:
        stack = Stack(find())
        if options.verb == "up":
            stack.up()
        else:
            stack.down(delete_data=options.delete_data)
    except Refusal as reason:
        return said_in_words(f"make {options.verb}", reason)
    except KeyboardInterrupt:
        return said_in_words(f"make {options.verb}", Refusal("stopped; the same command goes on"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
