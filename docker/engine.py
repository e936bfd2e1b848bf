"""Finds what runs containers here: docker or podman, and what understands the compose file."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("docker", "podman")
ANSWER_SECONDS = 20  # an engine that takes longer to say who it is does not work


class Refusal(Exception):  # noqa: N818  (an outcome)
    """It cannot be done here; the message says why and what to do."""


@dataclass(frozen=True)
class Engine:
    """Docker or podman."""

    name: str

    def run(self, *arguments: str, quiet: bool = False, text: str = "") -> None:
        """Run one of its commands on a text and let people see what it says, unless `quiet`.

        Raises
        ------
        Refusal
            If it failed.
        """
        done = subprocess.run(
            [self.name, *arguments],
            check=False,
            cwd=ROOT,
            env=environment(),
            input=text,
            text=True,
            stdout=subprocess.DEVNULL if quiet else None,
        )
        if done.returncode:
            raise Refusal(f"{self.name} {' '.join(arguments[:2])} failed; see above")

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of its commands and return what it says, whatever that is."""
        return subprocess.run(
            [self.name, *arguments],
            check=False,
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            text=True,
        )

    def lines(self, *arguments: str) -> list[str]:
        """Run one of its commands and return the lines it says."""
        return self.ask(*arguments).stdout.split()

    def has_image(self, image: str) -> bool:
        """Say whether an image is here."""
        return self.ask("image", "inspect", image).returncode == 0

    @property
    def compose(self) -> list[str]:
        """Return the command that understands compose files.

        Raises
        ------
        Refusal
            If there is none.
        """
        if self.name == "podman":
            if shutil.which("podman-compose"):
                return ["podman-compose"]
            raise Refusal("podman-compose is missing; on Debian: apt install podman-compose")
        if self.ask("compose", "version").returncode == 0:
            return ["docker", "compose"]
        raise Refusal(
            "docker's compose plugin is missing; "
            "https://docs.docker.com/compose/install/ says how to get it"
        )


def environment() -> dict[str, str]:
    """Return the environment engines get."""
    # Where no systemd runs, podman complains at every start that nobody would look at the health.
    is_booted = Path("/run/systemd/system").exists()
    return dict(os.environ) | ({} if is_booted else {"DISABLE_HC_SYSTEMD": "true"})


def find() -> Engine:
    """Return the engine CONTAINER_ENGINE names, or the first one that works.

    Raises
    ------
    Refusal
        If none does; says what each said.
    """
    chosen = os.environ.get("CONTAINER_ENGINE", "")
    said = {}
    for name in [chosen] if chosen else NAMES:
        said[name] = _why_not(name)
        if not said[name]:
            return Engine(name)
    reasons = "; ".join(f"{name}: {why}" for name, why in said.items())
    raise Refusal(
        f"nothing here runs containers ({reasons}). Start docker, or on Debian: "
        "apt install podman podman-compose"
    )


def _why_not(name: str) -> str:
    if not shutil.which(name):
        return "not installed"
    try:
        done = subprocess.run(
            [name, "info"], check=False, capture_output=True, text=True, timeout=ANSWER_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {ANSWER_SECONDS} s"
    return (done.stderr.strip().splitlines() or ["?"])[-1] if done.returncode else ""


def said_in_words(prefix: str, reason: Refusal) -> int:
    """Print why something cannot be done; return the exit status."""
    print(f"{prefix}: {reason}", file=sys.stderr)
    return 1
