"""What an attempt is after: enrolling a person, or verifying a claim. No socket, no clock here."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from facelogin import operating_point, stores, tokens, workers
from facelogin.protocol import (
    AttemptResult,
    CaptureFeedback,
    CapturePrompt,
    ChallengeStep,
    FrameVerdict,
    Outcome,
)
from facelogin.recognition import (
    FRAMES_WANTED,
    WANTED_SAMPLES,
    Background,
    Enrolment,
    EnrolmentRefused,
    Following,
    FrameHistory,
    Observation,
    Reason,
    Reference,
    Variety,
    Verdict,
    Verification,
)
from facelogin.services.prompts import Prompter
from facelogin.tokens import Ticket

ENROL_DEADLINE_SECONDS = 60
VERIFY_DEADLINE_SECONDS = 30
REASONS_TOLD = 3  # the most frequent ones; more than that is no advice
# Without half the samples by the deadline the camera saw too little; with them, time ran out.
ENOUGH_WERE_COMING = 0.5


@dataclass
class Tally:
    """Which frames of one attempt counted, and why the others did not."""

    history: FrameHistory = field(default_factory=FrameHistory)
    reasons: Counter[Reason] = field(default_factory=Counter)
    accepted: int = 0
    is_attack: bool = False  # what was shown can only end as one

    def judge(
        self, observation: Observation, reasons: tuple[Reason, ...] | None = None
    ) -> tuple[Reason, ...]:
        """Return why a frame does not count; empty if it does.

        `reasons` stand for the observation's own, where an attempt wants more than samples.
        """
        reasons = observation.reasons if reasons is None else reasons
        seen = observation.fingerprint
        if seen is not None and self.history.is_repeat(seen):
            reasons = (Reason.REPEATED_FRAME,)
        self.reasons.update(reasons)
        self.accepted += not reasons
        return reasons

    def most_frequent(self) -> tuple[str, ...]:
        """Return the most frequent reasons, for the person to mend."""
        return tuple(reason.value for reason, _ in self.reasons.most_common(REASONS_TOLD))


class Attempt(Protocol):
    """One purpose of the capture socket."""

    deadline_seconds: int
    frames_wanted: int
    engine: str
    tally: Tally

    async def look(self, sequence: int, jpeg: bytes) -> CaptureFeedback:
        """Judge one frame."""

    def prompt(self) -> CapturePrompt | ChallengeStep | None:
        """Return what to ask of the person now, if it was not asked yet."""

    @property
    def is_decided(self) -> bool:
        """Say whether there is a result."""

    async def result(self) -> AttemptResult:
        """Return the result of a decided attempt."""

    async def withdraw(self) -> None:
        """Undo what the result stored, because nobody will be told it."""

    def overdue(self) -> AttemptResult:
        """Return the result when time has run out."""


def feedback(
    sequence: int, observation: Observation, reasons: tuple[Reason, ...], progress: float
) -> CaptureFeedback:
    """Return what a page is told of one frame."""
    face = observation.face
    return CaptureFeedback(
        sequence=sequence,
        verdict=FrameVerdict.REJECTED if reasons else FrameVerdict.ACCEPTED,
        reasons=tuple(reason.value for reason in reasons),
        face=None
        if face is None
        else {"x": face.x, "y": face.y, "width": face.width, "height": face.height},
        progress=round(min(progress, 1.0), 3),
    )


class EnrolPerson:
    """Collects samples, makes and proves a reference, stores it as pending."""

    deadline_seconds = ENROL_DEADLINE_SECONDS
    frames_wanted = WANTED_SAMPLES

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket
        self._enrolment = Enrolment()
        self._variety = Variety()
        self._prompter = Prompter()
        self._following = Following()
        self._stored = ""  # the assertion's id, once there is one
        self.engine = workers.pool().engine
        self.tally = Tally()

    async def look(self, sequence: int, jpeg: bytes) -> CaptureFeedback:
        """Take the frame's sample if it has one."""
        observation, _ = await workers.pool().observe(jpeg, near=self._following.near())
        self._following.saw(observation.face)
        reasons = self.tally.judge(observation)
        if not reasons and observation.template is not None:
            self._enrolment.add(observation.template)
            self._variety.add(observation)
        return feedback(sequence, observation, reasons, self._enrolment.progress)

    def prompt(self) -> CapturePrompt | None:
        """Return what the samples lack, while there are more to come."""
        return None if self.is_decided else self._prompter.say(self._variety.wish)

    @property
    def is_decided(self) -> bool:
        """Say whether there are enough samples."""
        return self._enrolment.is_complete

    async def result(self) -> AttemptResult:
        """Return `enrolled` with its assertion, or `failure_to_enrol` if the proof failed."""
        try:
            reference = await workers.pool().finish_enrolment(
                self._enrolment, operating_point.threshold()
            )
        except EnrolmentRefused:
            return AttemptResult(Outcome.FAILURE_TO_ENROL, self.tally.most_frequent())
        jti = tokens.new_jti()
        await stores.in_thread(
            stores.store_pending,
            self._ticket.user_id,
            reference,
            jti,
            cohort_consent=self._ticket.cohort_consent,
        )
        self._stored = jti
        assertion = tokens.sign_assertion(self._ticket, Outcome.ENROLLED, reference.engine, jti=jti)
        return AttemptResult(Outcome.ENROLLED, assertion=assertion)

    async def withdraw(self) -> None:
        """Remove the pending reference."""
        await stores.in_thread(stores.withdraw_pending, self._ticket.user_id, self._stored)

    def overdue(self) -> AttemptResult:
        """Say whether too little was seen or time ran out."""
        if self._enrolment.progress < ENOUGH_WERE_COMING:
            return AttemptResult(Outcome.FAILURE_TO_ENROL, self.tally.most_frequent())
        return AttemptResult(Outcome.EXPIRED, self.tally.most_frequent())


