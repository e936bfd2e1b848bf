"""Which index answers each question that a verification asks of facelogin's database."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from facelogin import spent_tickets, stores
from facelogin.spent_tickets import AttemptReport


def ask_as_a_verification_does(user_id: uuid.UUID) -> None:
    """Do with the database what one verification does, from the ticket to the report."""
    jti, session = f"bench {uuid.uuid4()}", "0" * 64
    report = AttemptReport(str(user_id), "temporarily_unavailable")
    now = timezone.now()
    spent_tickets.spend(jti, now, now + timedelta(minutes=2), report)
    attempt = stores.open_attempt(user_id, session)
    stores.is_ended(session)
    stores.current_reference(user_id)
    stores.owner_of_attempt(user_id)
    stores.close_attempt(user_id, attempt)
    spent_tickets.put_report(jti, report)
    spent_tickets.take_due_report(timedelta(seconds=30))
    spent_tickets.forget_report(jti)


def of(alias: str, work: Callable[[], None]) -> list[tuple[str, str]]:
    """Return each question of some work, as table and kind, and the index that answered it."""
    connection: Any = connections[alias]
    return (
        _on_mongodb(connection, work)
        if connection.vendor == "mongodb"
        else _on_sqlite(connection, work)
    )


def _on_mongodb(connection: Any, work: Callable[[], None]) -> list[tuple[str, str]]:
    database = connection.database
    database.command("profile", 2)
    work()
    database.command("profile", 0)
    return [
        (
            f"{each['ns'].partition('.')[2]}: {each['op']}",
            f"{each.get('planSummary', '-')}, {each.get('docsExamined', 0)} looked at",
        )
        for each in database["system.profile"].find({"ns": {"$not": {"$regex": "system"}}})
    ]


def _on_sqlite(connection: Any, work: Callable[[], None]) -> list[tuple[str, str]]:
    with CaptureQueriesContext(connection) as queries:
        work()
    found = []
    for each in queries:
        sql = each["sql"]
        named = re.search(r'"(facelogin_\w+)"', sql)
        if named is None or sql.startswith(("BEGIN", "COMMIT")):
            continue
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"))
            plan = "; ".join(row[3] for row in cursor.fetchall()) or "insert"
        found.append((f"{named[1]}: {sql.split()[0].lower()}", plan))
    return found
