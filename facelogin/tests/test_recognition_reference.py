"""References as bytes."""

import io
import pickle
import zlib

import numpy as np
import pytest

from facelogin.recognition import Face, Frame, Reference
from facelogin.recognition.engines.lbph import CELLS, LbphEngine
from facelogin.recognition.engines.lbph import UNIFORM_BINS as BINS
from facelogin.recognition.types import Box
from facelogin.tests import pictures

MAX_BYTES = 128 * 1024


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
    whole = Face(Box(0, 0, 96))
    templates = np.stack([LbphEngine().template(Frame(face), whole) for face in noise])
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


def packed(*arrays: np.ndarray) -> bytes:
    """Arrays as a reference's bytes."""
    file = io.BytesIO()
    for array in arrays:
        np.lib.format.write_array(file, array)
    return b"lbph\0" + zlib.compress(file.getvalue())


ONE = np.zeros((1, CELLS, BINS), np.uint8)
GROUP = np.zeros(1, np.uint8)
PICKLED = np.array([{"a": 1}], dtype=object)
MALFORMED: list[tuple[str, bytes]] = [
    ("nothing", b""),
    ("only an engine", b"lbph"),
    ("an engine and no templates", b"lbph\0"),
    ("no compressed bytes", b"lbph\0" + bytes(100)),
    ("compressed nothing", b"lbph\0" + zlib.compress(b"")),
    ("no arrays", b"lbph\0" + zlib.compress(bytes(5000))),
    ("one array", packed(GROUP)),
    ("three arrays", packed(GROUP, ONE, ONE)),
    ("more groups than samples", packed(np.zeros(2, np.uint8), ONE)),
    ("groups that are no numbers of groups", packed(np.zeros(1, np.float32), ONE)),
    ("no samples", packed(GROUP[:0], ONE[:0])),
    ("a sample and no list of them", packed(GROUP, np.array(7, np.uint8))),
    ("a pickle", packed(GROUP, PICKLED)),
    ("an engine that is no text", packed(GROUP, ONE).replace(b"lbph", b"\xff\xfe", 1)),
    ("compressed without an engine", packed(GROUP, ONE).removeprefix(b"lbph\0")),
]


@pytest.mark.parametrize("data", [c[1] for c in MALFORMED], ids=[c[0] for c in MALFORMED])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        Reference.from_bytes(data)


def test_captures_join_into_groups_of_their_own() -> None:
    one, two = Reference("lbph", ONE.repeat(2, 0)), Reference("lbph", ONE.repeat(3, 0) + 1)
    joined = Reference.joined([one, Reference.joined([two, one])])
    assert joined.groups.tolist() == [0, 0, 1, 1, 1, 2, 2]
    assert joined.templates[:, 0, 0].tolist() == [0, 0, 1, 1, 1, 0, 0]
    back = Reference.from_bytes(joined.to_bytes())
    assert back.groups.tolist() == joined.groups.tolist()


def test_captures_of_two_engines_do_not_join() -> None:
    with pytest.raises(ValueError, match="2 engines"):
        Reference.joined([Reference("lbph", ONE), Reference("newer", ONE)])


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float16])
def test_shape_and_numbers_are_the_engines_own(dtype: type) -> None:
    templates = np.random.default_rng(0).normal(size=(4, 128)).astype(dtype)
    back = Reference.from_bytes(Reference("newer", templates).to_bytes())
    assert back.templates.dtype == dtype and np.array_equal(back.templates, templates)


def test_a_reference_cut_short_or_damaged_is_refused() -> None:
    data = real_reference().to_bytes()
    for end in (5, 6, len(data) // 2, len(data) - 1):
        with pytest.raises(ValueError):
            Reference.from_bytes(data[:end])
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 0xFF
    with pytest.raises(ValueError):
        Reference.from_bytes(bytes(damaged))
