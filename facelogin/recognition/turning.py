"""A verification that asks for turns of the head: whose it is, and whether it follows."""

from collections.abc import Sequence

from facelogin.recognition.challenge import Challenge, Step
from facelogin.recognition.heading import Heading
from facelogin.recognition.types import Observation, Reason
from facelogin.recognition.verification import Verdict, Verification


class TurningVerification:
    """Decides on the samples of the frames that a challenge is followed in.

    Only frames in which the person looks straight because they were asked to are samples. Five of
    twelve decide, as without a challenge, and each stretch of looking straight needs one of its
    own: before, between and after the turns it is the same person.
    """

    def __init__(self, threshold: float, steps: Sequence[Step]) -> None:
        self.challenge = Challenge(steps)
        self._verification = Verification(threshold)

    @property
    def may_be_turned(self) -> bool:
        """Say whether the head may be turned in the next frame without anything being wrong."""
        return self.challenge.asked is not Heading.STRAIGHT or not self.challenge.takes_samples

    def excused(self, observation: Observation) -> tuple[Reason, ...]:
        """Return why a frame does not count; a head turned as it was asked to counts."""
        if observation.heading is None or observation.heading is not self.challenge.asked:
            return observation.reasons
        return tuple(reason for reason in observation.reasons if reason is not Reason.NOT_FRONTAL)

    def take(
        self, now: float, observation: Observation, reasons: Sequence[Reason], score: float | None
    ) -> None:
        """Take one frame.

        Parameters
        ----------
        now : float
            Seconds, of any clock that does not go back.
        observation : Observation
        reasons : sequence of Reason
            Why it does not count. One that was shown before shows nothing.
        score : float or None
            The dissimilarity of its sample, if it is one.
        """
        challenge = self.challenge
        if Reason.REPEATED_FRAME in reasons:
            challenge.saw(now, None, None)
            return
        challenge.saw(now, observation.heading, observation.face)
        if not reasons and score is not None and challenge.takes_samples:
            challenge.sampled(is_match=self._verification.add(score))

    @property
    def is_match(self) -> bool:
        """Say whether the samples are the claimed person's; of a challenge that is over."""
        return self._verification.verdict is Verdict.MATCH

    @property
    def is_attack(self) -> bool:
        """Say whether something else than the person's own head was shown.

        So it is where the person was seen, but not throughout: a photo was there for a while. A
        stranger who turns their own head is no attack but no match.
        """
        swapped = self.is_match and not self.challenge.is_person_throughout
        return self.challenge.is_failed or swapped
