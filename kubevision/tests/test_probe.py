import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from kubevision import management_port, probe
from kubevision.readiness import NotReady

IS_READY = f"{__name__}.is_ready"
IS_NOT_READY = f"{__name__}.is_not_ready"


def is_ready() -> None:
    """Stand for a check that passes."""


def is_not_ready() -> None:
    """Stand for a check that fails."""
    raise NotReady("the database cannot be read")


@pytest.fixture
def port(settings: Any) -> Iterator[int]:
    settings.MANAGEMENT_HOST, settings.MANAGEMENT_PORT = "127.0.0.1", 0
    settings.READINESS_CHECKS = {"database": IS_READY}
    settings.READINESS_NOTES = []
    listening = management_port.bind()
    management_port.start(listening)
    yield listening.getsockname()[1]
    management_port.stop()


def run(path: str, port: int | str) -> subprocess.CompletedProcess[str]:
    # A proxy of the environment must not be asked.
    env = os.environ | {"MANAGEMENT_PORT": str(port), "http_proxy": "http://127.0.0.1:1"}
    command = [sys.executable, "-m", "kubevision.probe", path]
    return subprocess.run(command, check=False, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("path", ["livez", "readyz"])
def test_all_is_well_without_a_word(port: int, path: str) -> None:
    done = run(path, port)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_fails_is_named(port: int, settings: Any) -> None:
    settings.READINESS_CHECKS = {"database": IS_NOT_READY, "keys": IS_READY}
    done = run("readyz", port)
    assert (done.returncode, done.stdout) == (1, "database: the database cannot be read\n")
    assert run("livez", port).returncode == 0


def test_nobody_there_is_said(port: int) -> None:
    management_port.stop()
    done = run("livez", port)
    assert done.returncode == 1 and f"port {port} does not answer" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_malformed_port_is_said() -> None:
    done = run("livez", "tcp://10.0.0.1:9000")
    assert done.returncode == 1 and "Example: MANAGEMENT_PORT=9000" in done.stdout


def test_it_costs_no_more_than_python_itself() -> None:
    """A probe runs every few seconds in every container: Django and its like stay out of it."""
    code = f"import sys, {probe.__name__}; print([n for n in sys.modules if 'django' in n])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
