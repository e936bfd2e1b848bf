"""Verifying a claim while the person turns their head as the server asks."""

import random
from time import monotonic

from facelogin import workers
from facelogin.protocol import AttemptResult, CaptureFeedback, ChallengeStep, Outcome, Position
from facelogin.recognition import (
    Background,
    Heading,
    Reference,
    TurningVerification,
    draw_challenge,
)
from facelogin.services.attempts import VerifyClaim, feedback
from facelogin.tokens import Ticket

# Twenty seconds for who is neither slow nor quick (docs/presentation-attacks.md), three times that
# for who is slow.
TURN_DEADLINE_SECONDS = 60
POSITIONS = {
    Heading.STRAIGHT: Position.LOOK_STRAIGHT,
    Heading.LEFT: Position.TURN_LEFT,
    Heading.RIGHT: Position.TURN_RIGHT,
}
NEARLY = 0.95  # progress before the verdict; the whole of it would tell that there is one


class VerifyByTurning(VerifyClaim):
    """Compares the samples of a head that turns as it is asked to.

    Every verdict falls at the end of the challenge, whatever it was that failed and when: who holds
    up a photo learns neither whether it matched nor which step gave it away.
    """

    deadline_seconds = TURN_DEADLINE_SECONDS

    def __init__(
        self, ticket: Ticket, reference: Reference, background: Background | None = None
    ) -> None:
        super().__init__(ticket, reference, background)
        steps = draw_challenge(random.SystemRandom())
        self._turning = TurningVerification(self._threshold, steps)
        self._challenge = self._turning.challenge
        self._asked = 0  # number of the step that the person was told last

    async def look(self, sequence: int, jpeg: bytes) -> CaptureFeedback:
        """Follow the head; score the frame's sample where the person was asked to look straight."""
        now = monotonic()
        observation, score = await workers.pool().observe(
            jpeg,
            self._reference,
            near=self._following.near(may_be_turned=self._turning.may_be_turned),
            background=self._background,
            with_heading=True,
        )
        self._following.saw(observation.face)
        reasons = self.tally.judge(observation, self._turning.excused(observation))
        self._turning.take(now, observation, reasons, score)
        challenge = self._challenge
        self.tally.is_attack = challenge.is_failed
        progress = 1.0 if self.is_decided else NEARLY * (challenge.index - 1) / challenge.count
        return feedback(sequence, observation, reasons, progress)

    def prompt(self) -> ChallengeStep | None:
        """Return the step that is on, once."""
        challenge = self._challenge
        if challenge.index == self._asked:
            return None
        self._asked = challenge.index
        return ChallengeStep(POSITIONS[challenge.asked], challenge.index, challenge.count)

    @property
    def is_decided(self) -> bool:
        """Say whether the challenge is over; its stretches held samples enough for a verdict."""
        return self._challenge.is_over

    async def result(self) -> AttemptResult:
        """Return `presentation_attack` without a word on why, else what the samples say."""
        if self._challenge.is_failed:
            return AttemptResult(Outcome.PRESENTATION_ATTACK)
        return self._told(is_match=self._turning.is_match)

    def overdue(self) -> AttemptResult:
        """Say whether nobody was seen, time ran out, or the challenge had failed before."""
        if self._challenge.is_failed:
            return AttemptResult(Outcome.PRESENTATION_ATTACK)
        outcome = Outcome.EXPIRED if self._challenge.has_begun else Outcome.FAILURE_TO_ACQUIRE
        return AttemptResult(outcome, self.tally.most_frequent())
