"""The drawn people must be worth testing with: seen by a cascade, and told apart by the product."""

import importlib.resources
from functools import cache
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from facelogin.recognition import (
    CalibrationTable,
    Enrolment,
    FrameHistory,
    Recognizer,
    Reference,
    Template,
    Verdict,
    Verification,
)
from facelogin.workers import make_recognizer
from tests import feeds
from tests.drawn_faces import Frame, Person, Pose, empty_room, frames, portrait, poses

PEOPLE = [Person(seed) for seed in (1, 4, 11, 16)]  # 4 and 16 are the most alike of the first 24
FALSE_MATCH_RATE = 0.001  # the product's default


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return make_recognizer()


@pytest.fixture(scope="module")
def threshold() -> float:
    folder = importlib.resources.files("facelogin.recognition.engines")
    table = CalibrationTable.from_json(folder.joinpath("lbph.calibration.json").read_text())
    return table.threshold_for(FALSE_MATCH_RATE)


@cache
def plain_cascade() -> cv2.CascadeClassifier:
    folder = importlib.resources.files("cv2.data")
    return cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_default.xml"))


def found_faces(frame: Frame) -> list[int]:
    """Return the widths that OpenCV's own cascade finds, apart from the product's settings."""
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    return [int(box[2]) for box in plain_cascade().detectMultiScale(grey, 1.1, 5, minSize=(80, 80))]


def samples(recognizer: Recognizer, person: Person, seed: int) -> list[Template]:
    """Return the templates of twenty frames, three a second, as facelogin accepts them."""
    history, accepted = FrameHistory(), []
    for pose in islice(poses(60, seed), 0, None, 3):
        seen = recognizer.observe(feeds.jpeg(portrait(person, pose)))
        assert seen.fingerprint is not None
        if seen.template is not None and not history.is_repeat(seen.fingerprint):
            accepted.append(seen.template)
    return accepted


def test_equal_seeds_give_equal_frames() -> None:
    first, again = list(frames(PEOPLE[0], 3, 7)), list(frames(PEOPLE[0], 3, 7))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert first[0].shape == (480, 640, 3)
    assert first[0].dtype == np.uint8


def test_no_two_frames_are_equal() -> None:
    goes = [frame.tobytes() for seed in (1, 2) for frame in frames(PEOPLE[0], 15, seed)]
    assert len(set(goes)) == 30


@pytest.mark.parametrize("person", PEOPLE)
def test_a_cascade_finds_one_face_of_a_webcam_s_size(person: Person) -> None:
    found = [found_faces(frame) for frame in frames(person, 20, 3)]
    single = [widths[0] for widths in found if len(widths) == 1]
    assert len(single) >= 19
    assert all(150 <= width <= 250 for width in single)


def test_an_empty_room_has_no_face() -> None:
    assert not any(found_faces(frame) for seed in range(4) for frame in empty_room(3, seed))


def test_a_blink_and_a_turn_change_the_picture() -> None:
    rest = portrait(PEOPLE[0]).astype(int)
    for pose in (Pose(blink=1), Pose(yaw=10), Pose(smile=1)):
        assert np.abs(portrait(PEOPLE[0], pose) - rest).max() > 40


def test_people_are_told_apart_in_whole_sign_ins(recognizer: Recognizer, threshold: float) -> None:
    references: dict[Person, Reference] = {}
    probes: dict[Person, list[Template]] = {}
    for person in PEOPLE:
        enrolment = Enrolment()
        for sample in samples(recognizer, person, seed=1):
            enrolment.add(sample)
        references[person] = enrolment.finish("lbph", recognizer.dissimilarity, threshold)
        probes[person] = samples(recognizer, person, seed=2)
    for owner, reference in references.items():
        for claimant in PEOPLE:
            verification = Verification(threshold)
            for probe in probes[claimant]:
                if verification.verdict is None:
                    verification.add(recognizer.dissimilarity(probe, reference))
            expected = Verdict.MATCH if claimant == owner else Verdict.NON_MATCH
            assert verification.verdict is expected, f"{claimant} claims to be {owner}"


def test_a_feed_is_its_frames_end_to_end(tmp_path: Path) -> None:
    path = tmp_path / "camera.mjpeg"
    assert feeds.write_mjpeg(path, frames(PEOPLE[0], 4), hold=15) == path
    pictures = path.read_bytes().split(b"\xff\xd8\xff")[1:]
    assert len(pictures) == 4 * 15
    assert len(set(pictures)) == 4
    assert max(map(len, pictures)) < 131_072  # what facelogin takes at most


def test_a_feed_needs_frames_and_the_right_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without frames"):
        feeds.write_mjpeg(tmp_path / "camera.mjpeg", [])
    with pytest.raises(ValueError, match=r"camera\.mp4"):
        feeds.write_mjpeg(tmp_path / "camera.mp4", frames(PEOPLE[0], 1))
    assert not list(tmp_path.iterdir())


def test_a_folder_s_pictures_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (101, 96):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((24, 32, 3), number, np.uint8))
    assert [int(frame[0, 0, 0]) for frame in feeds.frames_of_folder(tmp_path)] == [96, 101]
    with pytest.raises(FileNotFoundError, match="no pictures"):
        feeds.frames_of_folder(tmp_path / "..")


def test_the_astronaut_is_accepted_and_moves(recognizer: Recognizer) -> None:
    taken = list(feeds.astronaut(10, seed=1))
    assert len({frame.tobytes() for frame in taken}) == 10
    # Plain OpenCV also takes the helmet's ring for a face now and then; the product does not.
    assert not any(recognizer.observe(feeds.jpeg(frame)).reasons for frame in taken)
