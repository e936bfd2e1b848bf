"""Pictures that are none: a defined answer, no lost worker, and the same attempt still matches."""

import uuid
from functools import cache

import numpy as np
import pytest

from facelogin import operating_point, stores, workers
from facelogin.protocol import MAX_FRAME_BYTES
from facelogin.recognition import Enrolment, Reason, Reference
from facelogin.recognition.detection import SECOND_FACE_SHARE, Box, those_that_count
from facelogin.tests.bad_pictures import PICTURES, SEED, BadPicture, flipped, good
from facelogin.tests.conftest import Accounts, empty_frame, face_frames
from facelogin.tests.pictures import recognizer
from facelogin.tests.test_capture import Browser

FLIPPED = 60  # in every run, both ways; `make fuzz` takes 10 000
CUT = [picture for picture in PICTURES if picture.name.startswith("cut at")]
OTHERS = [picture for picture in PICTURES if picture not in CUT]


def _names(pictures: list[BadPicture]) -> list[str]:
    return [picture.name for picture in pictures]


@cache
def _reference() -> Reference:
    """The reference of the person whom all pictures show."""
    samples = [recognizer().observe(frame).template for frame in face_frames(13)]
    enrolment = Enrolment()
    for sample in samples:
        assert sample is not None
        enrolment.add(sample)
    return enrolment.finish("lbph", recognizer().dissimilarity, operating_point.threshold())


@pytest.fixture
async def browser(accounts: Accounts, user_id: uuid.UUID, transactional_db: None) -> Browser:
    """A person with a reference, before an open verify attempt."""

    def keep_reference() -> None:
        stores.store_pending(user_id, _reference(), "jti")
        assert stores.activate(user_id, "jti")

    await stores.in_thread(keep_reference)
    browser = Browser()
    ready = await browser.open(accounts.ticket("verify", user_id))
    assert ready is not None and ready["type"] == "attempt.ready"
    return browser


def _workers() -> list[int]:
    return [lane.started.result(timeout=30) for lane in workers.pool().lanes]


async def _matches(browser: Browser) -> None:
    """The attempt goes on as if nothing had been: good pictures, a match, a clean close."""
    feedback, result = await browser.show(face_frames(12, seed=1))
    assert result["outcome"] == "match", (feedback, result)
    assert await browser.close_code() == 1000


def test_there_are_as_many_as_quality_asks_for() -> None:
    assert len(CUT) == 64 and len(OTHERS) >= 30
    assert len(set(_names(PICTURES))) == len(PICTURES)
    assert max(len(picture.make()) for picture in PICTURES) <= MAX_FRAME_BYTES


@pytest.mark.parametrize("picture", PICTURES, ids=_names(PICTURES))
def test_recognition_has_one_answer(picture: BadPicture) -> None:
    observation = recognizer().observe(picture.make())
    assert {reason.value for reason in observation.reasons} == picture.reasons
    assert (observation.template is None) == bool(picture.reasons)


@pytest.mark.parametrize("picture", OTHERS, ids=_names(OTHERS))
async def test_the_socket_answers_once_and_goes_on(browser: Browser, picture: BadPicture) -> None:
    before = _workers()
    await browser.say(picture.make())
    feedback = await browser.hear()
    assert feedback["type"] == "capture.feedback" and feedback["sequence"] == 1
    assert feedback["verdict"] == ("rejected" if picture.reasons else "accepted")
    assert set(feedback["reasons"]) == picture.reasons
    assert (feedback["face"] is None) == bool(picture.reasons)
    await _matches(browser)
    assert _workers() == before


async def test_sixty_four_cut_pictures_in_one_attempt(browser: Browser) -> None:
    before = _workers()
    for sequence, picture in enumerate(CUT, start=1):
        await browser.say(picture.make())
        feedback = await browser.hear()
        assert (feedback["sequence"], feedback["verdict"]) == (sequence, "rejected"), picture.name
        assert feedback["reasons"] == ["undecodable"], picture.name
    await _matches(browser)
    assert _workers() == before


def test_flipped_bits_never_break_recognition() -> None:
    random = np.random.default_rng(SEED)
    for number in range(FLIPPED):
        observation = recognizer().observe(flipped(random))
        assert set(observation.reasons) <= set(Reason), f"number {number} of seed {SEED}"
        assert (observation.template is None) == bool(observation.reasons)


async def test_flipped_bits_never_cost_a_worker(browser: Browser) -> None:
    before = _workers()
    random = np.random.default_rng(SEED + 1)
    for sequence in range(1, FLIPPED + 1):
        # Nobody is in them: pictures that count would end the attempt before all were shown.
        await browser.say(flipped(random, empty_frame(sequence)))
        feedback = await browser.hear()
        assert (feedback["sequence"], feedback["verdict"]) == (sequence, "rejected")
        assert set(feedback["reasons"]) <= {reason.value for reason in Reason}
    await _matches(browser)
    assert _workers() == before


@pytest.mark.parametrize(
    ("boxes", "counted"),
    [
        ([], []),
        ([(200, 60)], [200]),
        ([(200, 60), (190, 30)], [200, 190]),
        # Somebody walks past behind: small, and the cascade is surer of them than of the person.
        ([(200, 40), (90, 90)], [200]),
        ([(200, 90), (90, 40)], [200]),
        ([(200, 40), (101, 90)], [101, 200]),
        # A pattern that fools the cascade now and then, however large, is no face.
        ([(200, 60), (400, 19)], [200]),
    ],
)
def test_the_largest_face_is_the_measure(boxes: list[tuple[int, int]], counted: list[int]) -> None:
    found = those_that_count([Box(0, 0, side, votes) for side, votes in boxes])
    assert [box.side for box in found] == counted
    assert SECOND_FACE_SHARE == 0.5


def test_scans_are_counted_behind_the_header_only() -> None:
    comment = b"\xff\xfe" + (2 + 2 * 50).to_bytes(2, "big") + b"\xff\xda" * 50
    assert recognizer().observe(good()[:2] + comment + b"\xff\xff" + good()[2:]).reasons == ()
