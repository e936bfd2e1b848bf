"""Kills a process between two writes to MongoDB, really: SIGKILL, no goodbye.

MongoDB's backend has no transactions as Django knows them, so whatever was written stays. Each use
case is run in a child that dies after so many writes, for every number until it comes through.
"""

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connections
from pymongo.collection import Collection
from pymongo.database import Database

WRITES = {
    Collection: (
        *("insert_many", "insert_one", "update_many", "delete_many"),
        *("create_indexes", "drop_index", "drop"),
    ),
    Database: ("create_collection",),
}


def _comes_through(work: Callable[[], object], writes: int) -> bool:
    """Do some work in a child that dies before it writes more than so many times."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            forget_connections()
            die_after(writes)
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    _pid, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        assert os.WTERMSIG(ended) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(ended) == 0, "the work failed; see above"
    return True


def forget_connections() -> None:
    """Leave the parent's sockets to the parent."""
    for connection in connections.all(initialized_only=True):
        connection.connection = None
        connection.__dict__.pop("database", None)
        connection._connection_pools.clear()  # type: ignore[attr-defined]


def die_after(writes: int) -> None:
    """Let this process write so many times to MongoDB, and die instead of the next time."""
    left = writes

    def counted(write: Callable[..., Any]) -> Callable[..., Any]:
        def one(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return write(*arguments, **options)

        return one

    for kind, names in WRITES.items():
        for name in names:
            setattr(kind, name, counted(getattr(kind, name)))


def deaths(prepare: Callable[[], Callable[[], object]]) -> Iterator[int]:
    """Yield after each death: before the first write, after one, and so on; not after none.

    `prepare` makes a fresh start and returns the work. At least one write must be among it.
    """
    writes = 0
    while not _comes_through(prepare(), writes):
        yield writes
        writes += 1
    assert writes, "the work wrote nothing"
