"""Runs the tests: `python -m tests.run` those of `make test`, `python -m tests.run accounts` one.

A room runs as it would in its image: a folder that holds `kubevision/` and that room alone, with
the room's own settings. What keeps rows runs once more on a real MongoDB, a replica set of one
(`accounts-mongodb`, `facelogin-mongodb`). Nothing runs twice on one database.

What crosses rooms runs on the whole tree, in parts:

- `edges`: bad input, settings, the floor
- `browser`: what people see and do in Chromium
- `whole`: all else

and in parts that targets beside `make test` run:

- `faults`: several copies; rooms, databases and live messages that go and come back
- `measurements`: the benchmarks and the evaluation, as little as shows that they work; photos and
  clips before the challenge; real people, where their pictures are
- `cluster`: what the overlays render to; it needs kubectl
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kubevision import keys

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("accounts", "facelogin", "dashboard")
BESIDE = ("faults", "measurements", "cluster")  # run by targets of their own
TOGETHER = ("whole", "browser", "edges", *BESIDE)
# What of a room runs on MongoDB as well: what keeps rows, not how requests and errors look.
ON_MONGODB = {
    "accounts-mongodb": [
        "accounts/tests",
        *(
            f"--ignore=accounts/tests/test_{name}.py"
            for name in ("errors", "bad_requests", "contract")
        ),
    ],
    "facelogin-mongodb": [
        "facelogin/tests/mongodb",
        *(
            f"facelogin/tests/test_{name}.py"
            for name in ("stores", "extensions", "reports", "ended_meanwhile", "ended_sessions")
        ),
        *(f"facelogin/tests/test_{name}.py" for name in ("extending", "cohort", "views")),
        *(f"facelogin/tests/test_{name}.py" for name in ("capture", "two_engines")),
        *(f"facelogin/tests/test_{name}.py" for name in ("backups", "key_renewal")),
    ],
}
# Names of files begin so.
BEGINNINGS = {
    "edges": ("test_bad_", "test_fuzz"),
    "faults": (
        *("test_copies", "test_two_copies", "test_replica_set", "test_backups"),
        *("test_live.", "test_drain", "test_prepare", "test_mongodb"),
    ),
    "measurements": ("test_bench", "test_evaluation", "test_real_people", "test_turning"),
    "browser": ("test_browser", "test_live_pages", "test_lost_factors", "test_policy", "test_auth"),
}
CLUSTER_DATABASES = "tests/cluster/test_databases.py"
NOT_COPIED = shutil.ignore_patterns("__pycache__")


def environment(**settings: str) -> dict[str, str]:
    """Return this environment without what would reach the product's settings from outside."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ACCOUNTS_", "FACELOGIN_"))}
    for name in (
        "DATABASE_URL",
        "PUBLIC_ORIGINS",
        "TRUSTED_PROXIES",
        "DATA_DIR",
        "MANAGEMENT_PORT",
    ):
        kept.pop(name, None)
    return kept | settings


def run_room(room: str, folder: Path, database: str = "", paths: list[str] | None = None) -> int:
    """Run one room's tests with the other packages out of reach."""
    for name in ("kubevision", room):
        shutil.copytree(ROOT / name, folder / name, ignore=NOT_COPIED)
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copy(ROOT / "manage.py", folder)
    keys.make_missing(folder / "keys")
    settings = {
        "DJANGO_SETTINGS_MODULE": f"kubevision.settings.{room}",
        "SECRET_KEY_FILE": str(folder / "keys/secret.key"),
        "SIGNING_KEY_FILE": str(folder / f"keys/{room}-signing.pem"),
        "TEMPLATE_KEY_FILE": str(folder / "keys/template.key"),
        "DATABASE_URL": database or f"sqlite:///{folder}/{room}.sqlite3",
    }
    return _pytest(paths or [f"{room}/tests"], folder, environment(**settings))


def run_on_mongodb(name: str, folder: Path) -> int:
    """Run what of a room keeps rows, on a server of its own."""
    from tests.mongod import running_mongod

    room = name.partition("-")[0]
    with running_mongod(folder / "mongod") as server:
        return run_room(room, folder, server.url(room), ON_MONGODB[name])


def run_together(paths: list[str], folder: Path) -> int:
    """Run tests that cross rooms."""
    keys.make_missing(folder / "keys")
    settings = {"DJANGO_SETTINGS_MODULE": "kubevision.settings.local", "DATA_DIR": str(folder)}
    return _pytest(paths, ROOT, environment(**settings))


def paths_of(part: str) -> list[str]:
    """Return what a part of the tests that cross rooms consists of."""
    if part == "cluster":
        return ["tests/cluster", f"--ignore={CLUSTER_DATABASES}"]
    names = [file.name for file in sorted((ROOT / "tests").glob("test_*.py"))]
    if part == "whole":
        elsewhere = tuple(beginning for group in BEGINNINGS.values() for beginning in group)
        return [f"tests/{name}" for name in names if not name.startswith(elsewhere)]
    own = [f"tests/{name}" for name in names if name.startswith(BEGINNINGS[part])]
    more = {"edges": ["kubevision/tests"], "faults": [CLUSTER_DATABASES]}
    return [*more.get(part, []), *own]


def _pytest(paths: list[str], folder: Path, env: dict[str, str]) -> int:
    command = [sys.executable, "-m", "pytest", *paths]
    started = time.monotonic()
    with subprocess.Popen(
        command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _pid, ended, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
    # In one piece: several of these run at a time.
    seconds, cpu = time.monotonic() - started, used.ru_utime + used.ru_stime
    print(f"== {' '.join(paths)}\n{said}== {seconds:.0f} s, {cpu:.0f} s of CPU", flush=True)
    return process.returncode


def run(name: str) -> bool:
    """Run a room's tests, or those of the whole; say whether they passed."""
    with tempfile.TemporaryDirectory(prefix=f"kubevision-{name}-") as folder:
        if name in TOGETHER:
            return run_together(paths_of(name), Path(folder)) == 0
        if name in ON_MONGODB:
            return run_on_mongodb(name, Path(folder)) == 0
        return run_room(name, Path(folder)) == 0


def main() -> int:
    """Run what was asked for; 0 if all of it passed."""
    # The longest first; MongoDB's disk is waited for, so that part goes beside those that compute.
    everything = (
        *("browser", "accounts-mongodb", "whole", "facelogin", "edges", "dashboard"),
        *("facelogin-mongodb", "accounts"),
    )
    chosen = sys.argv[1:] or everything
    unknown = set(chosen) - {*everything, *BESIDE}
    if unknown:
        print(f"no room {', '.join(unknown)}; there are {', '.join(ROOMS)}", file=sys.stderr)
        return 2
    # What crosses rooms waits for browsers and deadlines half of its time, so three at a time keep
    # two cores busy and four not idle.
    print(f"running the tests of {', '.join(chosen)}, three at a time", flush=True)
    with ThreadPoolExecutor(3) as lanes:
        passed = dict(zip(chosen, lanes.map(run, chosen), strict=True))
    failed = [name for name in chosen if not passed[name]]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
