"""Starting and stopping, as people do it."""

import os
import resource
import select
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from kubevision import keys
from kubevision.bounded_connections import RESERVED_DESCRIPTORS
from tests.product import Product, free_port, running_product
from tests.run import ROOT, environment
from tests.three_rooms import wait_until


def _processes_of(product: Product) -> list[str]:
    """Return the command lines of what still lives in the product's process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            group = os.getpgid(int(entry.name))
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            command = (entry / "cmdline").read_text()  # empty: it has let go of all it had
            if group == product.process.pid and state != "Z" and command:
                found.append(command)
        except (ProcessLookupError, FileNotFoundError):
            continue
    return found


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
def test_it_leaves_quietly_and_takes_its_workers_along(tmp_path: Path, how: str) -> None:
    with running_product(tmp_path) as product:
        assert len(_processes_of(product)) >= 3  # itself and two workers
        if how == "Ctrl-C":  # reaches every process of a terminal
            os.killpg(product.process.pid, signal.SIGINT)
        else:
            product.process.terminate()
        assert product.process.wait(timeout=20) == 0
        # The last helper, Python's own, ends once it notices that nobody is left.
        wait_until(lambda: not _processes_of(product), "its workers to be gone", 10)
    assert not any("Traceback" in line for line in product.log)


def test_it_leaves_while_it_starts(tmp_path: Path) -> None:
    """As the first process of a container, which hears no signal that it does not ask for."""
    keys.make_missing(tmp_path / "keys")
    process = subprocess.Popen(
        [sys.executable, "-m", "kubevision.serve"],
        cwd=ROOT,
        env=environment(DATA_DIR=str(tmp_path)),
    )
    try:
        wait_until(lambda: _hears(process.pid, signal.SIGTERM), "it to hear signals")
        process.terminate()
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()


def _hears(pid: int, number: signal.Signals) -> bool:
    """Say whether a process has a handler of its own for a signal."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (caught,) = [line.split()[1] for line in lines if line.startswith("SigCgt")]
    return bool(int(caught, 16) >> (number - 1) & 1)


def test_idle_connections_take_no_more_than_their_share(tmp_path: Path) -> None:
    """With few files to give, as in a container: the rest is kept for what the product needs."""
    room_for = 20
    with running_product(tmp_path) as product:
        files = RESERVED_DESCRIPTORS + room_for
        _, most = resource.prlimit(product.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(product.process.pid, resource.RLIMIT_NOFILE, (files, most))
        with ExitStack() as stack:
            idle = [
                stack.enter_context(socket.create_connection(("127.0.0.1", product.port)))
                for _ in range(3 * room_for)
            ]
            wait_until(
                lambda: len(idle) - len(select.select(idle, [], [], 0)[0]) <= room_for,
                "who comes too much to be hung up on",
            )
            assert httpx.get(f"{product.management}/readyz").status_code == 200
        wait_until(lambda: is_answered(product), "a place to be free again")
    assert sum("connections are held" in line for line in product.log) == 1
    assert not any("Traceback" in line for line in product.log)


def is_answered(product: Product) -> bool:
    try:
        return httpx.get(f"{product.origin}/login").status_code == 200
    except httpx.TransportError:
        return False


def test_a_taken_port_is_said_with_what_to_do(tmp_path: Path, product: Product) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        origin = f"http://localhost:{taken.getsockname()[1]}"
        env = environment(
            DJANGO_SETTINGS_MODULE="kubevision.settings.local",
            DATA_DIR=str(product.folder),
            PUBLIC_ORIGINS=origin,
            FACELOGIN_WORKERS="1",
            MANAGEMENT_PORT=str(free_port()),
        )
        done = subprocess.run(
            [sys.executable, "-m", "kubevision.serve"],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert "cannot listen" in done.stderr and "PUBLIC_ORIGINS=" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unmeasured_operating_point_stops_the_start(product: Product) -> None:
    env = environment(
        DJANGO_SETTINGS_MODULE="kubevision.settings.local",
        DATA_DIR=str(product.folder),
        FACELOGIN_FALSE_MATCH_RATE="0.000001",
    )
    command = [sys.executable, "-m", "kubevision.serve"]
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert "FACELOGIN_FALSE_MATCH_RATE=0.001" in done.stderr and "Traceback" not in done.stderr
