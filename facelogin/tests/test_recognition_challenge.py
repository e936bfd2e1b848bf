"""The challenge alone: drawn unforeseeably, followed by who is there, failed by all else."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import pytest

from facelogin.recognition import (
    Challenge,
    FaceRegion,
    Heading,
    Observation,
    Reason,
    Step,
    TurningVerification,
    draw_challenge,
)
from facelogin.recognition.challenge import (
    LATE_SECONDS,
    LATEST_SECONDS,
    LOST_SECONDS,
    PASSING_SECONDS,
    SAMPLES_A_STRETCH,
)
from facelogin.recognition.heading import heading

S, L, R, B = Heading.STRAIGHT, Heading.LEFT, Heading.RIGHT, Heading.BETWEEN
HERE = FaceRegion(0.35, 0.3, 0.3, 0.4)
FRAME = 0.2  # seconds: five frames a second, as the page sends
AT = {S: 0.0, L: 1.0, R: -1.0}
STEPS = tuple(Step(way, 0.8) for way in (S, L, S, R, L, S))

Seen = tuple[float, Heading | None]


# -- which way a head is turned --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frontal", "left", "right", "expected"),
    [
        (60, 0, 0, S), (60, 30, 0, S), (60, 0, 59, S), (40, 40, 0, S),
        (0, 5, 0, L), (0, 0, 5, R), (20, 31, 0, L), (10, 5, 40, R),
        (20, 30, 0, B), (20, 25, 0, B), (0, 20, 20, B), (0, 20, 11, B), (5, 12, 20, B),
    ],
)  # fmt: skip
def test_the_cascade_that_sees_most_says_where_a_head_points(
    frontal: int, left: int, right: int, expected: Heading
) -> None:
    assert heading(frontal, left, right) is expected


# -- drawing ---------------------------------------------------------------------------------------


def order(steps: Sequence[Step]) -> tuple[Heading, ...]:
    return tuple(step.heading for step in steps)


def test_sixty_four_orders_are_equally_likely() -> None:
    random, draws = Random(1), 12_800
    drawn = Counter(order(draw_challenge(random)) for _ in range(draws))
    assert len(drawn) == 64
    expected = draws / 64
    assert sum((count - expected) ** 2 / expected for count in drawn.values()) < 104  # p = 0.001


def test_a_challenge_begins_and_ends_straight_and_never_asks_for_what_is_there() -> None:
    random = Random(2)
    for _ in range(200):
        asked = order(draw_challenge(random))
        assert asked[0] is asked[-1] is S
        assert 7 <= len(asked) <= 10
        assert all(a is not b for a, b in pairwise(asked))
        assert asked.count(S) == 4


# -- following -------------------------------------------------------------------------------------


@dataclass
class Person:
    """Answers what is asked: hears it, turns, keeps the position."""

    random: Random
    frame: float = FRAME

    def frames(self, challenge: Challenge) -> Iterator[Seen]:
        """Yield what each frame shows until the challenge is over."""
        reaction, speed = self.random.uniform(0.4, 1.4), self.random.uniform(1, 2.5)
        position, heard, turns_at, now = 0.0, 1, 0.0, 0.0
        while not challenge.is_over and now < 90:
            if challenge.index != heard:
                heard, turns_at = challenge.index, now + reaction * self.random.uniform(0.8, 1.2)
            if now >= turns_at:
                way = AT[challenge.asked] - position
                position += max(-1, min(1, way / (speed * self.frame))) * speed * self.frame
            yield now, seen_at(position)
            now += self.frame


def seen_at(position: float) -> Heading:
    if abs(position) > 0.7:
        return L if position > 0 else R
    return S if abs(position) < 0.4 else B


def feed(
    challenge: Challenge, frames: Iterator[Seen] | Sequence[Seen], *, is_match: bool = True
) -> list[Seen]:
    """Feed frames; every one that looks straight when it is asked to is a sample."""
    fed = []
    for now, way in frames:
        is_followed = challenge.saw(now, way, HERE if way else None)
        if is_followed and way is S and challenge.takes_samples:
            challenge.sampled(is_match=is_match)
        fed.append((now, way))
    return fed


def has_passed(challenge: Challenge) -> bool:
    return challenge.is_over and not challenge.is_failed


@pytest.mark.parametrize("a_second", [2, 3, 5])
def test_who_turns_as_asked_passes_at_any_rate_of_frames(a_second: int) -> None:
    for seed in range(100):
        random = Random(seed)
        challenge = Challenge(draw_challenge(random))
        feed(challenge, Person(random, 1 / a_second).frames(challenge))
        assert has_passed(challenge), seed


def test_there_is_no_haste() -> None:
    challenge = Challenge(STEPS)
    script: list[tuple[float, Heading]] = [(1.0, S)]
    for before, after in pairwise(STEPS):
        script += [(LATEST_SECONDS - 2, before.heading), (1.0, B), (1.2, after.heading)]
    feed(challenge, play(script))
    assert has_passed(challenge)


def play(script: Sequence[tuple[float, Heading | None]]) -> list[Seen]:
    """Return the frames of a head that shows each for so many seconds."""
    frames: list[Seen] = []
    for seconds, way in script:
        frames += [(len(frames) * FRAME + n * FRAME, way) for n in range(round(seconds / FRAME))]
    return [(n * FRAME, way) for n, (_, way) in enumerate(frames)]


GOOD: tuple[tuple[float, Heading | None], ...] = (
    (1.6, S), (0.4, B), (1.8, L), (0.4, B), (1.8, S), (0.4, B), (1.8, R), (0.6, S), (1.8, L),
    (0.4, B), (1.6, S),
)  # fmt: skip


def changed(at: int, *instead: tuple[float, Heading | None]) -> list[Seen]:
    return play([*GOOD[:at], *instead, *GOOD[at + 1 :]])


def without(frames: Sequence[Seen], start: float, seconds: float) -> list[Seen]:
    """Return a clip of which some never came."""
    return [(now, way) for now, way in frames if not start < now < start + seconds]


FAILING = {
    "turned before it was asked": changed(4, (0.4, S)),
    "to the other side": changed(2, (1.8, R)),
    "not at all": changed(2, (1.8, S)),
    "not kept": changed(2, (0.4, L), (1.4, S)),
    "back before it was asked": changed(2, (0.8, L)),
    "on to the other side when asked back": changed(4, (1.8, R)),
    "resting on the way": changed(7, (PASSING_SECONDS + 0.6, S)),
    "gone for too long": changed(3, (LOST_SECONDS + 0.6, None)),
    "no frames for too long, on the way": without(changed(3, (4.0, B)), 3.8, LATE_SECONDS + 0.3),
    "no frames for too long, while turned": without(play(GOOD), 2.5, LATE_SECONDS + 0.3),
    "never back": changed(4, (LATEST_SECONDS + 0.6, L)),
}


def test_the_script_that_the_failures_are_made_of_passes() -> None:
    challenge = Challenge(STEPS)
    feed(challenge, play(GOOD))
    assert has_passed(challenge)


@pytest.mark.parametrize("frames", FAILING.values(), ids=FAILING)
def test_what_was_not_asked_for_fails(frames: list[Seen]) -> None:
    challenge = Challenge(STEPS)
    feed(challenge, frames)
    assert challenge.is_failed


def test_a_turn_that_was_on_its_way_before_it_was_asked_fails() -> None:
    challenge = Challenge(STEPS)
    feed(challenge, play([(1.0, S)]))  # the fifth frame lasts long enough: the turn is asked for
    assert challenge.asked is L
    for now in (1.0, 1.2):  # the first of them a fifth of a second after it was asked
        challenge.saw(now, L, HERE)
    assert challenge.is_failed


def test_a_single_frame_takes_no_position() -> None:
    challenge = Challenge(STEPS)
    feed(challenge, changed(0, (1.0, S), (0.2, L), (0.4, S)))  # too soon to be an answer
    assert has_passed(challenge)


def test_frames_that_are_late_harm_nobody() -> None:
    challenge = Challenge(STEPS)
    feed(challenge, without(changed(4, (5.0, S)), 4.5, LATE_SECONDS - 0.3))
    assert has_passed(challenge)


@pytest.mark.parametrize("single", [L, R, None])
def test_one_odd_frame_harms_nobody(single: Heading | None) -> None:
    challenge = Challenge(STEPS)
    feed(challenge, changed(4, (0.8, S), (0.2, single), (1.0, S)))
    assert has_passed(challenge)


@pytest.mark.parametrize(
    "there",
    [
        FaceRegion(0.6, 0.3, 0.3, 0.4),
        FaceRegion(0.35, 0.6, 0.3, 0.4),
        FaceRegion(0.4, 0.4, 0.1, 0.1),
    ],
    ids=["beside", "below", "smaller"],
)
def test_a_head_that_turns_up_elsewhere_is_another_one(there: FaceRegion) -> None:
    challenge = Challenge(STEPS)
    for now, way in play(GOOD):
        challenge.saw(now, way, HERE if now < 3 else there)
        if way is S and challenge.takes_samples:
            challenge.sampled(is_match=True)
    assert challenge.is_failed


def test_a_head_may_wander_in_small_steps() -> None:
    challenge = Challenge(STEPS)
    for number, (now, way) in enumerate(play(GOOD)):
        challenge.saw(now, way, FaceRegion(0.1 + 0.008 * number, 0.3, 0.3 - 0.001 * number, 0.4))
        if way is S and challenge.takes_samples:
            challenge.sampled(is_match=True)
    assert has_passed(challenge)


@pytest.mark.parametrize("stretch", [None, 0, 1, 2])
def test_each_stretch_of_looking_straight_needs_a_sample_of_the_person(
    stretch: int | None,
) -> None:
    """So that no photo stands in for the face while somebody else's head does the turning."""
    challenge, straight, last = Challenge(STEPS), -1, 0
    for now, way in play(GOOD):
        if challenge.index != last:
            last, straight = challenge.index, straight + (challenge.asked is S)
        if challenge.saw(now, way, HERE) and way is S and challenge.takes_samples:
            challenge.sampled(is_match=straight != stretch)
    assert has_passed(challenge)  # who follows, follows; whose face it is counts in the end
    assert challenge.is_person_throughout is (stretch is None)


