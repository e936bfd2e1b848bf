"""Normalising light: Tan and Triggs 2010."""

import numpy as np
import pytest

from facelogin.recognition.imaging import tan_triggs
from facelogin.tests import pictures


def face() -> np.ndarray:
    return pictures.face_of(pictures.portrait())


@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_an_even_picture_becomes_the_middle(level: int) -> None:
    assert (abs(tan_triggs(np.full((96, 96), level, np.uint8)).astype(int) - 127) <= 1).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_whole_range_is_kept_to(seed: int) -> None:
    random = np.random.default_rng(seed)
    for picture in (
        random.integers(0, 256, (96, 96), dtype=np.uint8),
        (random.random((96, 96)) < 0.01).astype(np.uint8) * 255,
    ):
        normalised = tan_triggs(picture)
        assert normalised.dtype == np.uint8 and normalised.shape == picture.shape
        assert normalised.min() < 100 and normalised.max() > 155


def test_few_pixels_are_pushed_to_the_ends() -> None:
    normalised = tan_triggs(face())
    assert ((normalised == 0) | (normalised == 255)).mean() < 0.01


@pytest.mark.parametrize("gain", [0.4, 0.6, 0.8])
def test_a_dimmer_lamp_changes_little(gain: float) -> None:
    bright, dim = face(), pictures.lit(face(), gain)
    before = np.abs(bright.astype(int) - dim).mean()
    after = np.abs(tan_triggs(bright).astype(int) - tan_triggs(dim)).mean()
    assert before > 20
    assert after < 5


def test_a_lamp_from_one_side_changes_less_than_the_face_does() -> None:
    across = np.linspace(0.5, 1, face().shape[1])
    aslant = pictures.as_grey(face() * across)
    other = pictures.face_of(pictures.stranger(pictures.portrait(), 1))
    by_light = np.abs(tan_triggs(face()).astype(int) - tan_triggs(aslant)).mean()
    by_face = np.abs(tan_triggs(face()).astype(int) - tan_triggs(other)).mean()
    assert by_light < by_face / 3
