"""The operator's own network: which fit, how a face is put before one, and on what it runs."""

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto

from facelogin.recognition import (
    FRAMES_WANTED,
    Box,
    EngineUnavailable,
    Face,
    Frame,
    Reference,
    Verdict,
    Verification,
)
from facelogin.recognition.engines.onnx import EYES, GPU, OnnxEngine, aligned, load
from facelogin.recognition.scoring import dissimilarity
from facelogin.tests import pictures, tiny_onnx

FACE = Face(pictures.FACE_BOX)


def engine(model: bytes, device: str = "cpu") -> OnnxEngine:
    return load("onnx-00000000", model, device)


# -- which models fit -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [
        (1, 3, 112, 112),
        ("batch", 3, 112, 112),
        (None, 3, "height", "width"),
        (1, 112, 112, 3),
        (None, 112, 112, 3),
    ],
)
def test_a_network_is_asked_in_its_own_order(shape: tuple[object, ...]) -> None:
    got = engine(tiny_onnx.model(shape)).template(Frame(pictures.portrait()), FACE)
    want = engine(tiny_onnx.model()).template(Frame(pictures.portrait()), FACE)
    assert np.allclose(got, want, atol=1e-5)


def test_a_picture_becomes_red_first_and_from_minus_one_to_one() -> None:
    """The first cell of the tiny network is the mean of the first channel's corner."""
    asked = {}

    class Session:
        def get_inputs(self) -> list[object]:
            return onnxruntime.InferenceSession(tiny_onnx.model()).get_inputs()

        def run(self, _outputs: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            (asked["batch"],) = inputs.values()
            return [np.ones((1, 4), np.float32)]

    picture = np.zeros((480, 640, 3), np.uint8)
    picture[:, :, 2] = 255  # red, in OpenCV's order
    OnnxEngine("onnx-00000000", Session()).template(Frame.from_colour(picture), FACE)
    batch = asked["batch"]
    assert batch.dtype == np.float32 and batch.shape == (1, 3, 112, 112)
    assert batch[0, 0].min() == 1 and batch[0, 1:].max() == -1


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (b"", "onnxruntime says"),
        (b"no network", "onnxruntime says"),
        (tiny_onnx.model()[:-3000], "onnxruntime says"),
        (tiny_onnx.model((1, 3, 160, 160)), r"tensor\(float\) \[1, 3, 160, 160\]"),
        (tiny_onnx.model((8, 3, 112, 112)), r"\[8, 3, 112, 112\]"),
        (tiny_onnx.model(kind=TensorProto.UINT8), r"tensor\(uint8\)"),
        (tiny_onnx.model(inputs=2), "2 inputs"),
        (tiny_onnx.model(numbers=1), "1 numbers"),
        (tiny_onnx.model(numbers=1025), "1025 numbers"),
        (tiny_onnx.model(flat=False, numbers=4), None),
    ],
)
def test_a_model_that_does_not_fit_is_refused_in_words(model: bytes, said: str | None) -> None:
    if said is None:
        assert engine(model).template(Frame(pictures.portrait()), FACE).shape == (4,)
        return
    with pytest.raises(EngineUnavailable, match=said) as refused:
        engine(model)
    line = str(refused.value)
    assert line.startswith("FACELOGIN_ONNX_MODEL ") and "Example: FACELOGIN_ONNX_MODEL=" in line
    assert "\n" not in line


