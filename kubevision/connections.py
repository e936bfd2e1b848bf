"""HTTP between the rooms."""

from functools import cache

import httpx

# Reading the system's certificates takes 30 ms of CPU, a third of a password check; a client does
# it once. It keeps no connection: a call that meets one just closed by the other side would fail.
_NO_KEEPALIVE = httpx.Limits(max_keepalive_connections=0)


@cache
def client() -> httpx.Client:
    """Return this process's client for calls that are seldom; safe in many threads.

    Every call says its own timeout. No proxy of the environment may stand between the rooms.
    """
    return httpx.Client(limits=_NO_KEEPALIVE, trust_env=False)
