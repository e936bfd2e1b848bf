"""What open pages hear: that their session ended, that somebody was before a camera as them.

Told at once to the pages of this copy, and through Redis to those of others. A session's end is
found in the database as well, by one look a second for all pages of a copy.
"""

import asyncio
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError

from facelogin import copies, listeners, spent_tickets, stores, tokens
from facelogin.listeners import Listener
from facelogin.protocol import AttemptFinished, ErrorCode, Message, SessionEnded
from facelogin.tokens import Ticket, TokenRefused
from kubevision import draining

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # as often as a running attempt looks at its own row

_looking: asyncio.Task[None] | None = None


class Refused(Exception):  # noqa: N818  (an outcome)
    """A page may not listen; `code` says why."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code)
        self.code = code


def take_ticket(token: str) -> Ticket:
    """Read a ticket to listen and use it up.

    Raises
    ------
    TokenRefused
        If it is none, for something else, without a session, or was used before.
    KeysUnavailable
        If accounts' keys cannot be read.
    """
    ticket = tokens.read_ticket(token, "watch")
    if not ticket.session_hash:
        raise TokenRefused("no session")
    if not spent_tickets.spend(ticket.jti, ticket.issued_at, ticket.expires_at):
        raise TokenRefused("spent before")
    return ticket


async def listen(listener: Listener) -> None:
    """Let a page hear from now on.

    Raises
    ------
    Refused
        server_draining, server_full, session_ended.
    """
    global _looking  # noqa: PLW0603  (one look for all)
    if draining.is_draining():
        raise Refused(ErrorCode.SERVER_DRAINING)
    # Before the look at the database: who ends a session writes first and then tells, so either
    # what was written is seen here or this page is told.
    if not listeners.add(listener):
        raise Refused(ErrorCode.SERVER_FULL)
    if await stores.in_thread(stores.is_ended, listener.session_hash):
        listeners.remove(listener)
        raise Refused(ErrorCode.SESSION_ENDED)
    loop = asyncio.get_running_loop()
    if _looking is None or _looking.done() or _looking.get_loop() is not loop:
        _looking = loop.create_task(_look())


async def _look() -> None:
    """Find what no message told, for as long as anybody listens."""
    while sessions := listeners.sessions():
        await asyncio.sleep(LOOK_SECONDS)
        try:
            for session_hash in await stores.in_thread(stores.ended_among, sessions):
                _tell_session(session_hash)
        except DatabaseError as error:
            logger.warning("ended sessions were not looked up: %s", error)


def attempt_finished(ticket: Ticket, attempt_id: uuid.UUID, outcome: str) -> None:
    """Tell a person's pages that an attempt in their name is over; never waits."""
    note = {
        "type": AttemptFinished.type,
        "user_id": str(ticket.user_id),
        "session_hash": ticket.session_hash,
        "attempt_id": str(attempt_id),
        "purpose": ticket.purpose,
        "outcome": str(outcome),
    }
    hear(note)
    copies.publish(note)


def session_ended(session_hash: str) -> None:
    """Tell a session's pages that it is over; never waits."""
    note = {"type": SessionEnded.type, "session_hash": session_hash}
    hear(note)
    copies.publish(note)


def hear(note: Mapping[str, Any]) -> None:
    """Tell the pages of this copy; what a newer copy says that is unknown here is left out."""
    match note:
        case {"type": SessionEnded.type, "session_hash": str(session_hash)}:
            _tell_session(session_hash)
        case {
            "type": AttemptFinished.type,
            "user_id": str(user_id),
            "session_hash": session_hash,
            "attempt_id": str(attempt_id),
            "purpose": str(purpose),
            "outcome": str(outcome),
        }:
            for listener in listeners.of_person(user_id):
                is_own = listener.session_hash == session_hash
                listener.hear(AttemptFinished(attempt_id, purpose, outcome, is_own))


def _tell_session(session_hash: str) -> None:
    message: Message = SessionEnded()
    for listener in listeners.of_session(session_hash):
        listener.hear(message)


def start() -> None:
    """Begin to hear what other copies tell."""
    copies.start(hear)


def stop() -> None:
    """End it."""
    copies.stop()
