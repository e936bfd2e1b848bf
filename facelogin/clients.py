"""Facelogin's one call to accounts."""

import httpx
from django.conf import settings

from kubevision import connections

TIMEOUT_SECONDS = 4.0  # nobody waits for it, and it is tried again


class ReportNotHeard(Exception):  # noqa: N818  (an outcome)
    """Accounts did not take the report; the message says why, for the log."""


def post_report(report: str) -> None:
    """Tell accounts how an attempt ended.

    Raises
    ------
    ReportNotHeard
        If accounts is away or answers anything but 204.
    """
    try:
        answer = connections.client().post(
            f"{settings.ACCOUNTS_URL}/auth/v1/attempt-reports",
            json={"report": report},
            timeout=TIMEOUT_SECONDS,
        )
    except httpx.HTTPError as error:
        raise ReportNotHeard(f"{type(error).__name__}: {error}") from error
    if answer.status_code != httpx.codes.NO_CONTENT:
        raise ReportNotHeard(f"accounts answered {answer.status_code}")
