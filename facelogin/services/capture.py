"""Runs one attempt from its ticket to its result. The socket around it is the consumer's."""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from facelogin import spent_tickets, stores, tokens, workers
from facelogin.crypto import CannotOpen
from facelogin.frames import FrameInbox
from facelogin.lanes import WorkerLost
from facelogin.protocol import (
    AttemptReady,
    AttemptResult,
    CaptureFeedback,
    Error,
    ErrorCode,
    FrameVerdict,
    Message,
    Outcome,
)
from facelogin.services import cohorts, live, reports
from facelogin.services.attempts import Attempt, EnrolPerson, Tally, VerifyClaim
from facelogin.services.extending import ExtendReference
from facelogin.services.turning import VerifyByTurning
from facelogin.spent_tickets import AttemptReport
from facelogin.tokens import KeysUnavailable, Ticket, TokenRefused
from kubevision import databases, draining

logger = logging.getLogger(__name__)


Send = Callable[[Message], Awaitable[None]]

LOOK_AT_ROW_SECONDS = 1.0  # how soon an attempt notices that it was superseded or ended
# One process looks at about 40 frames a second and a person sends up to five; the newest frame
# wins, so twice as many people still get answers, only fewer each.
ATTEMPTS_PER_WORKER = 16

OUR_DOING = {
    ErrorCode.TEMPORARILY_UNAVAILABLE,
    ErrorCode.SERVER_FULL,
    ErrorCode.SERVER_DRAINING,
}
NOT_STARTED = "not_started"  # reported if no frame came ...
# ... unless this was our doing, or a frame that came and was not taken.
TELLS_MORE = {*OUR_DOING, ErrorCode.FRAME_TOO_LARGE, ErrorCode.TOO_MANY_FRAMES}

_running = 0


def explain(code: ErrorCode) -> Error:
    """Return an error with a sentence on what to do next."""
    details = {
        ErrorCode.BAD_MESSAGE: _("This page sent something unexpected. Reload it and try again."),
        ErrorCode.TICKET_REFUSED: _("This attempt is no longer valid. Start the camera again."),
        ErrorCode.TOO_SLOW: _("The page did not start in time. Start the camera again."),
        ErrorCode.SUPERSEDED: _("You started the camera somewhere else. Go on there."),
        ErrorCode.SESSION_ENDED: _("You were signed out. Sign in again."),
        ErrorCode.FRAME_TOO_LARGE: _("A picture was too large. Reload the page and try again."),
        ErrorCode.TOO_MANY_FRAMES: _("Pictures came too fast. Reload the page and try again."),
        ErrorCode.TEMPORARILY_UNAVAILABLE: _("Something failed on our side. Try again."),
        ErrorCode.SERVER_FULL: _("Many people are signing in. Try again in a moment."),
        ErrorCode.SERVER_DRAINING: _("The service restarts. Try again."),
    }
    return Error(code, details[code])


@dataclass
class Socket:
    """What an attempt needs of its socket.

    `inbox` holds arriving frames, `send` sends one message to the browser.
    """

    inbox: FrameInbox
    send: Send
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    refused: ErrorCode | None = None

    def stop(self, refused: ErrorCode | None = None) -> None:
        """End the attempt: the person gave up, or did what `refused` names."""
        if not self.stopped.is_set():
            self.refused = refused
            self.stopped.set()


