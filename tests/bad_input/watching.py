"""What a case leaves behind: lines in the log, worker processes, and a person who must get in."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.product import Product

# What tells one run from another and one request from the next.
_TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ ")
_VARYING = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b"), "ID"),
    (re.compile(r"(?<= )[0-9a-f]{32}(?= )"), "REQUEST"),
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), r"\1:PORT"),
    (re.compile(r"0x[0-9a-f]+"), "ADDRESS"),
)
LONGEST_LINE = 160  # characters of a line that the table shows
SETTLE_SECONDS = 0.15  # until the pipe has brought what was logged


@dataclass
class Trace:
    """What was seen of one case."""

    log: list[str] = field(default_factory=list)
    workers_before: frozenset[int] = frozenset()
    workers_after: frozenset[int] = frozenset()

    @property
    def lost_workers(self) -> frozenset[int]:
        """Return the processes that are gone."""
        return self.workers_before - self.workers_after

    @property
    def broken(self) -> list[str]:
        """Return the lines that no bad input may cause."""
        return [line for line in self.log if "Traceback" in line or " CRITICAL " in line]


@contextmanager
def watched(product: Product) -> Iterator[Trace]:
    """Collect what the log says and which workers are lost while the block runs."""
    trace = Trace(workers_before=worker_pids(product))
    begin = len(product.log)
    yield trace
    time.sleep(SETTLE_SECONDS)
    trace.log = product.log[begin:]
    trace.workers_after = worker_pids(product)


def worker_pids(product: Product) -> frozenset[int]:
    """Return the recognition processes: the product's spawned children."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _is_worker(entry, product.process.pid):
            found.add(int(entry.name))
    return frozenset(found)


def _is_worker(entry: Path, parent: int) -> bool:
    try:
        state, ppid = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
        return int(ppid) == parent and state != "Z" and "spawn_main" in _command(entry)
    except (FileNotFoundError, ProcessLookupError):
        return False


def _command(entry: Path) -> str:
    return (entry / "cmdline").read_text()


def resident_bytes(product: Product) -> int:
    """Return how much memory the server's own process holds."""
    status = Path(f"/proc/{product.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def anonymous(lines: list[str]) -> list[str]:
    """Return log lines without what differs from run to run, each once."""
    said: list[str] = []
    for line in lines:
        kept = _TIME.sub("", line)
        for pattern, name in _VARYING:
            kept = pattern.sub(name, kept)
        if len(kept) > LONGEST_LINE:
            kept = kept[: LONGEST_LINE - 1] + "…"
        if kept not in said:
            said.append(kept)
    return said


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Return whether the condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()
