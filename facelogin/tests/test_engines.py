"""What every engine promises, asked of all of them: those of the registry and a tiny network."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as property_tests
from hypothesis import strategies as some

from facelogin import engine_files
from facelogin.engine_files import EngineSource
from facelogin.recognition import ENGINES, Box, Engine, Face, Frame, Reference, Template
from facelogin.tests import pictures, tiny_onnx

MOST_BYTES = 128 * 1024
ENROLLED, EXTENSIONS, EXTENDED_BY = 10, 3, 5
# The largest dissimilarity there can be.
BOUNDS = {"lbph": 1, "lbph_plain": 4 * 64, "resnet": 2, "onnx": 2}


@pytest.fixture(scope="module", params=sorted(ENGINES))
def source(request: pytest.FixtureRequest, tmp_path_factory) -> Iterator[EngineSource]:
    kind = ENGINES[request.param]
    if not kind.model_setting:
        yield engine_files.source(request.param)
        return
    file = tmp_path_factory.mktemp("model") / "tiny.onnx"
    file.write_bytes(tiny_onnx.model())
    with pytest.MonkeyPatch.context() as patch:
        from django.conf import settings

        patch.setattr(settings, kind.model_setting, str(file))
        yield engine_files.source(request.param)


@pytest.fixture(scope="module")
def engine(source: EngineSource) -> Engine:
    return loaded(source.kind, source.name, tuple(source.arguments.items()), source.model)


@cache
def loaded(kind: str, name: str, arguments: tuple[tuple[str, str], ...], model: str) -> Engine:
    return engine_files.load(EngineSource(kind, name, dict(arguments), model))


def seen(engine: Engine, seed: int, *, other: bool = False) -> Template:
    (picture,) = pictures.frames(1, seed)
    face = Face(pictures.FACE_BOX)
    return engine.template(Frame(pictures.stranger(picture, seed) if other else picture), face)


def elsewhere(source: EngineSource, seed: int) -> Template:
    """The same in another process."""
    return seen(engine_files.load(source), seed)


def apart(engine: Engine, a: Template, b: Template) -> float:
    (distance,) = engine.dissimilarities(a, b[None])
    return float(distance)


def test_an_engine_answers_to_its_name(engine: Engine, source: EngineSource) -> None:
    assert engine.name == source.name
    assert engine.name.partition("-")[0] == source.kind


@given(some.integers(0, 2**16), some.integers(0, 2**16), some.booleans())
@property_tests(max_examples=12)
def test_dissimilarities_are_what_they_promise(
    engine: Engine, source: EngineSource, first: int, second: int, other: bool
) -> None:
    a, b = seen(engine, first), seen(engine, second, other=other)
    assert apart(engine, a, a) == 0 == apart(engine, b, b)
    assert apart(engine, a, b) == apart(engine, b, a)
    assert 0 <= apart(engine, a, b) <= BOUNDS[source.kind]
    together = engine.dissimilarities(a, np.stack([a, b, a]))
    assert together.dtype == np.float32 and together.shape == (3,)
    assert together.tolist() == [0, apart(engine, a, b), 0]


@given(some.integers(0, 2**32))
@property_tests(max_examples=30)
def test_whatever_a_template_holds_its_distances_are_bounded(
    engine: Engine, source: EngineSource, seed: int
) -> None:
    """Numbers that no face ever gave: a stored reference must never break a comparison."""
    shape = seen(engine, 1)
    random = np.random.default_rng(seed)
    scale = 10.0 ** random.integers(-3, 4)
    wild = (random.normal(size=(2, *shape.shape)) * scale).astype(shape.dtype)
    if shape.dtype == np.uint8:
        cells, bins = shape.shape
        pixels = int(shape[0].sum())
        wild = random.multinomial(pixels, np.full(bins, 1 / bins), (2, cells)).astype(np.uint8)
    distance = apart(engine, *wild)
    assert distance == apart(engine, *wild[::-1])
    assert 0 <= distance <= BOUNDS[source.kind]


def test_a_person_is_nearer_to_themself_than_another_is(engine: Engine) -> None:
    own = [apart(engine, seen(engine, 0), seen(engine, n)) for n in range(1, 5)]
    others = [apart(engine, seen(engine, 0), seen(engine, n, other=True)) for n in range(1, 5)]
    assert np.mean(own) < np.mean(others)


@pytest.mark.parametrize("shape", [(3,), (2, 2), (64, 255), (127,)])
def test_templates_of_another_shape_are_refused(engine: Engine, shape: tuple[int, ...]) -> None:
    probe = seen(engine, 0)
    with pytest.raises(ValueError, match="does not fit"):
        engine.dissimilarities(probe, np.zeros((2, *shape), probe.dtype))
    with pytest.raises(ValueError, match="does not fit"):
        engine.dissimilarities(np.zeros(shape, probe.dtype), probe[None])


def test_the_same_face_gives_the_same_template(engine: Engine) -> None:
    first = seen(engine, 3)
    seen(engine, 4)  # nothing of it stays behind
    assert np.array_equal(first, seen(engine, 3))


def test_another_process_makes_the_same_template(engine: Engine, source: EngineSource) -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
        assert np.array_equal(other.submit(elsewhere, source, 3).result(60), seen(engine, 3))


def test_a_reference_with_all_its_extensions_comes_back_and_fits(engine: Engine) -> None:
    samples = [seen(engine, n) for n in range(ENROLLED + EXTENSIONS * EXTENDED_BY)]
    captures = [Reference(engine.name, np.stack(samples[:ENROLLED]))]
    for start in range(ENROLLED, len(samples), EXTENDED_BY):
        captures.append(Reference(engine.name, np.stack(samples[start : start + EXTENDED_BY])))
    reference = Reference.joined(captures)
    data = reference.to_bytes()
    assert len(data) <= MOST_BYTES
    back = Reference.from_bytes(data)
    assert back.engine == engine.name
    assert back.templates.dtype == samples[0].dtype
    assert np.array_equal(back.templates, reference.templates)
    assert np.array_equal(back.groups, reference.groups)


def test_a_face_at_the_edge_has_a_template(engine: Engine) -> None:
    image = pictures.portrait()
    for box in (Box(0, 0, 100), Box(540, 380, 100), Box(0, 0, 480)):
        template = engine.template(Frame(image), Face(box))
        assert apart(engine, template, template) == 0


def test_every_line_of_the_registry_has_its_table_or_an_operator_s_model() -> None:
    for name, kind in ENGINES.items():
        table = Path(engine_files.__file__).parent / f"recognition/engines/{name}.calibration.json"
        assert table.is_file() != bool(kind.model_setting), name
        assert bool(kind.requirements) != kind.is_always_here, name
