"""Making a reference and proving it before it counts."""

from importlib.resources import files

import numpy as np
import pytest

from facelogin.recognition import (
    WANTED_SAMPLES,
    Box,
    CalibrationTable,
    Enrolment,
    EnrolmentRefused,
    Reference,
    Template,
)
from facelogin.recognition.enrolment import KEPT_SAMPLES, LEFT_OUT_SAMPLES
from facelogin.tests import pictures

LEFT_OUT = (3, 7, 11)  # positions in order of capture


def threshold() -> float:
    engines = files("facelogin.recognition.engines")
    table = CalibrationTable.from_json(engines.joinpath("lbph.calibration.json").read_text())
    return table.threshold_for(0.001)


def templates(count: int = WANTED_SAMPLES, seed: int = 0) -> list[Template]:
    """One person."""
    return [pictures.template_of(frame) for frame in pictures.frames(count, seed)]


def strangers(count: int) -> list[Template]:
    """As many people as templates."""
    return [
        pictures.template_of(pictures.stranger(picture, seed))
        for seed, picture in enumerate(pictures.frames(count, 50))
    ]


def finish(samples: list[Template]) -> Reference:
    enrolment = Enrolment()
    for sample in samples:
        enrolment.add(sample)
    return enrolment.finish("lbph", pictures.recognizer().dissimilarity, threshold())


def test_progress_grows_to_thirteen_samples() -> None:
    assert (WANTED_SAMPLES, KEPT_SAMPLES, LEFT_OUT_SAMPLES) == (13, 10, 3)
    enrolment, seen = Enrolment(), [0.0]
    for sample in templates():
        assert not enrolment.is_complete
        enrolment.add(sample)
        seen.append(enrolment.progress)
    assert seen == [n / 13 for n in range(14)]
    assert enrolment.is_complete


def test_one_person_is_enrolled_with_ten_templates() -> None:
    samples = templates()
    reference = finish(samples)
    assert reference.engine == "lbph"
    kept = [sample for at, sample in enumerate(samples) if at not in LEFT_OUT]
    assert len(kept) == 10
    assert np.array_equal(reference.templates, np.stack(kept))


def test_more_samples_than_wanted_are_ignored() -> None:
    samples = templates(15)
    assert np.array_equal(finish(samples).templates, finish(samples[:13]).templates)


def test_the_same_array_thirteen_times_keeps_ten() -> None:
    """Samples are told apart by their place, not by their memory."""
    assert finish(templates(1) * 13).templates.shape == (10, 96, 59)


@pytest.mark.parametrize("count", [0, 1, 12])
def test_missing_samples_are_said(count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} samples of 13"):
        finish(templates(count))


@pytest.mark.parametrize("foreign", range(4))
def test_most_left_out_samples_must_match(foreign: int) -> None:
    samples = templates()
    for at, other in zip(LEFT_OUT[:foreign], strangers(foreign), strict=True):
        samples[at] = other
    if foreign <= 1:
        assert len(finish(samples).templates) == 10
    else:
        with pytest.raises(EnrolmentRefused, match=f"{3 - foreign} of 3 left-out samples"):
            finish(samples)


def test_thirteen_people_are_no_person() -> None:
    with pytest.raises(EnrolmentRefused, match="0 of 3"):
        finish(strangers(13))


def test_noise_is_no_person() -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (13, 140, 140), dtype=np.uint8)
    with pytest.raises(EnrolmentRefused):
        finish([pictures.template_of(face, Box(0, 0, 140)) for face in noise])


def test_a_person_is_verified_later_and_a_stranger_is_not() -> None:
    reference, recognizer = finish(templates()), pictures.recognizer()
    own = [recognizer.dissimilarity(probe, reference) for probe in templates(6, seed=9)]
    other = [recognizer.dissimilarity(probe, reference) for probe in strangers(6)]
    assert max(own) <= threshold() < min(other)
