"""Reading a whole database as it was at one moment, while it is written to."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction


@contextmanager
def snapshot(alias: str) -> Iterator[None]:
    """Let every read in a block see the same moment; nobody who writes waits for it."""
    connection = connections[alias]
    connection.ensure_connection()
    if connection.vendor == "mongodb":
        with connection.snapshot():  # type: ignore[attr-defined]  # ours: kubevision.mongodb
            yield
        return
    # SQLite's own, in WAL mode. What writes takes the lock at once (kubevision.settings.env); what
    # only reads must not.
    usual = connection.transaction_mode  # type: ignore[attr-defined]
    connection.transaction_mode = "DEFERRED"  # type: ignore[attr-defined]
    try:
        with transaction.atomic(using=alias):
            yield
    finally:
        connection.transaction_mode = usual  # type: ignore[attr-defined]
