"""A drawn head that turns when told gets through the challenge; pictures and clips do not.

All by the cascades and the product's own classes. The whole tables are `make attacks` (bench).
"""

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from facelogin.evaluation import turning
from facelogin.evaluation.turning import Outcome
from facelogin.recognition import Frame, Heading, Recognizer, draw_challenge
from facelogin.workers import make_recognizer
from tests import attacks
from tests.drawn_faces import Person, Pose, frames, portrait
from tests.turning_head import TURNED_DEGREES, TurningHead

PEOPLE = [Person(seed) for seed in (1, 4, 14, 16)]
TALKING = Path(__file__).parent.parent.parent / "shared/faces/video/talking.mp4"


@cache
def recognizer() -> Recognizer:
    return make_recognizer()


@cache
def clip(person: Person, seed: int) -> tuple[Frame, ...]:
    """Return what a camera took of somebody who answered the challenge of a seed."""
    head, taken = TurningHead(person, seed), []

    def camera(now: float, asked: Heading) -> Frame:
        taken.append(Frame.from_colour(head.frame(now, asked)))
        return taken[-1]

    trial = turning.against_a_draw(recognizer(), camera, seed)
    assert trial.outcome is Outcome.PASSED, (person, seed, trial)
    return tuple(taken)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        (0, Heading.STRAIGHT),
        (TURNED_DEGREES, Heading.LEFT),  # the picture's right is the person's left
        (-TURNED_DEGREES, Heading.RIGHT),
    ],
)
def test_a_turned_head_is_seen_turned(person: Person, degrees: float, expected: Heading) -> None:
    last = None
    for degree in np.linspace(0, degrees, 6):
        frame = Frame.from_colour(portrait(person, Pose(turn=float(degree))))
        seen = recognizer().observe_frame(frame, near=last, with_heading=True)
        last = seen.face
    assert seen.heading is expected


@pytest.mark.parametrize("person", PEOPLE[:2])
def test_who_turns_when_told_passes(person: Person) -> None:
    assert len(clip(person, person.seed)) > 30


def test_a_clip_of_one_challenge_answers_that_one_and_no_other() -> None:
    recorded = clip(PEOPLE[0], 1)
    own = turning.against_a_draw(recognizer(), turning.of_frames(recorded), 1)
    assert own.outcome is Outcome.PASSED
    others = [turning.against_a_draw(recognizer(), turning.of_frames(recorded), s) for s in (2, 3)]
    assert all(trial.outcome is not Outcome.PASSED for trial in others)


@pytest.mark.parametrize("played", [attacks.frozen, attacks.looped, attacks.backwards])
def test_frozen_looped_and_reversed_clips_are_refused(played: object) -> None:
    assert callable(played)
    shown: Sequence[Frame] = played(clip(PEOPLE[0], 1), 3)
    for seed in (1, 2):  # the challenge that it was recorded for, and another
        trial = turning.against_a_draw(recognizer(), turning.of_frames(shown), seed)
        assert trial.outcome is not Outcome.PASSED


@pytest.mark.parametrize("way", attacks.WAYS)
def test_a_photo_moved_as_asked_is_refused(way: str) -> None:
    picture = portrait(PEOPLE[0])
    for seed in (1, 2):
        trial = turning.against_a_draw(recognizer(), attacks.Still(picture, way, seed).frame, seed)
        assert trial.outcome is not Outcome.PASSED
        assert trial.step <= 3  # it gets no further than the first turns


def test_somebody_who_only_looks_straight_is_told_so_and_never_gets_in() -> None:
    still = [Frame.from_colour(frame) for frame in frames(PEOPLE[1], 60, seed=3)]
    trial = turning.against_a_draw(recognizer(), turning.of_frames(still), 1)
    assert (trial.outcome, trial.step) == (Outcome.FAILED, 2)
    assert {*trial.headings} <= {Heading.STRAIGHT, Heading.BETWEEN}


@pytest.mark.skipif(not TALKING.is_file(), reason="the research pictures are not on this machine")
def test_a_talking_man_who_looks_straight_is_never_seen_turned() -> None:
    video, taken = cv2.VideoCapture(str(TALKING)), []
    while video.grab():
        if int(video.get(cv2.CAP_PROP_POS_FRAMES)) % 5 == 0:
            taken.append(Frame.from_colour(np.asarray(video.retrieve()[1], np.uint8)))
    seen = turning.headings(recognizer(), taken)
    assert len(seen) > 150
    assert not {Heading.LEFT, Heading.RIGHT} & {*seen}


def test_the_challenge_of_a_clip_is_its_own_positions() -> None:
    s, left, right, b = Heading.STRAIGHT, Heading.LEFT, Heading.RIGHT, Heading.BETWEEN
    seen = [
        left,
        s,
        s,
        s,
        b,
        *[left] * 4,
        None,
        s,
        s,
        right,
        right,
        s,
        s,
        s,
        right,
        right,
        *[s] * 5,
    ]
    steps = turning.steps_of(seen)
    assert [step.heading for step in steps] == [s, left, right, s, right, s]
    assert [step.held_seconds for step in steps] == pytest.approx([0.2, 0.3, 0.1, 0.2, 0.1, 0.4])
    recorded = clip(PEOPLE[0], 1)
    of_clip = turning.attempt(
        recognizer(), turning.of_frames(recorded), draw_challenge(random.Random(1))
    )
    steps = turning.steps_of(of_clip.headings)
    assert [step.heading for step in steps] == [
        step.heading for step in draw_challenge(random.Random(1))
    ]
