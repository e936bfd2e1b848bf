"""Recognition of one frame step by step: the product's own run, with a clock around its parts.

The product carries no hooks for measuring. While `timed` is on, the functions that do the steps are
replaced by ones that note how long the real ones took; whatever calls them, in whatever order, is
the product's.
"""

import functools
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.measure import Stopwatch
from facelogin.recognition import (
    Following,
    FrameHistory,
    Observation,
    Recognizer,
    Reference,
    alignment,
    detection,
    frame,
    quality,
    recognizer,
)
from facelogin.recognition.engines import lbph
from facelogin.recognition.types import FaceRegion
from facelogin.workers import make_recognizer

_STEPS: dict[str, tuple[Any, str]] = {
    "decode": (frame.Frame, "from_bytes"),
    "reduce for the repeat check": (recognizer, "fingerprint"),
    "find the face near the last one": (detection.Detector, "face_near"),
    "find the face anywhere": (detection.Detector, "faces"),
    "second look, contrast raised": (detection.Detector, "faces_in_bad_light"),
    "second look for a turned head": (detection.Detector, "is_profile"),
    "quality gates": (quality, "judge"),
    "find the eyes": (alignment.EyeFinder, "find"),
    "turn upright": (lbph, "upright"),
    "normalise light": (lbph, "tan_triggs_band"),
    "edges of three directions": (lbph, "edge_maps"),
    "LBP histograms": (lbph.LbphEngine, "counts"),
    "compare with 10 samples": (recognizer.Recognizer, "dissimilarity"),
}
REST = "rest of recognition"
RECOGNITION = (*_STEPS, REST)
AROUND = ("open the reference", "to the worker and back", "repeat check")
SEARCHES = tuple(step for step in _STEPS if step.startswith(("find the face", "second look")))


class _Clock:
    """Books CPU time to the innermost step that is running; each moment counts once."""

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch
        self._running = [REST]

    def around(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed_function(*args: Any, **kwargs: Any) -> Any:
            self._watch.mark(self._running[-1])
            self._running.append(step)
            try:
                return function(*args, **kwargs)
            finally:
                self._watch.mark(self._running.pop())

        return timed_function


@contextmanager
def timed(watch: Stopwatch) -> Iterator[None]:
    """Book every step of recognition while this lasts."""
    clock, originals = _Clock(watch), {}
    for step, (owner, name) in _STEPS.items():
        original = vars(owner)[name]
        originals[step] = original
        if isinstance(original, classmethod):
            setattr(owner, name, staticmethod(clock.around(step, getattr(owner, name))))
        else:
            setattr(owner, name, clock.around(step, original))
    try:
        yield
    finally:
        for step, (owner, name) in _STEPS.items():
            setattr(owner, name, originals[step])
        watch.mark(REST)


class Pipeline:
    """What one worker and one attempt do with a frame."""

    def __init__(self) -> None:
        self.recognizer: Recognizer = make_recognizer()
        self._key, self._nonce = AESGCM(AESGCM.generate_key(256)), b"twelve bytes"
        self._sealed = b""
        self.reference: Reference | None = None
        self.start_attempt()

    def enrol(self, jpegs: list[bytes]) -> None:
        """Make a reference of ten samples of these frames, repeated if there are fewer."""
        seen = [self.recognizer.observe(jpeg).template for jpeg in jpegs]
        samples = [sample for sample in seen if sample is not None]
        if not samples:
            raise SystemExit("no frame gave a sample: nothing to compare with")
        picked = [samples[n % len(samples)] for n in range(10)]
        self.reference = Reference(self.recognizer.engine, np.stack(picked))
        self._sealed = self._key.encrypt(self._nonce, self.reference.to_bytes(), None)

    def start_attempt(self) -> None:
        """Begin an attempt: nothing seen yet."""
        self._history = FrameHistory()
        self._following = Following()

    def observe(self, jpeg: bytes) -> Observation:
        """Do what a worker does with the next frame of the attempt."""
        observation = self.compare(jpeg, self._following.near())
        self._following.saw(observation.face)
        return observation

    def compare(self, jpeg: bytes, near: FaceRegion | None = None) -> Observation:
        """Look for a face, near a place or everywhere, and compare it with the reference."""
        assert self.reference is not None
        observation = self.recognizer.observe(jpeg, near=near)
        if observation.template is not None:
            self.recognizer.dissimilarity(observation.template, self.reference)
        return observation

    def look(self, jpeg: bytes, watch: Stopwatch, *, is_first: bool = False) -> None:
        """Do all that the product does with a frame, booking each step."""
        reference = self.reference
        if is_first:
            self.start_attempt()
            reference = Reference.from_bytes(self._key.decrypt(self._nonce, self._sealed, None))
            watch.mark("open the reference")
        with timed(watch):
            observation = self.observe(jpeg)
        # What crosses to the worker's process and back, both ways packed and unpacked.
        for thing in ((jpeg, reference), observation):
            pickle.loads(pickle.dumps(thing, pickle.HIGHEST_PROTOCOL))
        watch.mark("to the worker and back")
        if observation.fingerprint is not None:
            self._history.is_repeat(observation.fingerprint)
        watch.mark("repeat check")

    def share_of_searches(self, jpegs: list[bytes]) -> float:
        """Return the share (0..1) of recognition's CPU time that looking for the face takes."""
        watch = Stopwatch()
        for number, jpeg in enumerate(jpegs):
            self.look(jpeg, watch, is_first=not number)
        taken = {name: watch.milliseconds.get(name, 0.0) for name in RECOGNITION}
        return sum(taken[step] for step in SEARCHES) / sum(taken.values())
