"""The challenge: turns of the head that the server draws, and whether the frames follow them.

A pure state machine: what was seen of a frame and when comes in, what to ask next comes out. No
clock, no socket, no picture.

A challenge is three excursions from looking straight, each drawn from four: to the left; to the
right; to the left and on to the right; to the right and on to the left. Of those 4 ** 3 = 64 a clip
that was recorded for another challenge answers the one that is asked in at most one (1.6 %), and
then its moments must fit as well: how long each position is held is drawn, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from facelogin.recognition.heading import Heading
from facelogin.recognition.types import FaceRegion

EXCURSIONS = 3
_BY_LEFT, _BY_RIGHT = (Heading.LEFT,), (Heading.RIGHT,)
KINDS: tuple[tuple[Heading, ...], ...] = (
    _BY_LEFT, _BY_RIGHT, _BY_LEFT + _BY_RIGHT, _BY_RIGHT + _BY_LEFT,
)  # fmt: skip
# How long a position is held before the next is asked for, in seconds: drawn evenly from these.
STRAIGHT_HELD = (0.6, 1.6)
TURNED_HELD = (0.4, 1.0)
SAMPLES_A_STRETCH = 3  # usable frontal frames in each stretch of looking straight
# Nobody hears, understands and turns within this time: the turn was on its way before it was asked.
SOONEST_SECONDS = 0.3
LATEST_SECONDS = 6.0  # no haste: who has heard and turns slowly needs about two
# On the way from one side to the other a head passes the middle; who rests there answers something
# else.
PASSING_SECONDS = 1.2
# The head may be out of sight, a frame or two while it turns, and frames may be late; longer, and
# another may take its place.
LOST_SECONDS, LATE_SECONDS = 1.5, 2.5
WRONG_FRAMES = 2  # in a row; of a single one the cascades are as often the cause as the person
# From one frame to the next a head moves by its own turn and a little more, as shares of its width.
FARTHEST, SMALLER, LARGER = 0.6, 0.6, 1.6
USUAL_ANSWER_SECONDS = 1.2  # what somebody takes for a step, for steps that nobody judges any more


@dataclass(frozen=True)
class Step:
    """One position to take, and how long to keep it until the next is asked for."""

    heading: Heading
    held_seconds: float


def draw(random: Random) -> tuple[Step, ...]:
    """Draw a challenge; whoever wants it unforeseeable gives `random.SystemRandom`."""
    steps = [Step(Heading.STRAIGHT, random.uniform(*STRAIGHT_HELD))]
    for _ in range(EXCURSIONS):
        for side in random.choice(KINDS):
            steps.append(Step(side, random.uniform(*TURNED_HELD)))
        steps.append(Step(Heading.STRAIGHT, random.uniform(*STRAIGHT_HELD)))
    return tuple(steps)


class Challenge:
    """One challenge on its way.

    It fails when the head is turned before that was asked, to the other side, not in time, not long
    enough, or rests on the way; and when it is out of sight for too long, or turns up elsewhere or
    in another size. After a failure the steps go on by the clock: the result does not tell which
    part it was, though whoever answers nothing sees from their pace that something failed.

    Parameters
    ----------
    steps : sequence of Step
        What `draw` drew.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._at = 0
        self._asked_at: float | None = None  # of the step that is on; None: not begun
        self._first_at: float | None = None  # when the head was first seen as asked, since it was
        self._reached_at: float | None = None  # the same, once a second frame in a row showed it
        self._passing_since: float | None = None
        self._wrong_in_a_row = 0
        self._region: FaceRegion | None = None
        self._seen_at = 0.0
        self._samples = self._matches = 0  # of the stretch of looking straight that is on
        self._all_samples = self._all_matches = 0
        self._is_person_throughout = True
        self._has_failed = False

    @property
    def index(self) -> int:
        """Return the number of the step that is on, from 1."""
        return min(self._at, len(self._steps) - 1) + 1

    @property
    def count(self) -> int:
        """Return how many steps there are."""
        return len(self._steps)

    @property
    def asked(self) -> Heading:
        """Return the position that is asked for."""
        return self._steps[self.index - 1].heading

    @property
    def has_begun(self) -> bool:
        """Say whether somebody looked straight at the camera yet."""
        return self._at > 0 or self._reached_at is not None

    @property
    def is_over(self) -> bool:
        """Say whether all steps were asked for."""
        return self._at == len(self._steps)

    @property
    def is_failed(self) -> bool:
        """Say whether it can be passed no more. For the result alone: nobody is told before."""
        return self._has_failed

    @property
    def samples(self) -> int:
        """Return how many samples there were since somebody first looked straight."""
        return self._all_samples

    @property
    def matches(self) -> int:
        """Return how many of them show the claimed person."""
        return self._all_matches

    @property
    def is_person_throughout(self) -> bool:
        """Say whether each stretch of looking straight, so far, held a sample of the person."""
        return self._is_person_throughout

    @property
    def takes_samples(self) -> bool:
        """Say whether usable frontal frames count now: the person looks straight, as asked."""
        return self.asked is Heading.STRAIGHT and self._reached_at is not None

    def sampled(self, *, is_match: bool) -> None:
        """Take a usable frontal frame, which shows the claimed person or does not."""
        self._samples += 1
        self._matches += is_match
        self._all_samples += 1
        self._all_matches += is_match

    def saw(self, now: float, heading: Heading | None, region: FaceRegion | None) -> bool:
        """Take what one frame showed; None for both if there was no head, or more than one.

        Parameters
        ----------
        now : float
            Seconds, of any clock that does not go back.

        Returns
        -------
        bool
            Whether it shows the head that is followed, and no other.
        """
        if self.is_over:
            return False
        if self._asked_at is None:
            self._asked_at = self._seen_at = now
        if self._has_failed:
            self._go_on_by_the_clock(now)
            return False
        is_there = region is not None and (
            self._region is None or _is_same_place(self._region, region)
        )
        if now - self._seen_at > (LATE_SECONDS if is_there else LOST_SECONDS):
            self._fail(now)
            return False
        if is_there:
            self._region, self._seen_at = region, now
        if heading is not None and is_there:
            self._follow(now, heading)
        if self._reached_at is None and self._at and now - self._asked_at > LATEST_SECONDS:
            self._fail(now)
        return is_there and not self._has_failed

    def _follow(self, now: float, heading: Heading) -> None:
        if heading is self.asked:
            self._wrong_in_a_row, self._passing_since = 0, None
            self._keep(now)
            return
        if self._reached_at is None:
            self._first_at = None
        if heading is not Heading.BETWEEN and not self._may_pass(now, heading):
            self._wrong_in_a_row += 1
            if self._wrong_in_a_row >= WRONG_FRAMES:
                self._fail(now)

    def _keep(self, now: float) -> None:
        """Note since when the head is as asked, and go on when that was long enough."""
        if self._first_at is None:
            self._first_at = now
            return
        assert self._asked_at is not None
        if self._reached_at is None:
            self._reached_at = self._first_at
            if self._at and self._reached_at - self._asked_at < SOONEST_SECONDS:
                self._fail(now)
                return
        if now - self._reached_at >= self._steps[self._at].held_seconds:
            if self.asked is Heading.STRAIGHT:
                if self._samples < SAMPLES_A_STRETCH:
                    return
                self._is_person_throughout &= self._matches > 0
            self._advance(now)

    def _may_pass(self, now: float, heading: Heading) -> bool:
        """Say whether the head may be seen so while it is on its way to where it is asked."""
        if self._reached_at is not None or not self._at:
            return False
        before = self._steps[self._at - 1].heading
        if heading is before:
            return True
        if heading is Heading.STRAIGHT:  # from one side to the other
            self._passing_since = self._passing_since or now
            return now - self._passing_since <= PASSING_SECONDS
        return False

    def _advance(self, now: float) -> None:
        self._at += 1
        self._asked_at = now
        self._first_at = self._reached_at = self._passing_since = None
        self._wrong_in_a_row = self._samples = self._matches = 0

    def _fail(self, now: float) -> None:
        if self._at == 0:
            # Nothing was asked yet but to look at the camera: that may take as long as it takes.
            # Whose face was there before does not count, for them or against them.
            self._first_at = self._reached_at = self._region = None
            self._seen_at = now
            self._wrong_in_a_row = self._samples = self._matches = 0
            self._all_samples = self._all_matches = 0
            return
        self._has_failed = True
        self._reached_at = now

    def _go_on_by_the_clock(self, now: float) -> None:
        assert self._reached_at is not None
        held = self._steps[self._at].held_seconds
        if now - self._reached_at >= USUAL_ANSWER_SECONDS + held:
            self._advance(now)
            self._reached_at = now


def _is_same_place(last: FaceRegion, now: FaceRegion) -> bool:
    """Say whether one head can have gone from one place to the other between two frames."""
    across = abs(now.x + now.width / 2 - last.x - last.width / 2) / last.width
    down = abs(now.y + now.height / 2 - last.y - last.height / 2) / last.height
    return max(across, down) <= FARTHEST and SMALLER <= now.width / last.width <= LARGER