def test_a_stretch_lasts_until_it_has_its_samples() -> None:
    challenge = Challenge(STEPS)
    for number in range(20):
        challenge.saw(number * FRAME, S, HERE)
        assert challenge.index == 1
    for _ in range(SAMPLES_A_STRETCH):
        challenge.sampled(is_match=False)
    challenge.sampled(is_match=True)
    challenge.saw(20 * FRAME, S, HERE)
    assert challenge.index == 2


def test_nothing_fails_before_somebody_looks_straight() -> None:
    challenge = Challenge(STEPS)
    feed(challenge, play([(3.0, None), (2.0, L), (0.4, S), (2.0, R), (3.0, None)]))
    assert not challenge.is_failed and challenge.index == 1
    assert not Challenge(STEPS).has_begun
    feed(challenge, [(now + 20, way) for now, way in play(GOOD)])
    assert has_passed(challenge)


def test_after_a_failure_the_steps_go_on_as_if_nothing_had_happened() -> None:
    """Who holds up a photo must not learn which step gave it away, nor save the time."""
    challenge, told = Challenge(STEPS), []
    failed_at = 0.0
    for number in range(400):
        challenge.saw(number * FRAME, S, HERE)
        challenge.sampled(is_match=True)
        if challenge.is_failed and not failed_at:
            failed_at = number * FRAME
        if not told or told[-1] != challenge.index:
            told.append(challenge.index)
        if challenge.is_over:
            break
    assert told == [1, 2, 3, 4, 5, 6]
    assert challenge.is_over and challenge.is_failed
    assert number * FRAME > failed_at + 4 * 1.5


