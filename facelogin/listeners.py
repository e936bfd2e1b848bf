"""The live sockets of this process: who listens, and how they are told.

Added and removed in the event loop, told from any thread.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from facelogin import metrics
from facelogin.protocol import Message

# 500 idle sockets cost 20 MiB and 3 % of a core (bench live): 1 000 are less than a worker takes.
MAX_LISTENERS = 1000
# A person has some pages open; whoever opens more takes places of others.
MAX_LISTENERS_OF_A_SESSION = 16


@dataclass(frozen=True, eq=False)
class Listener:
    """One open page. `hear` may be called in any thread, and never waits."""

    user_id: str
    session_hash: str
    hear: Callable[[Message], None]


_lock = threading.Lock()
_of_sessions: dict[str, set[Listener]] = {}
_of_people: dict[str, set[Listener]] = {}


def add(listener: Listener) -> bool:
    """Let a page listen; False if too many do."""
    with _lock:
        of_session = _of_sessions.get(listener.session_hash, set())
        everybody = sum(map(len, _of_sessions.values()))
        if everybody >= MAX_LISTENERS or len(of_session) >= MAX_LISTENERS_OF_A_SESSION:
            return False
        _of_sessions.setdefault(listener.session_hash, set()).add(listener)
        _of_people.setdefault(listener.user_id, set()).add(listener)
        metrics.LIVE_SOCKETS.set(everybody + 1)
        return True


def remove(listener: Listener) -> None:
    """Forget a page that is gone; one that never listened is fine."""
    with _lock:
        for group, key in (
            (_of_sessions, listener.session_hash),
            (_of_people, listener.user_id),
        ):
            left = group.get(key, set()) - {listener}
            if left:
                group[key] = left
            else:
                group.pop(key, None)
        metrics.LIVE_SOCKETS.set(sum(map(len, _of_sessions.values())))


def of_session(session_hash: str) -> list[Listener]:
    """Return the pages of a session."""
    with _lock:
        return list(_of_sessions.get(session_hash, ()))


def of_person(user_id: str) -> list[Listener]:
    """Return the pages of a person, in all their sessions."""
    with _lock:
        return list(_of_people.get(user_id, ()))


def sessions() -> list[str]:
    """Return the sessions that anybody listens for."""
    with _lock:
        return list(_of_sessions)


def everybody() -> list[Listener]:
    """Return all pages."""
    with _lock:
        return [listener for group in _of_sessions.values() for listener in group]
