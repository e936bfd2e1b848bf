"""The lbph engine: exact counts from OpenCV, a bounded distance, nothing that light changes."""

import cv2
import numpy as np
import pytest

from facelogin.recognition import Box, Template
from facelogin.recognition.engines.lbph import (
    CELL_PIXELS,
    CELLS,
    DIRECTIONS,
    FACE_SIDE,
    GRID,
    MOST,
    RADIUS,
    LbphEngine,
    edge_maps,
)
from facelogin.recognition.engines.patterns import MIRRORED, UNIFORM, UNIFORM_BINS
from facelogin.recognition.imaging import tan_triggs_band
from facelogin.recognition.types import Grey
from facelogin.tests import pictures


def square(seed: int) -> Grey:
    """A face for even seeds, smoothed noise for odd ones."""
    if seed % 2 == 0:
        face = pictures.face_of(pictures.frames(1, seed)[0])
        return np.asarray(cv2.resize(face, (FACE_SIDE, FACE_SIDE)), np.uint8)
    noise = np.random.default_rng(seed).normal(128, 60, (FACE_SIDE, FACE_SIDE))
    return pictures.blurred(pictures.as_grey(noise), 1.5)


def distance(one: Template, other: Template) -> float:
    return float(LbphEngine().dissimilarities(one, other[np.newaxis])[0])


# -- patterns -------------------------------------------------------------------------------------


def test_58_patterns_are_uniform_and_the_rest_share_a_bin() -> None:
    assert UNIFORM.shape == (256, UNIFORM_BINS)
    assert (UNIFORM.sum(axis=1) == 1).all()
    assert UNIFORM.sum(axis=0).tolist() == [1] * 58 + [256 - 58]
    alternating = 0b01010101
    assert UNIFORM[alternating, -1] == 1 and UNIFORM[0b00111000, -1] == 0


def test_a_mirror_s_mirror_is_the_picture() -> None:
    assert (MIRRORED[MIRRORED] == np.arange(UNIFORM_BINS)).all()
    assert (np.arange(UNIFORM_BINS) != MIRRORED).sum() > 20  # most edges do look different


def test_mirrored_bins_are_those_of_a_mirrored_picture() -> None:
    """What the table says against what OpenCV counts in a picture that was really turned round."""
    engine = LbphEngine()
    side = GRID * int(CELL_PIXELS**0.5) + 2 * RADIUS  # no pixels left over at the right
    for edges in edge_maps(tan_triggs_band(square(0))):
        cut = np.ascontiguousarray(edges[:side, :side])
        there = engine._count(cut)
        back = engine._count(np.ascontiguousarray(cut[:, ::-1]))
        differing = np.abs(there[:, ::-1][..., MIRRORED] - back).sum()
        assert differing <= 0.01 * there.sum()  # a neighbour as bright as the middle may fall over


# -- templates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_counts_are_whole_and_complete(seed: int) -> None:
    counts = LbphEngine().counts(square(seed))
    assert counts.shape == (CELLS, UNIFORM_BINS) and counts.dtype == np.uint8
    assert (counts.sum(axis=1, dtype=int) == MOST).all()


def test_an_even_face_fits_a_byte_as_well() -> None:
    counts = LbphEngine().counts(np.full((FACE_SIDE, FACE_SIDE), 128, np.uint8))
    assert (counts.max(axis=1) == MOST).all()


@pytest.mark.parametrize("side", [1, 7, 80, 96, 97, 400])
def test_a_face_of_any_size_gives_a_template(side: int) -> None:
    face = np.random.default_rng(side).integers(0, 256, (side, side), dtype=np.uint8)
    template = pictures.template_of(face, Box(0, 0, side))
    assert (template.sum(axis=1, dtype=int) == MOST).all()


def test_an_engine_keeps_nothing_of_the_face_before() -> None:
    engine = LbphEngine()
    first = engine.counts(square(0))
    engine.counts(square(1))
    assert np.array_equal(engine.counts(square(0)), first)


@pytest.mark.parametrize("seed", range(0, 8, 2))
def test_a_face_and_its_mirror_image_are_nearly_one_template(seed: int) -> None:
    face = square(seed)
    mirrored = np.ascontiguousarray(face[:, ::-1])
    apart = distance(LbphEngine().counts(face), LbphEngine().counts(mirrored))
    assert apart < distance(LbphEngine().counts(face), LbphEngine().counts(square(1))) / 3


def test_every_direction_of_edges_is_seen_by_its_own_map() -> None:
    rows, columns = np.mgrid[0:96, 0:96]
    for direction in range(DIRECTIONS):
        angle = direction * np.pi / DIRECTIONS
        stripes = np.sin((columns * np.cos(angle) + rows * np.sin(angle)) / 2)
        means = [float(edges.mean()) for edges in edge_maps(stripes.astype(np.float32))]
        assert int(np.argmax(means)) == direction
        assert max(means) > 5 * sorted(means)[-2]


def test_another_light_changes_less_than_another_person() -> None:
    """From one side, dimmer, brighter: the gap that plain LBPH does not keep."""
    portrait = pictures.portrait()
    across = np.linspace(0.45, 1.1, portrait.shape[1])
    own = pictures.template_of(portrait)
    lights = [pictures.as_grey(portrait * across), pictures.as_grey(portrait * across[::-1])]
    lights += [pictures.lit(portrait, 0.5)]
    strangers = [pictures.stranger(portrait, seed) for seed in range(6)]
    by_light = max(distance(own, pictures.template_of(light)) for light in lights)
    by_person = min(distance(own, pictures.template_of(other)) for other in strangers)
    assert by_light < by_person


# -- distances ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_equal_templates_are_at_zero_and_both_ways_are_equal(seed: int) -> None:
    one, other = LbphEngine().counts(square(seed)), LbphEngine().counts(square(seed + 1))
    assert distance(one, one) == 0
    assert 0 < distance(one, other) < 1
    assert distance(one, other) == distance(other, one)


def test_no_pattern_in_common_is_the_farthest() -> None:
    one, other = np.zeros((2, CELLS, UNIFORM_BINS), np.uint8)
    one[:, 0], other[:, 1] = MOST, MOST
    assert distance(one, other) == pytest.approx(1)


def test_several_at_once_give_what_each_gives() -> None:
    probe = LbphEngine().counts(square(0))
    others = np.stack([LbphEngine().counts(square(seed)) for seed in range(1, 6)])
    together = LbphEngine().dissimilarities(probe, others)
    assert together.shape == (5,) and together.dtype == np.float32
    assert together.tolist() == [np.float32(distance(probe, other)) for other in others]


@pytest.mark.parametrize("shape", [(CELLS, UNIFORM_BINS - 1), (64, 256), (UNIFORM_BINS, CELLS)])
def test_other_shapes_are_refused_by_name(shape: tuple[int, int]) -> None:
    """Such as references from before this engine aligned faces."""
    good, other = np.zeros((CELLS, UNIFORM_BINS), np.uint8), np.zeros(shape, np.uint8)
    for probe, templates in ((other, good[np.newaxis]), (good, other[np.newaxis])):
        with pytest.raises(ValueError, match=r"probe of .* does not fit templates of") as refused:
            LbphEngine().dissimilarities(probe, templates)
        assert str(shape)[1:-1] in str(refused.value)
    with pytest.raises(ValueError, match="does not fit"):
        LbphEngine().dissimilarities(other, other[np.newaxis])
