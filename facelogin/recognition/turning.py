"""A verification that asks for turns of the head: whose it is, and whether it follows."""

from collections.abc import Sequence

from facelogin.recognition.challenge import Challenge, Step
from facelogin.recognition.heading import Heading
from facelogin.recognition.types import Observation, Reason
from facelogin.recognition.verification import FRAMES_WANTED, MATCHES_NEEDED


class TurningVerification:
    """Decides on the samples of the frames that a challenge is followed in.

    Only frames in which the followed head looks straight because it was asked to are samples. Five
    of every twelve must match, as without a challenge, but of all samples to the end; and each
    stretch of looking straight needs one: before, between and after the turns it is the same
    person.
    """

    def __init__(self, threshold: float, steps: Sequence[Step]) -> None:
        self.challenge = Challenge(steps)
        self._threshold = threshold

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
        is_followed = challenge.saw(now, observation.heading, observation.face)
        is_sample = is_followed and observation.heading is Heading.STRAIGHT and not reasons
        if is_sample and score is not None and challenge.takes_samples:
            challenge.sampled(is_match=score <= self._threshold)

    @property
    def is_match(self) -> bool:
        """Say whether the samples are the claimed person's; of a challenge that is over.

        Somebody who turns their own head and holds up a photo for a while is no match like any
        stranger: another answer would say that the photo was the right one.
        """
        challenge = self.challenge
        enough = MATCHES_NEEDED * challenge.samples <= FRAMES_WANTED * challenge.matches
        return challenge.is_person_throughout and enough and challenge.matches >= MATCHES_NEEDED
