"""What recognition is measured against: a bare loop, and the prototype's way.

The bare loop is what anybody writes first: decode to grey, Haar at 320 px with scale step 1.2, one
LBPH, chi-square against 20 references. No quality gates, no second face, no light normalised.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from facelogin.recognition import CASCADES
from facelogin.workers import read_cascades

WIDTH = 320  # px
SCALE_STEP = 1.2
REFERENCES = 20
FACE_SIDE = 96  # px, as the product's: at the face's own 150 px its LBPH would cost three times
PROTOTYPE_NEIGHBOURS = 12
PROTOTYPE_PICTURES = 50  # of each person

Grey = npt.NDArray[np.uint8]


class BareLoop:
    """One LBPH and one cascade, with OpenCV's defaults unless told otherwise.

    Parameters
    ----------
    smallest : int
        Smallest face looked for, px of 320; 24, the cascade's own window, is OpenCV's default.
    neighbours, radius : int
        Of the local binary patterns.
    """

    def __init__(self, smallest: int = 24, *, neighbours: int = 8, radius: int = 1) -> None:
        xml = read_cascades()[CASCADES[0]]
        storage = cv2.FileStorage(xml, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
        self._cascade = cv2.CascadeClassifier()
        self._cascade.read(storage.getFirstTopLevelNode())
        self._smallest = (smallest, smallest)
        self._neighbours, self._radius = neighbours, radius
        self._references: list[npt.NDArray[np.float32]] = []

    def make_engine(self) -> cv2.face.LBPHFaceRecognizer:
        """Return an untrained LBPH."""
        return cv2.face.LBPHFaceRecognizer.create(self._radius, self._neighbours, 8, 8)

    def face(self, jpeg: bytes) -> Grey | None:
        """Decode, find the largest face, cut it out; None if there is none."""
        grey = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert grey is not None
        shrink = WIDTH / grey.shape[1]
        small = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        found = self._cascade.detectMultiScale(small, SCALE_STEP, minSize=self._smallest)
        if not len(found):
            return None
        x, y, side, _ = (int(n / shrink) for n in max(found, key=lambda box: box[2]))
        face = cv2.resize(grey[y : y + side, x : x + side], (FACE_SIDE, FACE_SIDE))
        return np.asarray(face, np.uint8)

    def histogram(self, face: Grey) -> npt.NDArray[np.float32]:
        """Return the face's LBPH."""
        engine = self.make_engine()
        engine.train([face], np.zeros(1, np.int32))
        return np.asarray(engine.getHistograms()[0], np.float32)

    def remember(self, jpegs: Sequence[bytes]) -> None:
        """Make the references, repeating the pictures until there are enough."""
        faces = [face for jpeg in jpegs if (face := self.face(jpeg)) is not None]
        made = [self.histogram(face) for face in faces]
        self._references = [made[n % len(made)] for n in range(REFERENCES)]

    def look(self, jpeg: bytes) -> float | None:
        """Run the whole loop on one frame; return the smallest distance."""
        face = self.face(jpeg)
        if face is None:
            return None
        probe = self.histogram(face)
        return min(
            cv2.compareHist(probe, reference, cv2.HISTCMP_CHISQR_ALT)
            for reference in self._references
        )


class Prototype:
    """One LBPH model of all people in a YAML file, read again for every frame.

    Detection is the bare loop's, which is kind to it: its own parameters are not known any more.
    Use as a context: the model is a large file.
    """

    def __init__(self, people: int, jpegs: Sequence[bytes], pictures: int) -> None:
        self._loop = BareLoop(neighbours=PROTOTYPE_NEIGHBOURS)
        self._folder = tempfile.TemporaryDirectory(prefix="kubevision-bench-")
        self._model = Path(self._folder.name) / "model.yml"
        faces = [face for jpeg in jpegs if (face := self._loop.face(jpeg)) is not None]
        labels = np.repeat(np.arange(people, dtype=np.int32), pictures)
        engine = self._loop.make_engine()
        # A histogram costs the same whoever it is of, so the same faces stand for all people.
        engine.train([faces[n % len(faces)] for n in range(len(labels))], labels)
        engine.write(str(self._model))

    @property
    def model_megabytes(self) -> float:
        """Return the size of the model's file."""
        return self._model.stat().st_size / 1e6

    def look(self, jpeg: bytes) -> int | None:
        """Read the model and ask it who the frame shows; None if there is no face."""
        engine = cv2.face.LBPHFaceRecognizer.create()
        engine.read(str(self._model))
        face = self._loop.face(jpeg)
        return None if face is None else engine.predict(face)[0]

    def __enter__(self) -> "Prototype":
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()
