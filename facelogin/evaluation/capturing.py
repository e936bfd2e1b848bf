"""Every picture looked at as the product looks at frames, in processes of their own."""

import multiprocessing
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from facelogin import engine_files
from facelogin.engine_files import EngineSource
from facelogin.evaluation.people import CannotEvaluate, Occasion
from facelogin.evaluation.pictures import frames
from facelogin.recognition import (
    WHOLE_SEARCH_EVERY,
    Engine,
    Face,
    FaceRegion,
    Frame,
    Recognizer,
    Template,
    limit_threads,
)
from facelogin.workers import read_cascades

NO_ANSWER = "no_answer_of_the_engine"
READ, FIND, TEMPLATE = "read and decode", "find and judge the face", "make the template"


@dataclass(frozen=True)
class Capture:
    """What one occasion gave.

    Attributes
    ----------
    occasion : Occasion
    samples : (samples, ...)
        Templates in the order of the pictures.
    pictures : int
        Pictures and frames of videos that were looked at.
    reasons : Counter
        Why the others are no samples.
    unreadable : tuple of str
        Files that are no pictures.
    seconds : dict of str to float
        CPU time of each step over all pictures.
    """

    occasion: Occasion
    samples: npt.NDArray[np.generic]
    pictures: int
    reasons: Counter[str] = field(default_factory=Counter)
    unreadable: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)


class _Timed:
    """An engine that notes what its templates cost."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.dissimilarities = engine.dissimilarities
        self.seconds = 0.0

    def template(self, frame: Frame, face: Face) -> Template:
        started = time.process_time()
        made = self._engine.template(frame, face)
        self.seconds += time.process_time() - started
        return made


_engine: _Timed
_recognizer: Recognizer


def _start(source: EngineSource) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is answered by the process that asked
    global _engine, _recognizer  # noqa: PLW0603  (one per process, built once)
    limit_threads(1)
    _engine = _Timed(engine_files.load(source))
    _recognizer = Recognizer(read_cascades(), [_engine])


def _capture(occasion: Occasion) -> Capture:
    """Follow the face through one occasion, as an attempt follows it from frame to frame."""
    samples: list[Template] = []
    reasons: Counter[str] = Counter()
    unreadable, pictures, looking = [], 0, 0.0
    last: FaceRegion | None = None
    began, _engine.seconds = time.process_time(), 0.0
    for file in occasion.files:
        for frame in frames(file):
            if frame is None:
                unreadable.append(file)
                continue
            near = last if pictures % WHOLE_SEARCH_EVERY else None
            started = time.process_time()
            observation = _recognizer.observe_frame(frame, near=near)
            looking += time.process_time() - started
            pictures += 1
            last = observation.face
            reasons.update(reason.value for reason in observation.reasons)
            if observation.template is not None and np.isfinite(observation.template).all():
                samples.append(observation.template)
            elif observation.template is not None:
                reasons[NO_ANSWER] += 1
    stacked = np.stack(samples) if samples else np.zeros(0)
    seconds = {
        READ: time.process_time() - began - looking,
        FIND: looking - _engine.seconds,
        TEMPLATE: _engine.seconds,
    }
    return Capture(occasion, stacked, pictures, reasons, tuple(unreadable), seconds)


def capture_all(
    source: EngineSource, occasions: Sequence[Occasion], processes: int
) -> Iterator[Capture]:
    """Yield each occasion's capture, in the order given.

    Raises
    ------
    CannotEvaluate
        If a process is lost.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, _start, (source,)) as pool:
        done = 0
        try:
            for capture in pool.map(_capture, occasions):
                done += 1
                yield capture
        except BrokenProcessPool:
            first = occasions[done]
            raise CannotEvaluate(
                "a process that looks at pictures was lost, perhaps for want of memory; the first "
                f"that was not looked at is {first.folder}/{first.person}/{first.session}. Try "
                "fewer at once: --processes 1"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)