# -- by luck ---------------------------------------------------------------------------------------


def test_a_clip_of_another_challenge_fits_by_luck_at_most_three_times_in_a_hundred() -> None:
    """Started at whichever of ten moments fits best, which nobody can know before."""
    random, fits, trials = Random(20261127), 0, 2000
    for _ in range(trials):
        recorded = Challenge(draw_challenge(random))
        clip = feed(recorded, Person(random).frames(recorded))
        steps = draw_challenge(random)
        fits += any(has_passed(replayed(steps, clip, start * 0.3)) for start in range(10))
    assert fits / trials <= 0.03


def replayed(steps: Sequence[Step], clip: Sequence[Seen], start: float) -> Challenge:
    challenge = Challenge(steps)
    feed(challenge, [(now - start, way) for now, way in clip if now >= start])
    return challenge


# -- with whose face it is -------------------------------------------------------------------------


def verified(score: Sequence[float]) -> TurningVerification:
    """Follow GOOD with the score of each stretch of looking straight in turn, 0.5 the threshold."""
    turning, straight, last = TurningVerification(0.5, STEPS), -1, 0
    for now, way in play(GOOD):
        if turning.challenge.index != last:
            last = turning.challenge.index
            straight += turning.challenge.asked is S
        take(turning, now, way, score[straight] if way is S else None)
    assert has_passed(turning.challenge)
    return turning


