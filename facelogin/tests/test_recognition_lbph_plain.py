"""The lbph_plain engine: exact counts from OpenCV, OpenCV's own distance in numpy."""

from typing import Any

import cv2
import numpy as np
import pytest

from facelogin.recognition import Box, Reference, Template
from facelogin.recognition.engines.lbph_plain import (
    BINS,
    CELL_PIXELS,
    CELLS,
    FACE_SIDE,
    GRID,
    NEIGHBOURS,
    RADIUS,
    PlainLbphEngine,
    chi_square,
)
from facelogin.recognition.imaging import tan_triggs
from facelogin.recognition.scoring import dissimilarity
from facelogin.recognition.types import Grey
from facelogin.tests import pictures

SEEDS = range(8)
GREATEST = 4 * CELLS


def normalised(seed: int) -> Grey:
    """A face for even seeds, smoothed noise for odd ones."""
    if seed % 2 == 0:
        face = pictures.face_of(pictures.frames(1, seed)[0])
        return tan_triggs(np.asarray(cv2.resize(face, (FACE_SIDE, FACE_SIDE)), np.uint8))
    noise = np.random.default_rng(seed).normal(128, 60, (FACE_SIDE, FACE_SIDE))
    return tan_triggs(pictures.blurred(pictures.as_grey(noise), 1.5))


def random_template(seed: int) -> Template:
    """Counts as an image could give them: so many pixels in every cell, few bins in use."""
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(BINS, random.choice([0.02, 0.2, 2])), CELLS)
    return np.stack([random.multinomial(CELL_PIXELS, row) for row in shares]).astype(np.uint8)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_distance_is_the_one_opencv_predicts(seed: int) -> None:
    trained, probe = normalised(seed), normalised(seed + 100)
    opencv: Any = cv2.face.LBPHFaceRecognizer.create(RADIUS, NEIGHBOURS, GRID, GRID)
    opencv.train([trained], np.zeros(1, np.int32))
    expected = opencv.predict(probe)[1]
    engine = PlainLbphEngine()
    ours = chi_square(engine.counts(probe), engine.counts(trained)[np.newaxis])
    assert expected > 10
    assert ours.dtype == np.float32
    assert ours == pytest.approx([expected], rel=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_counts_are_whole_and_complete(seed: int) -> None:
    image = normalised(seed)
    counts = PlainLbphEngine().counts(image)
    assert counts.shape == (CELLS, BINS) and counts.dtype == np.uint8
    assert (counts.sum(axis=1) == CELL_PIXELS).all()
    opencv: Any = cv2.face.LBPHFaceRecognizer.create(RADIUS, NEIGHBOURS, GRID, GRID)
    opencv.train([image], np.zeros(1, np.int32))
    histogram = np.asarray(opencv.getHistograms()[0]).reshape(CELLS, BINS)
    assert np.allclose(counts / CELL_PIXELS, histogram, atol=1e-6)


def test_an_even_face_fits_a_byte_as_well() -> None:
    even = np.full((FACE_SIDE, FACE_SIDE), 128, np.uint8)
    counts = PlainLbphEngine().counts(even)
    assert (counts.max(axis=1) == CELL_PIXELS).all()


@pytest.mark.parametrize("side", [1, 7, 80, 96, 97, 400])
def test_a_face_of_any_size_gives_a_template(side: int) -> None:
    face = np.random.default_rng(side).integers(0, 256, (side, side), dtype=np.uint8)
    template = pictures.template_of(face, Box(0, 0, side), "lbph_plain")
    assert (template.sum(axis=1) == CELL_PIXELS).all()


def test_an_engine_keeps_nothing_of_the_face_before() -> None:
    engine = PlainLbphEngine()
    first = engine.counts(normalised(0))
    engine.counts(normalised(1))
    assert np.array_equal(engine.counts(normalised(0)), first)


@pytest.mark.parametrize("seed", range(20))
def test_equal_is_zero_and_all_is_bounded_and_symmetric(seed: int) -> None:
    a, b = random_template(seed), random_template(seed + 1000)
    assert chi_square(a, a[np.newaxis]) == 0
    there, back = chi_square(a, b[np.newaxis])[0], chi_square(b, a[np.newaxis])[0]
    assert there == back
    assert 0 < there <= GREATEST * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_in_common_is_four_a_cell(seed: int) -> None:
    a, b = random_template(seed), random_template(seed + 1000)
    a[:, ::2], b[:, 1::2] = 0, 0
    a[:, 1] += (CELL_PIXELS - a.sum(axis=1)).astype(np.uint8)
    b[:, 0] += (CELL_PIXELS - b.sum(axis=1)).astype(np.uint8)
    assert chi_square(a, b[np.newaxis]) == pytest.approx([GREATEST], rel=1e-6)


def test_each_of_several_is_compared_alone() -> None:
    probe = random_template(0)
    others = np.stack([random_template(seed) for seed in range(1, 6)])
    together = chi_square(probe, others)
    alone = [chi_square(probe, other[np.newaxis])[0] for other in others]
    assert together.shape == (5,)
    assert together.tolist() == alone


@pytest.mark.parametrize("shape", [(CELLS, BINS - 1), (CELLS - 1, BINS), (BINS, CELLS)])
def test_other_shapes_are_refused_by_name(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"probe of .* does not fit templates of") as refused:
        chi_square(np.zeros(shape, np.uint8), np.zeros((3, CELLS, BINS), np.uint8))
    assert str(shape) in str(refused.value)
    assert str((3, CELLS, BINS)) in str(refused.value)


def test_the_score_is_the_mean_of_the_three_nearest() -> None:
    probe = random_template(0)
    templates = np.stack([random_template(seed) for seed in range(1, 11)])
    score = dissimilarity(PlainLbphEngine(), probe, Reference("lbph_plain", templates))
    assert score == pytest.approx(sum(sorted(chi_square(probe, templates).tolist())[:3]) / 3)
    far_added = Reference("lbph_plain", np.concatenate([templates, 255 - templates]))
    assert dissimilarity(PlainLbphEngine(), probe, far_added) == score


def test_the_nearest_capture_says_half_and_all_of_them_the_other_half() -> None:
    """The nearest alone would let a third light in easily; without it one light more costs one."""
    probe = random_template(0)
    days = [np.stack([random_template(10 * day + n) for n in range(4)]) for day in range(1, 4)]
    apart = [dissimilarity(PlainLbphEngine(), probe, Reference("lbph_plain", day)) for day in days]
    together = Reference.joined([Reference("lbph_plain", day) for day in days])
    expected = (min(apart) + sum(apart) / 3) / 2
    assert dissimilarity(PlainLbphEngine(), probe, together) == pytest.approx(expected)
    assert min(apart) < expected < sum(apart) / 3


def test_a_reference_of_another_engine_is_refused() -> None:
    reference = Reference("newer", random_template(1)[np.newaxis])
    with pytest.raises(ValueError, match="no engine 'newer' here; there are: lbph"):
        pictures.recognizer().dissimilarity(random_template(0), reference)
    with pytest.raises(ValueError, match="lbph_plain cannot compare newer"):
        dissimilarity(PlainLbphEngine(), random_template(0), reference)
