"""`make up` where something is missing, taken, half there or gone: it says so and does no harm."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docker.engine import Engine
from tests.containers.stack import Stack, make
from tests.run import ROOT
from tests.three_rooms import wait_until


@pytest.fixture(scope="module")
def other(
    engine: Engine, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A stack of its own that is not started yet."""
    assert images
    made = Stack(engine, "kubevision-other", tmp_path_factory.mktemp("other"))
    made.down("DATA=delete")  # what a run that was killed left
    yield made
    made.down("DATA=delete")


def refused(done: subprocess.CompletedProcess[str], *words: str) -> bool:
    """Say whether make ended with these words and without a traceback."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return all(word in done.stderr for word in words)


def test_a_taken_port_is_said_before_anything_starts(other: Stack) -> None:
    with socket.create_server(("127.0.0.1", other.port)):
        done = other.up()
    assert refused(done, f"127.0.0.1:{other.port} cannot be taken", "Example: PUBLIC_ORIGINS=")
    assert other.left() == []


def test_an_image_that_is_not_here_is_named(other: Stack) -> None:
    done = make("up", **other.settings, FACELOGIN_ENGINE="eigenfaces")
    assert refused(done, "kubevision-facelogin:", "-eigenfaces is not here", "make images")
    assert other.left() == []


def test_an_origin_without_tls_is_refused(other: Stack) -> None:
    done = make("up", **other.settings | {"PUBLIC_ORIGINS": "http://localhost:8000"})
    assert refused(done, "PUBLIC_ORIGINS must begin with an https:// origin")


@pytest.mark.parametrize("target", ["images", "up", "down"])
def test_without_an_engine_it_says_what_to_install(target: str, tmp_path: Path) -> None:
    (tmp_path / "python3").symlink_to(Path(sys.executable).resolve())
    for program in ("bash", "make"):
        (tmp_path / program).symlink_to(str(shutil.which(program)))
    done = make(target, PATH=str(tmp_path))
    assert refused(done, "nothing here runs containers", "apt install podman podman-compose")


def test_the_chosen_engine_is_the_one(tmp_path: Path) -> None:
    done = make("up", CONTAINER_ENGINE="nerdctl")
    assert refused(done, "nerdctl: not installed")


def test_ending_what_never_ran_is_fine(other: Stack) -> None:
    done = other.down()
    assert (done.returncode, done.stderr) == (0, "")


def _killed_in_the_middle(other: Stack) -> None:
    process = subprocess.Popen(
        ["make", "--silent", "up"],
        cwd=ROOT,
        env=os.environ | other.settings,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: other.name("accounts-db") in other.left(), "the first database")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def in_volume(other: Stack, command: str) -> None:
    """Do something to the keys of facelogin while nothing runs."""
    volume = f"{other.project}_facelogin-keys:/run/secrets/kubevision"
    image = other.engine.lines("image", "ls", "--format", "{{.Repository}}:{{.Tag}}")
    name = next(each for each in image if "kubevision-facelogin:" in each)
    other.engine.run("run", "--rm", "--volume", volume, name, "sh", "-c", command, quiet=True)


def test_a_first_start_that_was_killed_goes_on_and_a_lost_key_is_not_replaced(
    other: Stack,
) -> None:
    _killed_in_the_middle(other)
    started = other.up()
    assert started.returncode == 0, started.stderr
    assert f"open {other.origin}" in started.stdout and str(other.authority) in started.stdout
    assert "BEGIN CERTIFICATE" in other.authority.read_text()

    assert other.down().returncode == 0
    in_volume(other, "cd /run/secrets/kubevision && mv template.key kept")
    assert refused(other.up(), "template.key is gone", "from your copy")
    assert other.down().returncode == 0
    in_volume(other, "cd /run/secrets/kubevision && mv kept template.key")
    assert other.up().returncode == 0

    assert other.down("DATA=delete").returncode == 0
    assert other.left() == [] and not other.authority.exists()
