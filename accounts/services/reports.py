"""Hearing from facelogin how attempts ended."""

import logging

from accounts import events, tokens
from accounts.events import Kind
from accounts.factors import face
from accounts.refusals import Refused

logger = logging.getLogger(__name__)

RETRY_FACELOGIN_SECONDS = 5
# The camera saw somebody and they did not get in.
REFUSALS = {"non_match", "presentation_attack", "failure_to_acquire", "expired"}


def hear(report_token: str) -> None:
    """Take facelogin's word on how an attempt ended; hearing it twice is hearing it once.

    Raises
    ------
    Refused
        report_refused if it is not a report of facelogin on a ticket of ours, or
        facelogin_unavailable while its keys cannot be read.
    """
    try:
        report = tokens.read_report(report_token)
    except tokens.TokenRefused as refused:
        logger.warning("report refused: %s", refused)
        raise Refused("report_refused") from refused
    except tokens.KeysUnavailable as unavailable:
        raise Refused("facelogin_unavailable", retry_after=RETRY_FACELOGIN_SECONDS) from unavailable
    heard = face.hear(report)
    if heard is not None and heard.purpose == face.VERIFY and report.outcome in REFUSALS:
        events.record(
            Kind.FACE_REFUSED,
            heard.user,
            is_hearsay=True,
            outcome=report.outcome,
            reasons=report.reasons,
        )
        if heard.is_at_limit:
            events.record(Kind.LOCKED, heard.user, is_hearsay=True, limit="face")
    logger.info(
        "attempt of %s ended: %s%s%s",
        report.user_id,
        report.outcome,
        f" ({', '.join(report.reasons)})" if report.reasons else "",
        ", try given back" if heard is not None and heard.is_given_back else "",
    )