class AttemptEnded(Exception):  # noqa: N818  (an outcome)
    """The attempt must not go on; `code` says why, `detail` better than the code's own sentence."""

    def __init__(self, code: ErrorCode, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass
class Story:
    """What there is to tell of an attempt when it is over."""

    ticket: Ticket
    socket: Socket
    began_at: float = field(default_factory=time.monotonic)  # seconds
    attempt: Attempt | None = None
    attempt_id: uuid.UUID | None = None  # once it is open

    def report(self, outcome: str) -> AttemptReport:
        """Return the report of an attempt that ended so."""
        tally = self.attempt.tally if self.attempt else Tally()
        if not self.socket.inbox.received and outcome not in TELLS_MORE:
            outcome = NOT_STARTED
        if tally.is_attack and outcome not in OUR_DOING:
            # Leaving before the end, in whatever way, hides nothing.
            outcome = Outcome.PRESENTATION_ATTACK
        return AttemptReport(
            user_id=str(self.ticket.user_id),
            outcome=outcome,
            accepted_frames=tally.accepted,
            reasons=list(tally.most_frequent()),
            engine=self.attempt.engine if self.attempt else "",
            duration_ms=round((time.monotonic() - self.began_at) * 1000),
        )


async def run(token: str, socket: Socket) -> Message:
    """Run the attempt that a ticket allows; return its last message, which is not sent yet.

    The ticket is spent before any other work, and from then on accounts is told how it ended.
    Whatever fails comes back as an `Error` message.
    """
    spending = asyncio.ensure_future(stores.in_thread(_spend, token))
    try:
        # The thread spends the ticket in any case, so whoever leaves now is told of, too.
        ticket = await asyncio.shield(spending)
    except asyncio.CancelledError:
        with contextlib.suppress(TokenRefused, *_out_of_reach()):
            await _tell(Story(await spending, socket), Outcome.CANCELLED)
        raise
    except TokenRefused as refused:
        logger.info("ticket refused: %s", refused)
        return explain(ErrorCode.TICKET_REFUSED)
    except _out_of_reach() as error:
        return _lost(error)
    story = Story(ticket, socket)
    outcome: str = ErrorCode.TEMPORARILY_UNAVAILABLE
    try:
        last = await _run_spent(story)
        outcome = last.code if isinstance(last, Error) else last.outcome
    except asyncio.CancelledError:  # the browser has gone
        outcome = socket.refused or Outcome.CANCELLED
        raise
    finally:
        await _tell(story, outcome)
    return last


def _out_of_reach() -> tuple[type[Exception], ...]:
    return (KeysUnavailable, *databases.errors())


def _lost_by() -> tuple[type[Exception], ...]:
    # The last one: a model or table taken away while the server runs; /readyz says so too.
    return (*_out_of_reach(), CannotOpen, WorkerLost, ImproperlyConfigured)


def _spend(token: str) -> Ticket:
    ticket = tokens.read_ticket(token, "enrol", "extend", "verify")
    # Told if this process dies: the person never got a verdict.
    report = AttemptReport(str(ticket.user_id), ErrorCode.TEMPORARILY_UNAVAILABLE)
    if not spent_tickets.spend(ticket.jti, ticket.issued_at, ticket.expires_at, report):
        raise TokenRefused("spent before")
    return ticket


async def _tell(story: Story, outcome: str) -> None:
    report = story.report(outcome)
    logger.info("attempt of %s to %s: %s", report.user_id, story.ticket.purpose, report.outcome)
    try:
        await stores.in_thread(reports.put, story.ticket.jti, report)
    except databases.errors() as error:
        # What was written when the ticket was spent is told instead.
        logger.warning("the end of an attempt was not kept: %s", error)
    if story.attempt_id is not None:
        live.attempt_finished(story.ticket, story.attempt_id, report.outcome)


def _lost(error: Exception) -> Error:
    logger.warning("attempt lost: %s: %s", type(error).__name__, error)
    return explain(ErrorCode.TEMPORARILY_UNAVAILABLE)


async def _run_spent(story: Story) -> AttemptResult | Error:
    global _running  # noqa: PLW0603  (how many attempts this process runs)
    if draining.is_draining():
        return explain(ErrorCode.SERVER_DRAINING)
    pool = workers.pool()
    if _running >= min(ATTEMPTS_PER_WORKER, pool.described.attempts) * len(pool.lanes):
        return explain(ErrorCode.SERVER_FULL)
    _running += 1
    try:
        return await _run_open(story)
    except TokenRefused as refused:
        logger.info("ticket refused: %s", refused)
        return explain(ErrorCode.TICKET_REFUSED)
    except AttemptEnded as ended:
        return Error(ended.code, ended.detail) if ended.detail else explain(ended.code)
    except _lost_by() as error:
        return _lost(error)
    finally:
        _running -= 1


async def _run_open(story: Story) -> AttemptResult:
    ticket, socket = story.ticket, story.socket
    # The row before all that is read: who ends a session or erases a person writes first and then
    # removes the row, so either what they wrote is seen here or the row is seen to be gone.
    attempt_id = await stores.in_thread(stores.open_attempt, ticket.user_id, ticket.session_hash)
    story.attempt_id = attempt_id
    try:
        if await stores.in_thread(stores.is_ended, ticket.session_hash):
            raise AttemptEnded(ErrorCode.SESSION_ENDED)
        attempt = story.attempt = await _make(ticket)
        await socket.send(
            AttemptReady(
                attempt_id=str(attempt_id),
                purpose=ticket.purpose,
                deadline_seconds=attempt.deadline_seconds,
                frames_wanted=attempt.frames_wanted,
            )
        )
        return await _run_until_decided(ticket, attempt_id, attempt, socket)
    finally:
        try:
            await stores.in_thread(stores.close_attempt, ticket.user_id, attempt_id)
        except databases.errors() as error:  # the verdict stands; housekeeping removes the row
            logger.warning("an attempt was not closed: %s", error)


def _enrolled_in_a_way_unknown() -> AttemptEnded:
    return AttemptEnded(
        ErrorCode.TEMPORARILY_UNAVAILABLE,
        _(
            "Your face was enrolled in a way this server does not know. Sign in without the "
            "camera, then enrol your face again."
        ),
    )


async def _make(ticket: Ticket) -> Attempt:
    if ticket.purpose == "enrol":
        return EnrolPerson(ticket)
    try:
        reference = await stores.in_thread(stores.current_reference, ticket.user_id)
    except ValueError as error:  # an older version wrote it
        logger.error("the reference of %s cannot be read: %s", ticket.user_id, error)
        raise _enrolled_in_a_way_unknown() from None
    if reference is None:
        # Accounts gives no such ticket; the reference expired or was erased since.
        raise TokenRefused("no current reference")
    if reference.engine not in workers.pool().engines:
        logger.error(
            "the reference of %s needs the engine %s, which is not loaded",
            ticket.user_id,
            reference.engine,
        )
        raise _enrolled_in_a_way_unknown()
    if ticket.purpose == "extend":
        return ExtendReference(ticket, reference)
    background = await cohorts.background(ticket.user_id, reference)
    kind = VerifyByTurning if settings.FACELOGIN_CHALLENGE == "turn" else VerifyClaim
    return kind(ticket, reference, background)


async def _run_until_decided(
    ticket: Ticket, attempt_id: uuid.UUID, attempt: Attempt, socket: Socket
) -> AttemptResult:
    """Whatever comes first: a decision, the deadline, the person, or somebody else's doing."""

    async def look_at_row() -> None:
        owner = await stores.in_thread(stores.owner_of_attempt, ticket.user_id)
        if owner is None:
            raise AttemptEnded(ErrorCode.SESSION_ENDED)
        if owner != attempt_id:
            raise AttemptEnded(ErrorCode.SUPERSEDED)

    async def watch_row() -> None:
        while True:
            await asyncio.sleep(LOOK_AT_ROW_SECONDS)
            await look_at_row()

    async def end_with_server() -> None:
        await draining.time_is_over()
        raise AttemptEnded(ErrorCode.SERVER_DRAINING)

    async def ask() -> None:
        if (prompt := attempt.prompt()) is not None:
            await socket.send(prompt)

    async def answer_frames() -> None:
        await ask()
        while not attempt.is_decided:
            taken = await socket.inbox.take()
            for sequence in taken.dropped:
                await socket.send(dropped(sequence))
                socket.inbox.mark_answered(sequence)
            await socket.send(await attempt.look(taken.sequence, taken.jpeg))
            socket.inbox.mark_answered(taken.sequence)
            await ask()

    tasks = {
        "frames": asyncio.create_task(answer_frames()),
        "row": asyncio.create_task(watch_row()),
        "stop": asyncio.create_task(socket.stopped.wait()),
        "drain": asyncio.create_task(end_with_server()),
    }
    try:
        done, _pending = await asyncio.wait(
            tasks.values(),
            timeout=attempt.deadline_seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        for task in done:
            task.result()  # raises what ended it
        socket.stop()  # frames that come from here on are counted, and answered before the result
        if tasks["stop"] in done:
            if socket.refused:
                raise AttemptEnded(socket.refused)
            result = AttemptResult(Outcome.CANCELLED)
        elif tasks["frames"] in done:
            await look_at_row()
            result = await attempt.result()
            try:
                await look_at_row()  # making a reference takes its time
            except AttemptEnded:
                await attempt.withdraw()
                raise
        else:
            result = attempt.overdue()
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    return result


def dropped(sequence: int) -> CaptureFeedback:
    """Return the answer to a frame that nobody looked at."""
    return CaptureFeedback(sequence, FrameVerdict.DROPPED, (), None, 0.0)
