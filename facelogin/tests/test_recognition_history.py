"""Frames of one attempt shown again."""

from collections.abc import Iterable

import numpy as np
import pytest

from facelogin.recognition import Fingerprint, FrameHistory
from facelogin.recognition.imaging import decode_grey, fingerprint
from facelogin.recognition.pad import MAX_REMEMBERED
from facelogin.recognition.types import Grey
from facelogin.tests import pictures


def sent(picture: Grey, quality: int = 85) -> Fingerprint:
    """The fingerprint of a picture after its way through a JPEG."""
    decoded = decode_grey(pictures.at_quality(picture, quality))
    assert decoded is not None
    return fingerprint(decoded)


def history_of(pictures_seen: Iterable[Grey], quality: int = 85) -> FrameHistory:
    history = FrameHistory()
    for picture in pictures_seen:
        assert not history.is_repeat(sent(picture, quality))
    return history


def test_the_same_bytes_again_are_a_repeat() -> None:
    frame = pictures.frames(1)[0]
    history = history_of([frame])
    assert history.is_repeat(sent(frame))
    assert history.is_repeat(sent(frame))


@pytest.mark.parametrize("seed", range(3))
def test_a_frame_packed_anew_is_a_repeat(seed: int) -> None:
    seen = pictures.frames(8, seed)
    history = history_of(seen, quality=95)
    for picture in seen:
        once = decode_grey(pictures.at_quality(picture, 95))
        assert once is not None
        assert history.is_repeat(sent(once, 95))


@pytest.mark.parametrize("again", [95, 85, 80])
@pytest.mark.parametrize("seed", range(3))
def test_a_frame_packed_anew_at_another_quality_is_a_repeat(seed: int, again: int) -> None:
    seen = pictures.frames(8, seed)
    history = history_of(seen, quality=92)
    for picture in seen:
        once = decode_grey(pictures.at_quality(picture, 92))
        assert once is not None
        assert history.is_repeat(sent(once, again))


def test_earlier_frames_backwards_are_repeats() -> None:
    seen = pictures.frames(20, 3)
    history = history_of(seen)
    assert [history.is_repeat(sent(picture)) for picture in reversed(seen)] == [True] * 20


def test_honest_frames_are_no_repeats() -> None:
    history_of(pictures.frames(60, 4))


def test_a_person_sitting_still_repeats_nothing() -> None:
    """The camera's noise alone tells two frames apart."""
    random = np.random.default_rng(5)
    still = pictures.portrait()
    history_of(pictures.as_grey(still + random.normal(0, 2.5, still.shape)) for _ in range(40))


def test_an_attempt_remembers_nothing_of_another() -> None:
    frame = pictures.frames(1)[0]
    history_of([frame])
    history_of([frame])


def test_more_frames_than_remembered_forget_the_oldest() -> None:
    random = np.random.default_rng(6)
    prints = random.integers(0, 256, (MAX_REMEMBERED + 3, 48, 64), dtype=np.uint8)
    history = FrameHistory()
    assert not any(history.is_repeat(p) for p in prints[:MAX_REMEMBERED])
    assert history.is_repeat(prints[0])  # as many as fit are all remembered
    assert not any(history.is_repeat(p) for p in prints[MAX_REMEMBERED:])
    assert all(history.is_repeat(p) for p in prints[3:])
    assert not history.is_repeat(prints[0])