class Answers:
    """A session that answers what a test says."""

    def __init__(self, *answers: list[float]) -> None:
        self.answers = [np.array([each], np.float32) for each in answers]

    def get_inputs(self) -> list[object]:
        return onnxruntime.InferenceSession(tiny_onnx.model()).get_inputs()

    def run(self, _outputs: None, _inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        return [self.answers.pop(0)]


NO_DIRECTION = ([0.0, 0, 0, 0], [np.nan, 0, 0, 1], [np.inf, 0, 0, 1])


@pytest.mark.parametrize("answer", NO_DIRECTION)
def test_a_model_that_answers_nothing_is_refused(answer: list[float]) -> None:
    with pytest.raises(EngineUnavailable, match="has no direction: zeros, or no numbers"):
        OnnxEngine("onnx-00000000", Answers(answer))


@pytest.mark.parametrize("answer", NO_DIRECTION)
def test_a_face_that_a_model_has_no_answer_for_matches_nobody(answer: list[float]) -> None:
    """Zeros are half way to everybody: nearer than strangers are under many a model's threshold."""
    made = OnnxEngine("onnx-00000000", Answers([1, 0, 0, 0], answer, [1, 0, 0, 0]))
    nothing, somebody = (made.template(Frame(pictures.portrait()), FACE) for _ in range(2))
    person = Reference(made.name, np.stack([somebody] * 3))
    nobody = Reference(made.name, np.stack([nothing] * 3))
    for probe, reference in ((nothing, person), (somebody, nobody), (nothing, nobody)):
        assert not dissimilarity(made, probe, reference) <= 2
    verification = Verification(threshold=2)  # accepts every pair of directions there is
    for _ in range(FRAMES_WANTED):
        verification.add(dissimilarity(made, nothing, person))
    assert verification.verdict is Verdict.NON_MATCH
    assert dissimilarity(made, somebody, person) == 0


# -- the face before it ---------------------------------------------------------------------------


def marked(points: list[tuple[float, float]]) -> Frame:
    """A black picture with a white dot at each point."""
    picture = np.zeros((480, 640, 3), np.uint8)
    for x, y in points:
        picture[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4] = 255
    return Frame.from_colour(picture)


def bright_spots(face: np.ndarray) -> list[tuple[float, float]]:
    found = []
    for half in (slice(0, 56), slice(56, 112)):
        rows, columns = np.nonzero(face[:, half, 0] > 200)
        found.append((columns.mean() + half.start, rows.mean()))
    return found


@pytest.mark.parametrize(
    "eyes",
    [
        ((280, 220), (360, 220)),
        ((280, 200), (350, 240)),  # the head on one side
        ((100, 100), (130, 96)),
    ],
)
def test_eyes_come_to_where_networks_expect_them(
    eyes: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    face = aligned(marked(list(eyes)), Face(Box(10, 10, 50), eyes))
    assert face.shape == (112, 112, 3) and face.dtype == np.uint8
    assert np.allclose(bright_spots(face), EYES, atol=1)


@pytest.mark.parametrize("eyes", [None, ((300, 200), (300, 200))])
def test_without_eyes_they_are_where_a_box_usually_has_them(
    eyes: tuple[tuple[float, float], tuple[float, float]] | None,
) -> None:
    box = Box(200, 100, 200)
    usual = [(200 + 0.305 * 200, 100 + 0.4 * 200), (200 + 0.69 * 200, 100 + 0.4 * 200)]
    assert np.allclose(bright_spots(aligned(marked(usual), Face(box, eyes))), EYES, atol=1)


# -- what it runs on ------------------------------------------------------------------------------


class Session:
    """Stands in for onnxruntime's where there is a GPU, or one that does not start."""

    asked: list[str]

    def __init__(self, model: bytes, options: object, providers: list[str]) -> None:
        type(self).asked = providers
        self._real = Real(model, options, providers=["CPUExecutionProvider"])
        self.get_inputs, self.run = self._real.get_inputs, self._real.run

    def get_providers(self) -> list[str]:
        return type(self).got


class Works(Session):
    got = [GPU, "CPUExecutionProvider"]


class DoesNotStart(Session):
    got = ["CPUExecutionProvider"]


Real = onnxruntime.InferenceSession


@pytest.mark.parametrize("device", ["auto", "gpu", "cpu"])
@pytest.mark.parametrize("session", [Works, DoesNotStart])
def test_a_gpu_is_taken_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, session: type[Session], device: str
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [GPU, "CPU..."])
    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    note = engine(tiny_onnx.model(), device).note
    assert (session.asked[0] == GPU) == (device != "cpu")
    if device != "cpu" and session is DoesNotStart:
        assert note == "the engine onnx-00000000 runs on the CPU: CUDA did not start"
    else:
        assert note == ""


@pytest.mark.parametrize(("device", "is_said"), [("auto", False), ("gpu", True), ("cpu", False)])
def test_without_a_gpu_the_cpu_works_and_who_wanted_one_is_told(
    monkeypatch: pytest.MonkeyPatch, device: str, is_said: bool
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    made = engine(tiny_onnx.model(), device)
    assert ("this onnxruntime has no CUDA" in made.note) == is_said
    assert made.template(Frame(pictures.portrait()), FACE).shape == (64,)
