"""Any network for aligned faces that the operator brings as an ONNX file; docs/engines.md."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from facelogin.recognition.engines.contract import EngineKind
from facelogin.recognition.errors import EngineUnavailable
from facelogin.recognition.frame import Frame
from facelogin.recognition.types import Colour, Face, Template

SIDE = 112  # px; what ArcFace and most networks after it were trained on
# Where their training pictures have the eyes, px: the one on the picture's left first.
EYES = np.array([(38.3, 51.7), (73.5, 51.5)])
# Where a Haar box of a frontal face has them, as shares of its side.
TYPICAL_EYES = np.array([(0.305, 0.40), (0.69, 0.40)])
CHANNELS_FIRST, CHANNELS_LAST = (3, SIDE, SIDE), (SIDE, SIDE, 3)
MOST_NUMBERS = 1024  # ten samples and three extensions of five stay within 128 KiB
GPU, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
# What a model is tried on before it counts: the same for everybody, and nobody's face.
_NOISE = np.random.default_rng(0).integers(0, 256, CHANNELS_LAST, np.uint8)


def aligned(frame: Frame, face: Face) -> Colour:
    """Return the face as (112, 112, 3) uint8, blue first: turned, moved and scaled, never bent."""
    box = face.box
    typical = TYPICAL_EYES * box.side + (box.x, box.y)
    has_eyes = face.eyes is not None and face.eyes[0] != face.eyes[1]
    found = np.array(face.eyes) if has_eyes else typical
    # A similarity has four unknowns, two points give four equations: as complex numbers a*z + b.
    (left, right), (to_left, to_right) = (points @ (1, 1j) for points in (found, EYES))
    a = (to_right - to_left) / (right - left)
    b = to_left - a * left
    move = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
    warped = cv2.warpAffine(frame.colour, move, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    return warped.astype(np.uint8, copy=False)


class OnnxEngine:
    """A network in onnxruntime; templates have length 1 and are compared by their angle.

    Parameters
    ----------
    name : str
        With the digest of the model's file.
    session : onnxruntime.InferenceSession
    note : str
        What an operator should know, for example that there is no GPU.

    Raises
    ------
    EngineUnavailable
        If the network does not take one picture and return one list of numbers.
    """

    def __init__(self, name: str, session: Any, note: str = "") -> None:
        self.name, self.note = name, note
        self._session = session
        self._input, self._is_channels_first = _input_of(session)
        try:
            answer = self._run(_NOISE)
        # onnxruntime's errors have no common class but this one.
        except Exception as error:
            raise _unfit(f"it does not run: {_first_line(error)}") from None
        self._numbers = len(answer)
        if not 2 <= self._numbers <= MOST_NUMBERS:
            raise _unfit(f"it returns {self._numbers} numbers, not 2 to {MOST_NUMBERS}")
        if not np.isfinite(answer).all():
            raise _unfit("what it returns has no direction: zeros, or no numbers")

    def template(self, frame: Frame, face: Face) -> Template:
        """Return (numbers,) float32 of length 1; no numbers at all, which match nobody, if none."""
        return self._run(aligned(frame, face))

    def _run(self, face: Colour) -> Template:
        picture = (face[:, :, ::-1].astype(np.float32) - 127.5) / 127.5
        if self._is_channels_first:
            picture = picture.transpose(2, 0, 1)
        batch = np.ascontiguousarray(picture[None])
        numbers = np.asarray(self._session.run(None, {self._input: batch})[0], np.float32)
        if numbers.ndim != 2 or numbers.shape[0] != 1:
            raise ValueError(f"its first output is {numbers.shape}, not one list of numbers")
        vector = numbers[0].astype(np.float64)
        # Zeros are as near to everybody as to nobody, half way: they must not match anybody.
        with np.errstate(invalid="ignore"):
            return np.asarray(vector / np.linalg.norm(vector), np.float32)

    def dissimilarities(
        self, probe: Template, templates: npt.NDArray[np.generic]
    ) -> npt.NDArray[np.float32]:
        """Return 1 - cosine, 0 to 2, for each of (samples, numbers) templates."""
        if probe.shape != (self._numbers,) or templates.shape[1:] != probe.shape:
            raise ValueError(
                f"a probe of {probe.shape} does not fit templates of {templates.shape}"
            )
        difference = templates.astype(np.float32, copy=False) - probe.astype(np.float32, copy=False)
        # For vectors of length 1 the same as 1 - cosine, and exactly 0 for equal ones.
        half = np.square(difference).sum(axis=1) / 2
        return np.asarray(np.minimum(half, 2.0), np.float32)


def _input_of(session: Any) -> tuple[str, bool]:
    """Return the name of the one input, and whether channels come before rows."""
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise _unfit(f"it has {len(inputs)} inputs, not one")
    (only,) = inputs
    batch, *shape = only.shape or [None]
    if only.type == "tensor(float)" and (batch == 1 or not isinstance(batch, int)):
        for wanted in (CHANNELS_FIRST, CHANNELS_LAST):
            fits = [a == b or not isinstance(a, int) for a, b in zip(shape, wanted, strict=False)]
            if len(shape) == len(wanted) and all(fits):
                return str(only.name), wanted is CHANNELS_FIRST
    raise _unfit(
        f"its input is {only.type} {only.shape}, not tensor(float) [1, 3, {SIDE}, {SIDE}] or "
        f"[1, {SIDE}, {SIDE}, 3]"
    )


def _unfit(reason: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"FACELOGIN_ONNX_MODEL names a model that does not fit: {reason}. docs/engines.md says "
        "which do. Example: FACELOGIN_ONNX_MODEL=/var/lib/kubevision/face.onnx"
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def load(name: str, model: bytes, device: str) -> OnnxEngine:
    """Import onnxruntime and read the operator's model.

    Parameters
    ----------
    name : str
    model : bytes
        The file's content, so that what runs is what was named.
    device : str
        auto, cpu or gpu. Without a GPU the CPU does the work; `note` says so.

    Raises
    ------
    EngineUnavailable
        If either cannot be; the message says what to do.
    """
    try:
        import onnxruntime  # noqa: PLC0415  (only where this engine was chosen)
    except ImportError as error:
        raise EngineUnavailable(
            f"onnxruntime does not load ({_first_line(error)}); install it again with "
            f"`pip install --force-reinstall --require-hashes -r {KIND.requirements}`"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # one process per core
    options.log_severity_level = 4  # what goes wrong is raised, and said in one sentence
    has_gpu = GPU in onnxruntime.get_available_providers()
    providers = [GPU, CPU] if device != "cpu" and has_gpu else [CPU]
    try:
        session = onnxruntime.InferenceSession(model, options, providers=providers)
    # onnxruntime's errors have no common class but this one.
    except Exception as error:
        raise _unfit(f"onnxruntime says {_first_line(error)}") from None
    note = ""
    is_wanted = device == "gpu" or (device == "auto" and has_gpu)
    if is_wanted and GPU not in session.get_providers():
        why = "CUDA did not start" if has_gpu else "this onnxruntime has no CUDA"
        note = f"the engine {name} runs on the CPU: {why}"
    return OnnxEngine(name, session, note)


KIND = EngineKind(
    load,
    packages=("onnxruntime",),
    requirements="requirements/onnx.txt",
    settings={"device": "FACELOGIN_DEVICE"},
    model_setting="FACELOGIN_ONNX_MODEL",
)
