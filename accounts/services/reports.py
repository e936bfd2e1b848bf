"""Hearing from facelogin how attempts ended."""

import logging
from itertools import islice

from accounts import events, tokens
from accounts.events import Kind
from accounts.factors import face
from accounts.models import Event, User
from accounts.refusals import Refused

logger = logging.getLogger(__name__)

RETRY_FACELOGIN_SECONDS = 5
# The camera saw somebody and they did not get in.
ATTACK = "presentation_attack"
REFUSALS = {"non_match", ATTACK, "failure_to_acquire", "expired"}
# So many in a row on one account are no clumsiness: the person and the administration are told.
ATTACKS_TOLD = 5
EVENTS_LOOKED_AT, EVENTS_A_LOOK = 1000, 50  # sign-ins with other factors lie between them


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
        if report.outcome == ATTACK and _are_told_now(heard.user):
            events.record(Kind.FACE_ATTACKED, heard.user, is_hearsay=True)
            logger.warning(
                "%d tries in a row on %s looked like presentation attacks",
                ATTACKS_TOLD,
                report.user_id,
            )
    logger.info(
        "attempt of %s ended: %s%s%s",
        report.user_id,
        report.outcome,
        f" ({', '.join(report.reasons)})" if report.reasons else "",
        ", try given back" if heard is not None and heard.is_given_back else "",
    )


def _are_told_now(user: User) -> bool:
    """Say whether the last tries at the camera were attacks that nobody was told of yet."""
    about_faces = Event.objects.filter(
        user=user, kind__in=(Kind.FACE_REFUSED, Kind.FACE_ATTACKED, Kind.SIGNED_IN)
    ).order_by("-at", "-id")[:EVENTS_LOOKED_AT]
    with_the_camera = (
        event
        for event in about_faces.iterator(chunk_size=EVENTS_A_LOOK)
        if event.kind != Kind.SIGNED_IN or "face" in event.details.get("methods", ())
    )
    tries = list(islice(with_the_camera, ATTACKS_TOLD))
    return len(tries) == ATTACKS_TOLD and all(
        event.kind == Kind.FACE_REFUSED and event.details.get("outcome") == ATTACK
        for event in tries
    )
