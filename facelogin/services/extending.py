"""Adding a light to somebody's reference: a short enrolment beside the one that counts."""

from facelogin import operating_point, stores, tokens, workers
from facelogin.protocol import AttemptResult, CaptureFeedback, Outcome
from facelogin.recognition import (
    EXTENSION_SAMPLES,
    Enrolment,
    EnrolmentRefused,
    Following,
    Reference,
)
from facelogin.services.attempts import ENOUGH_WERE_COMING, Tally, feedback
from facelogin.tokens import Ticket

EXTEND_DEADLINE_SECONDS = 45


class ExtendReference:
    """Collects samples in a new light, proves them, stores them as pending.

    Made by the engine of the reference that they add to, also where new references are made by
    another one: captures of two engines cannot be compared.
    """

    deadline_seconds = EXTEND_DEADLINE_SECONDS
    frames_wanted = EXTENSION_SAMPLES

    def __init__(self, ticket: Ticket, reference: Reference) -> None:
        self._ticket = ticket
        self._reference = reference
        self._enrolment = Enrolment.of_another_light()
        self._following = Following()
        self._plausible = 0
        self._stored = ""  # the assertion's id, once there is one
        self.engine = reference.engine
        self.tally = Tally()

    async def look(self, sequence: int, jpeg: bytes) -> CaptureFeedback:
        """Take the frame's sample if it has one; note whether it may be this person at all."""
        observation, score = await workers.pool().observe(
            jpeg, self._reference, near=self._following.near()
        )
        self._following.saw(observation.face)
        reasons = self.tally.judge(observation)
        if not reasons and observation.template is not None and score is not None:
            self._enrolment.add(observation.template)
            self._plausible += score <= operating_point.laxest_threshold(self.engine)
        return feedback(sequence, observation, reasons, self._enrolment.progress)

    def prompt(self) -> None:
        """Ask for nothing: this light, as it is, is what the person wants to add."""

    @property
    def is_decided(self) -> bool:
        """Say whether there are enough samples."""
        return self._enrolment.is_complete

    async def result(self) -> AttemptResult:
        """Return `enrolled` with its assertion, or `failure_to_enrol`.

        That if the samples do not recognise each other, or most of them are further from the
        reference than four fifths of strangers are.
        """
        failure = AttemptResult(Outcome.FAILURE_TO_ENROL, self.tally.most_frequent())
        if self._plausible <= EXTENSION_SAMPLES // 2:
            return failure
        try:
            capture = await workers.pool().finish_enrolment(
                self._enrolment, operating_point.threshold(self.engine), self.engine
            )
        except EnrolmentRefused:
            return failure
        jti = tokens.new_jti()
        is_kept = await stores.in_thread(
            stores.store_pending_extension, self._ticket.user_id, capture, jti
        )
        if not is_kept:  # the reference expired or was erased meanwhile
            return failure
        self._stored = jti
        assertion = tokens.sign_assertion(self._ticket, Outcome.ENROLLED, self.engine, jti=jti)
        return AttemptResult(Outcome.ENROLLED, assertion=assertion)

    async def withdraw(self) -> None:
        """Remove the pending extension."""
        await stores.in_thread(stores.withdraw_pending, self._ticket.user_id, self._stored)

    def overdue(self) -> AttemptResult:
        """Say whether too little was seen or time ran out."""
        if self._enrolment.progress < ENOUGH_WERE_COMING:
            return AttemptResult(Outcome.FAILURE_TO_ENROL, self.tally.most_frequent())
        return AttemptResult(Outcome.EXPIRED, self.tally.most_frequent())
