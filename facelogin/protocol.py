"""The messages of both sockets (contract section 3) as plain values."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from kubevision import strict_json

SUBPROTOCOL = "kubevision.face.v1"
LIVE_SUBPROTOCOL = "kubevision.live.v1"
MAX_FRAME_BYTES = 131_072  # one JPEG of 640x480 has 30 to 80 kB; the contract's figure
MAX_FRAMES_PER_SECOND = 5  # enough for a verdict in two seconds, little enough for a laptop
FRAME_WIDTH, FRAME_HEIGHT = 1280, 960  # the largest picture accepted; 640x480 is what we use
MAX_TEXT_CHARACTERS = 8192  # a ticket has about 600 characters


class ErrorCode(StrEnum):
    """Why a socket ends without a result; each has one close code."""

    BAD_MESSAGE = "bad_message"
    TICKET_REFUSED = "ticket_refused"
    TOO_SLOW = "too_slow"
    SUPERSEDED = "superseded"
    SESSION_ENDED = "session_ended"
    FRAME_TOO_LARGE = "frame_too_large"
    TOO_MANY_FRAMES = "too_many_frames"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    SERVER_FULL = "server_full"
    SERVER_DRAINING = "server_draining"


CLOSE_CODES = {
    ErrorCode.BAD_MESSAGE: 4400,
    ErrorCode.TICKET_REFUSED: 4401,
    ErrorCode.TOO_SLOW: 4408,
    ErrorCode.SUPERSEDED: 4409,
    ErrorCode.SESSION_ENDED: 4410,
    ErrorCode.FRAME_TOO_LARGE: 4413,
    ErrorCode.TOO_MANY_FRAMES: 4429,
    ErrorCode.TEMPORARILY_UNAVAILABLE: 4500,
    ErrorCode.SERVER_FULL: 4503,
    ErrorCode.SERVER_DRAINING: 4512,
}
CLOSE_AFTER_RESULT = 1000


class Outcome(StrEnum):
    """How an attempt ended."""

    ENROLLED = "enrolled"
    MATCH = "match"
    NON_MATCH = "non_match"
    FAILURE_TO_ENROL = "failure_to_enrol"
    FAILURE_TO_ACQUIRE = "failure_to_acquire"
    PRESENTATION_ATTACK = "presentation_attack"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class FrameVerdict(StrEnum):
    """What became of one frame."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DROPPED = "dropped"


class BadMessage(Exception):  # noqa: N818  (named as the contract names it)
    """A text message that is not one of ours."""


@dataclass(frozen=True)
class AttemptStart:
    """The first message: the ticket from accounts."""

    ticket: str


@dataclass(frozen=True)
class AttemptCancel:
    """The person gave up."""


@dataclass(frozen=True)
class LiveStart:
    """The first and only message of an open page: the ticket from accounts."""

    ticket: str


def decode(text: str) -> AttemptStart | AttemptCancel | LiveStart:
    """Read a message from the browser.

    Raises
    ------
    BadMessage
        If it is not one JSON object of a known type with its fields.
    """
    if len(text) > MAX_TEXT_CHARACTERS:
        raise BadMessage("the message is too long")
    try:
        message = strict_json.loads(text)
    except ValueError:
        raise BadMessage("the message is not JSON") from None
    if not isinstance(message, dict):
        raise BadMessage("the message is not a JSON object")
    match message.get("type"), message.get("ticket"):
        case "attempt.start", str(ticket):
            return AttemptStart(ticket)
        case "attempt.cancel", _:
            return AttemptCancel()
        case "live.start", str(ticket):
            return LiveStart(ticket)
    raise BadMessage("send attempt.start with a ticket, then frames or attempt.cancel")


@dataclass(frozen=True)
class Message:
    """A message to the browser; `type` says which."""

    type: ClassVar[str]

    def encode(self) -> str:
        """Return the message as JSON text, without members that are None by absence."""
        body = {name: value for name, value in asdict(self).items() if value is not ABSENT}
        return json.dumps({"type": self.type, **body})


class _Absent:
    """Marks a member that this message does not carry (null is a value of its own)."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> "_Absent":
        return self


ABSENT = _Absent()


def _frame_format() -> dict[str, Any]:
    return {
        "width": FRAME_WIDTH,
        "height": FRAME_HEIGHT,
        "format": "image/jpeg",
        "max_per_second": MAX_FRAMES_PER_SECOND,
    }


@dataclass(frozen=True)
class AttemptReady(Message):
    """Frames may flow now."""

    type: ClassVar[str] = "attempt.ready"
    attempt_id: str
    purpose: str
    deadline_seconds: int
    frames_wanted: int
    max_frame_bytes: int = MAX_FRAME_BYTES
    frame: dict[str, Any] = field(default_factory=_frame_format)


@dataclass(frozen=True)
class CaptureFeedback(Message):
    """What became of one binary frame; `sequence` counts them from 1."""

    type: ClassVar[str] = "capture.feedback"
    sequence: int
    verdict: FrameVerdict
    reasons: tuple[str, ...]
    face: dict[str, float] | None
    progress: float


@dataclass(frozen=True)
class CapturePrompt(Message):
    """A wish for better samples, in enrolment only; whoever ignores it loses nothing."""

    type: ClassVar[str] = "capture.prompt"
    prompt: str


class Position(StrEnum):
    """Where to turn the head; left and right are the person's own."""

    LOOK_STRAIGHT = "look_straight"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"


@dataclass(frozen=True)
class ChallengeStep(Message):
    """What to do next, in a verification that asks for turns of the head."""

    type: ClassVar[str] = "challenge.step"
    step: Position
    index: int
    count: int


@dataclass(frozen=True)
class AttemptResult(Message):
    """The end of an attempt that ran."""

    type: ClassVar[str] = "attempt.result"
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    assertion: str | _Absent = ABSENT


@dataclass(frozen=True)
class Error(Message):
    """The end of a socket that could not run its attempt; `detail` says what to do next."""

    type: ClassVar[str] = "error"
    code: ErrorCode
    detail: str


@dataclass(frozen=True)
class AttemptFinished(Message):
    """An attempt in a person's name is over, for their open pages."""

    type: ClassVar[str] = "attempt.finished"
    attempt_id: str
    purpose: str
    outcome: str
    is_own_session: bool


@dataclass(frozen=True)
class SessionEnded(Message):
    """The session of an open page is over."""

    type: ClassVar[str] = "session.ended"
