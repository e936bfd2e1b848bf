"""CPU time and cores of processes, as Linux tells them under /proc."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROC = Path("/proc")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_CORES = sorted(os.sched_getaffinity(0))  # before any block narrows them


def children(pid: int) -> list[int]:
    """Return the processes that this one started and that still run."""
    found = []
    for stat in PROC.glob("[0-9]*/stat"):
        fields = _fields(stat)
        if fields and int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, all its threads together; 0 if it is gone.

    Linux counts in hundredths of a second: measure over a second or more.
    """
    fields = _fields(PROC / str(pid) / "stat")
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND if fields else 0.0


def _fields(stat: Path) -> list[str]:
    """Return the fields behind the process's name, which may hold spaces and brackets."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:  # it ended meanwhile
        return []


@contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Start what is started in the block on the first cores; it stays there.

    A machine without as many cores to spare lets all share what there is: see `can_keep_apart`.
    """
    with _only_on(_CORES[:count] if can_keep_apart(count) else _CORES):
        yield


@contextmanager
def off_cores(count: int) -> Iterator[None]:
    """Keep this process off the cores that `on_cores` gives away."""
    with _only_on(_CORES[count:] if can_keep_apart(count) else _CORES):
        yield


@contextmanager
def _only_on(cores: list[int]) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def can_keep_apart(count: int) -> bool:
    """Say whether so many cores can be given away with as many left for the clients."""
    return len(_CORES) >= 2 * count
