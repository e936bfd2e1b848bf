"""Starts the real product, all three rooms, in a process and a folder of its own."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kubevision import keys
from tests.run import ROOT, environment
from tests.settings.listening import CONTRACT_BROKEN

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 30.0
# The product as it is, without the ear that the tests have on every answer.
UNCHECKED = {"DJANGO_SETTINGS_MODULE": "kubevision.settings.local"}


class Installation(Protocol):
    """What runs somewhere and can be visited."""

    @property
    def origin(self) -> str:
        """Return scheme, host and port that browsers use."""


@dataclass
class Product:
    """A running product."""

    origin: str
    folder: Path
    process: subprocess.Popen[str]
    management: str = ""
    log: list[str] = field(default_factory=list)
    ready_after_seconds: float = 0.0
    settings: dict[str, str] = field(default_factory=dict)  # beside those every product here gets

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self.origin.rsplit(":", 1)[1])


# Below the ports that systems hand out for outgoing connections: those may be taken at any time.
PORTS = range(18_000, 28_000)


def free_port() -> int:
    """Return a port of loopback that nobody uses now."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port was found")


def hear_ctrl_c() -> None:
    """Undo what a shell does to jobs in the background: they ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def running_product(folder: Path, **settings: str) -> Iterator[Product]:
    """Run the product until the block is left; its output is in `log`."""
    origin = f"http://localhost:{free_port()}"
    keys.make_missing(folder / "keys")
    defaults = {
        "DJANGO_SETTINGS_MODULE": "tests.settings.local",
        "DATA_DIR": str(folder),
        "PUBLIC_ORIGINS": origin,
        "FACELOGIN_WORKERS": "2",
        "FACELOGIN_CHALLENGE": "none",  # feeds do not turn their heads; tests that do say so
        "MANAGEMENT_PORT": str(free_port()),
    }
    env = environment(**defaults | settings)
    subprocess.run([sys.executable, "manage.py", "prepare"], check=True, cwd=ROOT, env=env)
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "kubevision.serve"],
        cwd=ROOT,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a test's Ctrl-C is not the product's
        preexec_fn=hear_ctrl_c,  # noqa: PLW1509  (two system calls, no lock taken)
    )
    product = Product(
        origin,
        folder,
        process,
        management=f"http://localhost:{env['MANAGEMENT_PORT']}",
        settings=settings,
    )
    ready = threading.Event()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            product.log.append(line.rstrip())
            if "is ready" in line:
                product.ready_after_seconds = time.monotonic() - started
                ready.set()
        ready.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        ready.wait(START_TIMEOUT_SECONDS)
        if not any("is ready" in line for line in product.log):
            raise RuntimeError("the product did not start:\n" + "\n".join(product.log))
        yield product
    finally:
        stop(process)
        reader.join(timeout=5)
        if process.stdout is not None:
            process.stdout.close()
    if broken := [line for line in product.log if CONTRACT_BROKEN in line]:
        raise AssertionError("\n".join(broken))


def stop(process: subprocess.Popen[str]) -> None:
    """End the product as a service manager would."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
