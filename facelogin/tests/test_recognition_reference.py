"""References as bytes."""

import pickle
import zlib

import numpy as np
import pytest

from facelogin.recognition import Reference
from facelogin.recognition.engines.lbph import LbphEngine
from facelogin.recognition.types import BINS, CELLS
from facelogin.tests import pictures

MAX_BYTES = 128 * 1024
ONE = CELLS * BINS


def real_reference(seed: int = 0) -> Reference:
    """Ten templates by the whole way from a frame."""
    made = []
    for picture in pictures.frames(10, seed):
        template = pictures.recognizer().observe(pictures.at_quality(picture, 85)).template
        assert template is not None
        made.append(template)
    return Reference("lbph", np.stack(made))


@pytest.mark.parametrize("seed", range(3))
def test_ten_real_templates_come_back_and_fit(seed: int) -> None:
    reference = real_reference(seed)
    data = reference.to_bytes()
    assert len(data) <= MAX_BYTES
    back = Reference.from_bytes(data)
    assert back.engine == "lbph"
    assert back.templates.dtype == np.uint8
    assert np.array_equal(back.templates, reference.templates)


def test_even_noise_fits() -> None:
    """No face is as disordered as noise, the worst case for compression."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (10, 96, 96), dtype=np.uint8)
    templates = np.stack([LbphEngine().template(face) for face in noise])
    assert len(Reference("lbph", templates).to_bytes()) <= MAX_BYTES


@pytest.mark.parametrize("samples", [1, 3, 10])
def test_any_number_of_templates_comes_back(samples: int) -> None:
    random = np.random.default_rng(samples)
    templates = random.integers(0, 122, (samples, CELLS, BINS), dtype=np.uint8)
    back = Reference.from_bytes(Reference("lbph", templates).to_bytes())
    assert np.array_equal(back.templates, templates)


def test_a_reference_and_an_observation_pass_between_processes() -> None:
    reference = real_reference()
    assert np.array_equal(pickle.loads(pickle.dumps(reference)).templates, reference.templates)
    observation = pictures.recognizer().observe(pictures.at_quality(pictures.portrait(), 85))
    back = pickle.loads(pickle.dumps(observation))
    assert back.reasons == () and back.face == observation.face
    assert observation.template is not None
    assert np.array_equal(back.template, observation.template)


MALFORMED: list[tuple[str, bytes]] = [
    ("nothing", b""),
    ("only an engine", b"lbph"),
    ("an engine and no templates", b"lbph\0"),
    ("no compressed bytes", b"lbph\0" + bytes(100)),
    ("no whole template", b"lbph\0" + zlib.compress(bytes(ONE - 1))),
    ("one byte more", b"lbph\0" + zlib.compress(bytes(ONE + 1))),
    ("compressed nothing", b"lbph\0" + zlib.compress(b"")),
    ("an engine that is no text", b"\xff\xfe\0" + zlib.compress(bytes(ONE))),
    ("compressed without an engine", zlib.compress(bytes(ONE))),
]


@pytest.mark.parametrize("data", [c[1] for c in MALFORMED], ids=[c[0] for c in MALFORMED])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        Reference.from_bytes(data)


@pytest.mark.parametrize("size", [0, 1, ONE - 1, ONE + 1])
def test_the_message_says_what_is_wrong(size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} bytes are no whole number of templates"):
        Reference.from_bytes(b"lbph\0" + zlib.compress(bytes(size)))


def test_a_reference_cut_short_or_damaged_is_refused() -> None:
    data = real_reference().to_bytes()
    for end in (5, 6, len(data) // 2, len(data) - 1):
        with pytest.raises(ValueError):
            Reference.from_bytes(data[:end])
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 0xFF
    with pytest.raises(ValueError):
        Reference.from_bytes(bytes(damaged))
