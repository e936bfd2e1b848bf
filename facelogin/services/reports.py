"""Telling accounts how attempts ended: kept in the database, sent by a thread, tried again."""

import logging
import threading
from datetime import timedelta

from django.db import close_old_connections

from facelogin import clients, spent_tickets, tokens
from facelogin.spent_tickets import AttemptReport
from kubevision import databases

logger = logging.getLogger(__name__)

# A try too few for some seconds harms nobody; accounts that comes back must not be flooded.
RETRY_AFTER = timedelta(seconds=30)

_wake = threading.Event()
_stopping = threading.Event()
_thread: threading.Thread | None = None


def put(jti: str, report: AttemptReport) -> None:
    """Keep how an attempt ended and wake the thread that tells it."""
    spent_tickets.put_report(jti, report)
    _wake.set()


def deliver_due() -> dict[str, int]:
    """Tell accounts everything that is due; return how much it heard.

    Ends at the first report that is not heard: the rest would fare the same.
    """
    heard = 0
    while (due := spent_tickets.take_due_report(RETRY_AFTER)) is not None:
        jti, report = due
        token = tokens.sign_report(
            {
                "sub": report.user_id,
                "nonce": jti,
                "outcome": report.outcome,
                "accepted_frames": report.accepted_frames,
                "reasons": report.reasons,
                "engine": report.engine,
                "duration_ms": report.duration_ms,
            }
        )
        try:
            clients.post_report(token)
        except clients.ReportNotHeard as error:
            logger.warning("a report was not heard and is kept: %s", error)
            break
        spent_tickets.forget_report(jti)
        heard += 1
    return {"reports": heard}


def _deliver_until_stopped() -> None:
    while not _stopping.is_set():
        _wake.wait(RETRY_AFTER.total_seconds())
        _wake.clear()
        try:
            databases.ask_none_that_is_gone()
            deliver_due()
        except databases.errors() as error:
            logger.warning("reports wait for the database: %s", databases.in_a_line(error))
        except Exception:  # one failed round must not end the thread; the reports are kept
            logger.exception("reports could not be told; they are tried again")
        close_old_connections()


def start() -> None:
    """Start the thread; it begins with what an earlier process left."""
    global _thread  # noqa: PLW0603  (one thread a process)
    _stopping.clear()
    _wake.set()
    _thread = threading.Thread(target=_deliver_until_stopped, name="reports", daemon=True)
    _thread.start()


def stop() -> None:
    """Send what is due now and end the thread; what stays is sent by the next process."""
    _stopping.set()
    _wake.set()
    if _thread is not None:
        _thread.join(clients.TIMEOUT_SECONDS + 1)