class VerifyClaim:
    """Compares samples with the claimed person's reference; decides on that person alone.

    With a background the scores are normalised: other people who agreed to it stand for "somebody
    else", and nothing tells who of them is nearest.
    """

    deadline_seconds = VERIFY_DEADLINE_SECONDS
    frames_wanted = FRAMES_WANTED

    def __init__(
        self, ticket: Ticket, reference: Reference, background: Background | None = None
    ) -> None:
        self._ticket = ticket
        self._reference = reference
        self._background = background
        self.engine = reference.engine
        self._following = Following()
        self._threshold = operating_point.threshold(
            reference.engine,
            is_normalised=background is not None,
            captures=len(set(reference.groups.tolist())),
        )
        self._verification = Verification(self._threshold)
        self.tally = Tally()

    async def look(self, sequence: int, jpeg: bytes) -> CaptureFeedback:
        """Score the frame's sample if it has one; scores stay in here."""
        observation, score = await workers.pool().observe(
            jpeg, self._reference, near=self._following.near(), background=self._background
        )
        self._following.saw(observation.face)
        reasons = self.tally.judge(observation)
        if not reasons and score is not None:
            self._verification.add(score)
        return feedback(sequence, observation, reasons, self._verification.progress)

    def prompt(self) -> ChallengeStep | None:
        """Ask for nothing: what a verification lacks is the attacker's to guess."""
        return None

    @property
    def is_decided(self) -> bool:
        """Say whether the verdict cannot change any more."""
        return self._verification.verdict is not None

    async def result(self) -> AttemptResult:
        """Return `match` with its assertion, or `non_match` without a word on why."""
        return self._told(is_match=self._verification.verdict is Verdict.MATCH)

    def _told(self, *, is_match: bool) -> AttemptResult:
        if not is_match:
            return AttemptResult(Outcome.NON_MATCH)
        assertion = tokens.sign_assertion(
            self._ticket, Outcome.MATCH, self._reference.engine, jti=tokens.new_jti()
        )
        return AttemptResult(Outcome.MATCH, assertion=assertion)

    async def withdraw(self) -> None:
        """Undo nothing: a verification stores nothing."""

    def overdue(self) -> AttemptResult:
        """Say whether too little was seen or time ran out."""
        if self._verification.progress < ENOUGH_WERE_COMING:
            return AttemptResult(Outcome.FAILURE_TO_ACQUIRE, self.tally.most_frequent())
        return AttemptResult(Outcome.EXPIRED, self.tally.most_frequent())
