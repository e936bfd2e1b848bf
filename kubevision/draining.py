"""Whether this process is on its way out, and what still runs in it.

The server begins and ends the drain. Whatever serves people asks whether new work may begin, and
wraps what must not be cut off. Begun and ended in the event loop; readiness asks from its thread.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_is_draining = False
_unfinished = 0
_waiting: set[asyncio.Future[None]] = set()


def is_draining() -> bool:
    """Say whether new work should go to another copy."""
    return _is_draining


def unfinished() -> int:
    """Return how many pieces of work run now."""
    return _unfinished


@contextmanager
def unfinished_work() -> Iterator[None]:
    """Count the block as work that a drain waits for."""
    global _unfinished  # noqa: PLW0603  (one server a process)
    _unfinished += 1
    try:
        yield
    finally:
        _unfinished -= 1


def begin() -> None:
    """Turn new work away from now on."""
    global _is_draining  # noqa: PLW0603  (one server a process)
    _is_draining = True


def end() -> None:
    """Tell all that still runs that its time is over."""
    for future in _waiting:
        if not future.done():
            future.set_result(None)


async def time_is_over() -> None:
    """Wait until a drain ends; for ever if none comes."""
    # A future for each waiter: one event for all would belong to the first waiter's loop.
    future = asyncio.get_running_loop().create_future()
    _waiting.add(future)
    try:
        await future
    finally:
        _waiting.discard(future)


def forget() -> None:
    """Be as before any drain: for a process that serves again."""
    global _is_draining  # noqa: PLW0603  (one server a process)
    _is_draining = False
