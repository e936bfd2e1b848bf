"""Runs the rooms' housekeeping: a command in a cluster's CronJob, a thread on a laptop.

Where there is neither, `python -m kubevision.housekeeping` runs it once a minute until a signal.
"""

import logging
import signal
import threading

from django.conf import settings
from django.db import close_old_connections
from django.utils.module_loading import import_string

from kubevision import databases, startup

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 60.0  # a pending reference lives 10 minutes; a minute late is soon enough
_stopping = threading.Event()


def run() -> dict[str, int]:
    """Run every task once; return how many rows each removed."""
    removed: dict[str, int] = {}
    for name in settings.HOUSEKEEPING:
        removed.update(import_string(name)())
    return removed


def _run_until_stopped() -> None:
    while not _stopping.wait(INTERVAL_SECONDS):
        try:
            databases.ask_none_that_is_gone()
            run()
        except databases.errors() as error:
            logger.warning("housekeeping waits for the database: %s", databases.in_a_line(error))
        except Exception:  # one failed round must not end the thread; the next may succeed
            logger.exception("housekeeping failed; it is tried again in a minute")
        close_old_connections()


def start() -> None:
    """Start the thread."""
    _stopping.clear()
    threading.Thread(target=_run_until_stopped, name="housekeeping", daemon=True).start()


def stop() -> None:
    """Let the thread end after its current round."""
    _stopping.set()


def main() -> None:
    """Run it until a signal comes; a round that runs is finished first."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())
    with startup.said_in_words():
        startup.set_up()
    _run_until_stopped()


if __name__ == "__main__":
    main()
