"""What an enrolment asks for: seen in drawn light, size and turns, and said through the socket."""

import uuid
from collections.abc import Iterable

import cv2
import numpy as np
import pytest

from facelogin.protocol import CapturePrompt
from facelogin.recognition import FaceRegion, Observation, Variety, Wish
from facelogin.recognition.types import Grey
from facelogin.recognition.variety import cut_patch
from facelogin.services.prompts import Prompter
from facelogin.tests.conftest import Accounts
from facelogin.tests.pictures import as_grey, encode, lit, portrait, recognizer
from facelogin.tests.test_capture import Browser, enrol


def noisy(image: Grey, seed: int) -> Grey:
    return as_grey(image + np.random.default_rng(seed).normal(0, 2.5, image.shape))


def turned(image: Grey, pixels: float) -> Grey:
    """The middle of the face moved against its outline, as a slight turn of the head does."""
    y, x = np.mgrid[0:480, 0:640].astype(np.float32)
    bump = np.exp(-((x - 320) ** 2 + (y - 240) ** 2) / (2 * 70**2))
    return as_grey(cv2.remap(image, (x + pixels * bump).astype(np.float32), y, cv2.INTER_LINEAR))


def from_the_side(image: Grey) -> Grey:
    across = np.linspace(0, 1, 640)
    return as_grey(image * (0.45 + 0.75 / (1 + np.exp(25 * (across - 0.5)))))


NEAR = portrait(2.0)
STILL = [noisy(NEAR, seed) for seed in range(14)]
TURNING = [noisy(turned(NEAR, pixels), n) for n, pixels in enumerate((-28, 28, 0, -14, 14) * 3)]
DIM = [noisy(lit(NEAR, 0.28), seed) for seed in range(14)]
SIDE = [from_the_side(image) for image in STILL]
FAR = [noisy(portrait(0.95), seed) for seed in range(14)]


def wishes(pictures: Iterable[Grey]) -> list[Wish | None]:
    """What is wished for after each picture; all of them are samples."""
    variety, found = Variety(), []
    for picture in pictures:
        seen = recognizer().observe(encode(picture))
        assert seen.reasons == ()
        variety.add(seen)
        found.append(variety.wish)
    return found


@pytest.mark.parametrize(
    ("pictures", "wish", "first_after"),
    [
        (STILL, Wish.TURN_SLIGHTLY, 4),
        (DIM, Wish.MORE_LIGHT, 3),
        (SIDE, Wish.MORE_LIGHT, 3),
        (FAR, Wish.COME_CLOSER, 3),
    ],
    ids=["still", "dim", "side", "far"],
)
def test_what_is_missing_is_wished_for(pictures: list[Grey], wish: Wish, first_after: int) -> None:
    expected = [None] * (first_after - 1) + [wish] * (7 - first_after)
    assert wishes(pictures[:6]) == expected


def test_who_moves_a_little_is_asked_for_nothing() -> None:
    assert wishes(TURNING)[4:] == [None] * 11


def test_a_granted_wish_is_no_wish_any_more() -> None:
    assert wishes([*DIM[:4], *TURNING[:5]])[-1] is None
    assert wishes([*STILL[:5], *TURNING[:5]])[-1] is None


def test_a_sample_without_a_face_changes_nothing() -> None:
    variety = Variety()
    for _ in range(5):
        variety.add(Observation((), None, None, None))
    assert variety.wish is None


def test_a_patch_is_the_face_s_own_pixels() -> None:
    frame = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
    patch = cut_patch(frame, FaceRegion(0.25, 0.25, 0.5, 0.5))
    assert patch.shape == (16, 16) and patch.dtype == np.float32
    assert patch[0, 0] == pytest.approx(15.5) and patch[0, -1] == pytest.approx(47.5)
    assert np.array_equal(patch, np.tile(patch[0], (16, 1)))
    # A box may leave the frame: its edge goes on.
    outside = cut_patch(frame, FaceRegion(-0.5, -0.5, 1.0, 1.0))
    assert outside[0, 0] == 0 and np.isfinite(outside).all()


def test_each_wish_is_said_when_it_changes_and_at_most_one_a_second() -> None:
    now = 100.0
    prompter = Prompter(lambda: now)
    dim, far = Wish.MORE_LIGHT, Wish.COME_CLOSER
    assert prompter.say(None) is None
    assert prompter.say(dim) == CapturePrompt("more_light")
    assert [prompter.say(wish) for wish in (dim, far, None, far)] == [None] * 4
    now += 1.0
    assert prompter.say(far) == CapturePrompt("come_closer")
    now += 60.0
    assert prompter.say(far) is None
    assert prompter.say(dim) == CapturePrompt("more_light")


# -- through the socket ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("pictures", "first"),
    [(STILL, ["turn_slightly"]), (DIM, ["more_light"]), (FAR, ["come_closer"]), (TURNING, [])],
    ids=["still", "dim", "far", "turning"],
)
async def test_an_enrolment_asks_and_goes_on_if_nobody_listens(
    accounts: Accounts, user_id: uuid.UUID, pictures: list[Grey], first: list[str]
) -> None:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    feedback, result = await browser.show([encode(picture) for picture in pictures])
    assert [each["sequence"] for each in feedback] == list(range(1, 14))
    assert result["outcome"] == "enrolled"
    assert browser.prompts[:1] == first
    assert len(browser.prompts) == len(set(browser.prompts))


@pytest.mark.django_db(transaction=True)
async def test_a_verification_asks_for_nothing(accounts: Accounts, user_id: uuid.UUID) -> None:
    await enrol(accounts, user_id, [encode(picture) for picture in STILL])
    browser = Browser()
    await browser.open(accounts.ticket("verify", user_id))
    dim = [noisy(lit(NEAR, 0.28), seed) for seed in range(50, 64)]
    _, result = await browser.show([encode(picture) for picture in dim])
    assert result["outcome"] in {"match", "non_match"}
    assert browser.prompts == []