def take(
    turning: TurningVerification,
    now: float,
    way: Heading | None,
    score: float | None,
    there: FaceRegion = HERE,
) -> None:
    turning.take(now, Observation((), there if way else None, heading=way), (), score)


@pytest.mark.parametrize(
    ("scores", "is_match"),
    [
        ((0.1, 0.1, 0.1), True),
        ((0.9, 0.9, 0.9), False),
        # A photo that was put down for a while: like a stranger, which says nothing of the photo.
        ((0.1, 0.9, 0.1), False),
        ((0.9, 0.1, 0.1), False),
        ((0.1, 0.1, 0.9), False),
    ],
)
def test_only_who_is_the_person_throughout_is_a_match(
    scores: tuple[float, ...], is_match: bool
) -> None:
    assert verified(scores).is_match is is_match


@pytest.mark.parametrize(("every", "is_match"), [(2, True), (3, False)])
def test_five_of_every_twelve_samples_must_match(every: int, is_match: bool) -> None:
    """To the end: who matched five times is not through, and may not be another from then on."""
    steps = [Step(step.heading, 2.0) for step in STEPS]
    turning, samples = TurningVerification(0.5, steps), 0
    for now, way in play([(2 * seconds, way) for seconds, way in GOOD]):
        if way is S:
            samples += 1
        take(turning, now, way, 0.1 if samples % every == 0 else 0.9)
    challenge = turning.challenge
    assert has_passed(challenge) and challenge.is_person_throughout
    assert challenge.matches >= 5 and turning.is_match is is_match


def test_a_photo_beside_the_head_is_no_sample() -> None:
    """Hidden for a second, somebody's own head comes back where it was; the photo was elsewhere."""
    turning, photo = TurningVerification(0.5, STEPS), FaceRegion(0.05, 0.1, 0.12, 0.16)
    for now, way in play(GOOD):
        is_hidden = way is S and int(now / 0.8) % 2 == 0
        take(turning, now, way, 0.1 if is_hidden else 0.9, photo if is_hidden else HERE)
    assert turning.challenge.matches == 0 and not turning.is_match


def test_who_was_there_before_it_began_does_not_count() -> None:
    """A photo, then another's head: turned to one side, which begins the first step anew."""
    turning = TurningVerification(0.5, STEPS)
    for number in range(6):
        take(turning, number * FRAME, S if number < 4 else L, 0.1)
    assert turning.challenge.samples == 0 and not turning.challenge.has_begun
    for now, way in play(GOOD):
        take(turning, now + 6 * FRAME, way, 0.9)
    assert has_passed(turning.challenge)
    assert turning.challenge.matches == 0 and not turning.is_match


def test_a_frame_shown_before_shows_nothing() -> None:
    turning = TurningVerification(0.5, STEPS)
    for now, way in play(GOOD):
        is_frozen = 2 < now < 3.8  # turned, as it was asked to be
        reasons = (Reason.REPEATED_FRAME,) if is_frozen else ()
        turning.take(now, Observation((), HERE, heading=way), reasons, 0.1)
    assert turning.challenge.is_failed
