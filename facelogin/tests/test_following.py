"""Following a face between frames: found again, lost, and others noticed in time."""

import numpy as np
import pytest

from facelogin.recognition import WHOLE_SEARCH_EVERY, FaceRegion, Following, Frame, Reason
from facelogin.recognition.detection import Detector
from facelogin.recognition.following import MISSED_TURNED
from facelogin.tests import pictures
from facelogin.workers import read_cascades

DETECTOR = Detector(read_cascades())


def region(frame: np.ndarray) -> FaceRegion:
    (box,) = DETECTOR.faces(frame)
    return box.region(frame)


# -- near the last face ---------------------------------------------------------------------------


@pytest.mark.parametrize("step", [(0, 0), (12, 4), (-25, 0), (0, -25), (30, 20)])
@pytest.mark.parametrize("scale", [1.0, 1.5, 2.6])
def test_a_face_that_moved_a_little_is_found_where_a_whole_search_finds_it(
    step: tuple[int, int], scale: float
) -> None:
    before = pictures.portrait(scale)
    now = pictures.portrait(scale, (320 + step[0], 240 + step[1]))
    near, (whole,) = DETECTOR.face_near(now, region(before)), DETECTOR.faces(now)
    assert near is not None
    apart = max(abs(near.x - whole.x), abs(near.y - whole.y), abs(near.side - whole.side))
    assert apart <= 0.12 * whole.side


@pytest.mark.parametrize("growth", [0.85, 1.2])
def test_a_face_that_came_nearer_or_went_is_found(growth: float) -> None:
    near = DETECTOR.face_near(pictures.portrait(1.6 * growth), region(pictures.portrait(1.6)))
    assert near is not None


def test_a_face_elsewhere_is_not_near() -> None:
    left, right = pictures.portrait(1.0, (150, 240)), pictures.portrait(1.0, (500, 240))
    assert DETECTOR.face_near(right, region(left)) is None


@pytest.mark.parametrize(
    "place",
    [(-5, -5, 1, 1), (2, 2, 1, 1), (0.5, 0.5, 0, 0), (0, 0, 50, 50), (0.99, 0.99, 0.3, 0.3)],
)
def test_a_place_that_cannot_be_does_no_harm(place: tuple[float, ...]) -> None:
    observation = pictures.recognizer().observe_frame(
        Frame(pictures.portrait()), near=FaceRegion(*place)
    )
    assert observation.reasons == ()


def test_a_face_lost_near_is_looked_for_everywhere_at_once() -> None:
    left, right = pictures.portrait(1.3, (150, 240)), pictures.portrait(1.3, (500, 240))
    observation = pictures.recognizer().observe_frame(Frame(right), near=region(left))
    assert observation.reasons == () and observation.face == region(right)


def test_a_sample_from_near_is_as_good_as_one_from_a_whole_search() -> None:
    recognizer, before = pictures.recognizer(), pictures.portrait(1.5, (310, 236))
    now = Frame(pictures.portrait(1.5))
    whole = recognizer.observe_frame(now).template
    near = recognizer.observe_frame(now, near=region(before)).template
    other = pictures.template_of(pictures.stranger(now.grey, 1))
    assert whole is not None and near is not None and other is not None
    apart = [pictures.distance(whole, template) for template in (near, other)]
    assert apart[0] < apart[1] / 4


# -- when to look everywhere ----------------------------------------------------------------------

FACE = FaceRegion(0.4, 0.4, 0.2, 0.2)


def test_the_first_frame_and_every_fifth_are_looked_at_as_a_whole() -> None:
    following, whole = Following(), []
    for frame in range(12):
        whole += [frame] if following.near() is None else []
        following.saw(FACE)
    assert whole == [0, 5, 10] and WHOLE_SEARCH_EVERY == 5


def test_after_a_lost_face_the_whole_frame_is_looked_at() -> None:
    following = Following()
    assert following.near() is None
    following.saw(FACE)
    assert following.near() == FACE
    following.saw(None)
    assert following.near() is None


def test_a_turned_head_is_looked_for_where_it_was_over_some_frames() -> None:
    """A whole search would not find it: one blurred frame must not end a turn."""
    following = Following()
    following.saw(FACE)
    for _ in range(MISSED_TURNED):
        following.saw(None)
        assert following.near(may_be_turned=True) == FACE
    assert following.near() is None
    following.saw(None)
    assert following.near(may_be_turned=True) is None
    following.saw(FACE)
    following.saw(None)
    assert following.near(may_be_turned=True) == FACE


def test_a_second_person_is_noticed_within_five_frames() -> None:
    alone = pictures.portrait(1.3, (200, 240))
    other = pictures.portrait(1.3, (480, 240))
    together = np.hstack([alone[:, :340], other[:, 340:]])
    following, recognizer = Following(), pictures.recognizer()
    reasons = []
    for frame in [alone] + [together] * WHOLE_SEARCH_EVERY:
        observation = recognizer.observe_frame(Frame(frame), near=following.near())
        following.saw(observation.face)
        reasons.append(observation.reasons)
    assert reasons[0] == ()
    assert (Reason.SEVERAL_FACES,) in reasons
