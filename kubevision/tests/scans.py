"""Hears every question that tests ask MongoDB, and finds those that no index answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PROFILE_BYTES = 512 * 1024 * 1024
# Django's own, of a few rows that never grow with the people.
TINY = {"django_migrations", "django_content_type", "auth_permission", "auth_group"}


@contextmanager
def heard(connection: Any, *allowed: str) -> Iterator[None]:
    """Let the server write down what it is asked in a block; fail if it read whole tables.

    `allowed`: parts of questions that may, with a reason beside each.
    """
    database = connection.database
    database.command("profile", 0)
    database.drop_collection("system.profile")
    database.create_collection("system.profile", capped=True, size=PROFILE_BYTES)
    database.command("profile", 2)
    yield
    database.command("profile", 0)
    asked = map(_shape, database["system.profile"].find(_WHOLE))
    found = {each for each in asked if each and not any(one in each for one in (*allowed, *TINY))}
    assert not found, "no index answers:\n" + "\n".join(sorted(found))


_WHOLE = {"planSummary": {"$regex": "COLLSCAN"}}


def _shape(entry: dict[str, Any]) -> str:
    """Return a question in words; nothing if it names no condition and wants the whole table."""
    table = entry["ns"].partition(".")[2]
    asked = entry["command"].get("pipeline", entry["command"].get("q"))
    is_picking = "$match" in str(asked) if isinstance(asked, list) else bool(asked)
    return f"{table}: {entry['op']} {asked}" if is_picking or "$lookup" in str(asked) else ""
