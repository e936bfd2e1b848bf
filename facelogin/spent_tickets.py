"""Tickets used up, each with the report that accounts is owed of its attempt."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from facelogin import lives
from facelogin.models import Restore, SpentTicket
from kubevision.tokens import LEEWAY_SECONDS


@dataclass(frozen=True)
class AttemptReport:
    """What accounts is told of one attempt (contract section 2)."""

    user_id: str
    outcome: str
    accepted_frames: int = 0
    reasons: list[str] = field(default_factory=list)
    engine: str = ""
    duration_ms: int = 0

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "AttemptReport":
        """Return a kept report; what a newer copy added to it is left out."""
        return cls(**{each.name: kept[each.name] for each in fields(cls) if each.name in kept})


def spend(
    jti: str, issued_at: datetime, expires_at: datetime, report: AttemptReport | None = None
) -> bool:
    """Use a ticket up; False if it was used before, or may have been before a backup was restored.

    `report` is what accounts will hear of the attempt if this process dies before it ends.
    """
    # The database that knew may be the one that was lost. Clocks differ by the reader's leeway.
    leeway = timedelta(seconds=LEEWAY_SECONDS)
    if Restore.objects.filter(finished_at__gte=issued_at - leeway).exists():
        return False
    try:
        SpentTicket.objects.create(
            jti=jti,
            expires_at=expires_at + lives.SPENT_TICKET,
            report=asdict(report) if report else None,
            report_due_at=timezone.now() + lives.ATTEMPT if report else None,
        )
    except IntegrityError:
        return False
    return True


def put_report(jti: str, report: AttemptReport) -> None:
    """Note how an attempt ended; the report is due now."""
    SpentTicket.objects.filter(jti=jti).update(report=asdict(report), report_due_at=timezone.now())


def take_due_report(retry_after: timedelta) -> tuple[str, AttemptReport] | None:
    """Return a ticket's id and its due report, which is due again later unless it gets through.

    Two copies at once never take the same one.
    """
    now = timezone.now()
    while True:
        row = SpentTicket.objects.filter(report_due_at__lte=now).order_by("report_due_at").first()
        if row is None:
            return None
        taken = SpentTicket.objects.filter(jti=row.jti, report_due_at=row.report_due_at).update(
            report_due_at=now + retry_after
        )
        if taken:
            assert row.report is not None  # what is due is there
            return row.jti, AttemptReport.read(row.report)


def forget_report(jti: str) -> None:
    """Note that accounts has heard it."""
    SpentTicket.objects.filter(jti=jti).update(report=None, report_due_at=None)


def remove_expired() -> int:
    """Delete tickets that nobody could show again and whose report was heard; return how many."""
    now = timezone.now()
    is_told = Q(report_due_at=None) | Q(expires_at__lte=now - lives.REPORT)
    return SpentTicket.objects.filter(is_told, expires_at__lte=now).delete()[0]
