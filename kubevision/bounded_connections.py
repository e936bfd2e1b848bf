"""Daphne's connections, fewer than the system gives this process files for.

Without a bound a flood of idle connections takes every descriptor, and then the database, Redis and
the recognition processes find none. Whoever comes beyond it is hung up on; an ingress tries the
next copy.
"""

import logging
import resource
from typing import Any

from daphne import server
from daphne.http_protocol import HTTPFactory
from twisted.internet import reactor as twisted_reactor

logger = logging.getLogger(__name__)

reactor: Any = twisted_reactor  # Twisted types the module, not the reactor it is replaced by

# A thousand open pages (facelogin.listeners), 16 attempts a worker, and the calls beside them.
MAX_CONNECTIONS = 2048
# Connections to a database (64 at the most) and to Redis, pipes of workers, files, the log.
RESERVED_DESCRIPTORS = 128


def most_connections() -> int:
    """Return how many connections this process may hold now."""
    descriptors, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, descriptors - RESERVED_DESCRIPTORS)


class BoundedFactory(HTTPFactory):  # type: ignore[misc]  # Daphne ships no types
    """Takes a connection if there is room for it."""

    is_full = False

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802  (Twisted's name)
        """Return what will speak with a newcomer; None hangs up."""
        was_full, self.is_full = self.is_full, len(reactor.getReaders()) >= most_connections()
        if self.is_full:
            if not was_full:  # one line for a flood
                logger.warning("no more than %d connections are held", most_connections())
            return None
        return super().buildProtocol(addr)


def install() -> None:
    """Make Daphne use it, and ask the system for as many files as it allows."""
    server.HTTPFactory = BoundedFactory
    wanted = MAX_CONNECTIONS + RESERVED_DESCRIPTORS
    descriptors, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in {descriptors, most} and descriptors < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(descriptors, min(wanted, most)), most))
