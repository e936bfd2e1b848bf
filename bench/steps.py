"""Recognition of one frame step by step, by the package's own functions in the package's order.

The product itself carries no hooks for measuring. `check` proves that the steps still give what
`Recognizer.observe` gives: if recognition changes its order, this module fails instead of lying.
"""

import pickle

import cv2
import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.measure import Stopwatch
from facelogin.recognition import FrameHistory, Recognizer, Reference, quality
from facelogin.recognition.detection import Detector
from facelogin.recognition.engines.lbph_plain import (
    FACE_SIDE,
    inner_face,
)
from facelogin.recognition.engines.lbph_plain import (
    PlainLbphEngine as LbphEngine,
)
from facelogin.recognition.imaging import decode_grey, fingerprint, jpeg_size, tan_triggs
from facelogin.recognition.scoring import dissimilarity
from facelogin.recognition.types import Template
from facelogin.workers import read_cascades

RECOGNITION = (
    "decode",
    "reduce for the repeat check",
    "detect",
    "second look for a turned head",
    "quality gates",
    "cut and scale",
    "normalise light",
    "LBP histograms",
    "compare with 10 samples",
)
AROUND = ("open the reference", "to the worker and back", "repeat check")


class Pipeline:
    """What one worker and one attempt do with a frame."""

    def __init__(self) -> None:
        cascades = read_cascades()
        self.recognizer = Recognizer(cascades, [LbphEngine()])
        self._detector = Detector(cascades)
        self._engine = LbphEngine()
        self._key, self._nonce = AESGCM(AESGCM.generate_key(256)), b"twelve bytes"
        self._sealed = b""
        self._history = FrameHistory()
        self.reference: Reference | None = None

    def enrol(self, jpegs: list[bytes]) -> None:
        """Make a reference of ten samples of these frames, repeated if there are fewer."""
        seen = [self.recognizer.observe(jpeg).template for jpeg in jpegs]
        samples = [sample for sample in seen if sample is not None]
        if not samples:
            raise SystemExit("no frame gave a sample: nothing to compare with")
        picked = [samples[n % len(samples)] for n in range(10)]
        self.reference = Reference(LbphEngine.name, np.stack(picked))
        self._sealed = self._key.encrypt(self._nonce, self.reference.to_bytes(), None)

    def start_attempt(self) -> None:
        """Begin an attempt: nothing seen yet."""
        self._history = FrameHistory()

    def look(self, jpeg: bytes, watch: Stopwatch, *, is_first: bool = False) -> Template | None:
        """Do all of it to one frame, booking each step; return the template."""
        assert self.reference is not None
        reference = self.reference
        if is_first:
            self.start_attempt()
            reference = Reference.from_bytes(self._key.decrypt(self._nonce, self._sealed, None))
            watch.mark("open the reference")
        template, seen = self._recognise(jpeg, reference, watch)
        # What crosses to the worker's process and back, both ways packed and unpacked.
        for thing in ((jpeg, reference), (template, seen)):
            pickle.loads(pickle.dumps(thing, pickle.HIGHEST_PROTOCOL))
        watch.mark("to the worker and back")
        self._history.is_repeat(seen)
        watch.mark("repeat check")
        return template

    def _recognise(
        self, jpeg: bytes, reference: Reference, watch: Stopwatch
    ) -> tuple[Template | None, Template]:
        assert jpeg_size(jpeg) is not None
        grey = decode_grey(jpeg)
        assert grey is not None
        watch.mark("decode")
        seen = fingerprint(grey)
        watch.mark("reduce for the repeat check")
        faces = self._detector.faces(grey)
        watch.mark("detect")
        if not faces:
            self._detector.is_profile(grey)
            watch.mark("second look for a turned head")
        if len(faces) != 1:
            return None, seen
        reasons = quality.judge(grey, faces[0])
        watch.mark("quality gates")
        if reasons:
            return None, seen
        face = inner_face(faces[0]).cut(grey)
        square = cv2.resize(face, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_AREA)
        watch.mark("cut and scale")
        normalised = tan_triggs(np.asarray(square, np.uint8))
        watch.mark("normalise light")
        template = self._engine.counts(normalised)
        watch.mark("LBP histograms")
        dissimilarity(self._engine, template, reference)
        watch.mark("compare with 10 samples")
        return template, seen

    def observe(self, jpeg: bytes) -> None:
        """Do what a worker does with the frame, in one piece."""
        assert self.reference is not None
        observation = self.recognizer.observe(jpeg)
        if observation.template is not None:
            self.recognizer.dissimilarity(observation.template, self.reference)

    def check(self, jpegs: list[bytes]) -> int:
        """Return for how many frames the steps give another template than `observe` gives."""
        differing = 0
        for jpeg in jpegs:
            whole, steps = self.recognizer.observe(jpeg).template, self.look(jpeg, Stopwatch())
            is_same = (
                steps is None if whole is None else steps is not None and (whole == steps).all()
            )
            differing += not is_same
        return differing

    def share_of(self, step: str, jpegs: list[bytes]) -> float:
        """Return the share (0..1) of recognition's CPU time that one step takes."""
        watch = Stopwatch()
        for jpeg in jpegs:
            self.look(jpeg, watch)
        taken = {name: watch.milliseconds.get(name, 0.0) for name in RECOGNITION}
        return taken[step] / sum(taken.values())
