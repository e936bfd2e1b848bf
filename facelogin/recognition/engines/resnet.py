"""dlib's ResNet: a face as 128 numbers, alike in another light and on another day."""

from typing import Any

import numpy as np
import numpy.typing as npt

from facelogin.recognition.engines.contract import EngineKind, PackageFile
from facelogin.recognition.errors import EngineUnavailable
from facelogin.recognition.frame import Frame
from facelogin.recognition.types import Face, Template

CHIP_SIDE = 150  # px; what the network was trained on
NUMBERS = 128
MOST = 2.0  # two templates of length 1 that point apart; rounding must not exceed it


class ResnetEngine:
    """dlib's descriptor, the mean of a face's and of its mirror image's, at length 1.

    dlib compares descriptors as they are, about 1.4 long; at one length they tell people apart
    better on another day, and distances have a bound (decision 43).

    Parameters
    ----------
    dlib : module
    landmarks, descriptor : str
        Paths of the five-point landmark model and of the network.

    Raises
    ------
    RuntimeError
        If dlib cannot read one.
    """

    name = "resnet"

    def __init__(self, dlib: Any, landmarks: str, descriptor: str) -> None:
        self._rectangle = dlib.rectangle
        self._chip = dlib.get_face_chip
        self._landmarks = dlib.shape_predictor(landmarks)
        self._descriptor = dlib.face_recognition_model_v1(descriptor)

    def template(self, frame: Frame, face: Face) -> Template:
        """Return (128,) float32 of length 1."""
        box = face.box
        rgb = np.ascontiguousarray(frame.colour[:, :, ::-1])
        # dlib's right and bottom edges belong to the rectangle.
        place = self._rectangle(box.x, box.y, box.x + box.side - 1, box.y + box.side - 1)
        chip = self._chip(rgb, self._landmarks(rgb, place), size=CHIP_SIDE)
        both = [chip, np.ascontiguousarray(chip[:, ::-1])]
        numbers = [np.asarray(self._descriptor.compute_face_descriptor(each)) for each in both]
        mean = np.mean(numbers, axis=0)
        # A network this deep answers 0 to no picture; were it to, the quotient matches nobody.
        with np.errstate(invalid="ignore"):
            return np.asarray(mean / np.linalg.norm(mean), np.float32)

    def dissimilarities(
        self, probe: Template, templates: npt.NDArray[np.generic]
    ) -> npt.NDArray[np.float32]:
        """Return the Euclidean distance to each of (samples, 128) templates, at most 2."""
        if probe.shape != (NUMBERS,) or templates.shape[1:] != probe.shape:
            raise ValueError(
                f"a probe of {probe.shape} does not fit templates of {templates.shape}"
            )
        difference = templates.astype(np.float32, copy=False) - probe.astype(np.float32, copy=False)
        distance = np.sqrt(np.square(difference).sum(axis=1))
        return np.asarray(np.minimum(distance, MOST), np.float32)


def load(landmarks: str, descriptor: str) -> ResnetEngine:
    """Import dlib and read its two files.

    Raises
    ------
    EngineUnavailable
        If either cannot be; the message says what to do.
    """
    try:
        import dlib  # noqa: PLC0415  (only where this engine was chosen)

        return ResnetEngine(dlib, landmarks, descriptor)
    except (ImportError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EngineUnavailable(
            f"dlib does not load ({reason}); install it again with "
            f"`pip install --force-reinstall --require-hashes -r {KIND.requirements}`"
        ) from None


KIND = EngineKind(
    load,
    packages=("dlib", "face_recognition_models"),
    requirements="requirements/resnet.txt",
    files={
        # Not the 68-point model: it learned from pictures that forbid commercial use.
        "landmarks": PackageFile(
            "face_recognition_models",
            "models/shape_predictor_5_face_landmarks.dat",
            "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
        ),
        "descriptor": PackageFile(
            "face_recognition_models",
            "models/dlib_face_recognition_resnet_model_v1.dat",
            "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
        ),
    },
)
