"""Every picture looked at as the product looks at frames, in processes of their own."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from facelogin import engine_files
from facelogin.engine_files import EngineSource
from facelogin.evaluation.people import Occasion
from facelogin.evaluation.pictures import frames
from facelogin.recognition import FaceRegion, Recognizer, Template, limit_threads
from facelogin.workers import read_cascades

WHOLE_SEARCH_EVERY = 5  # as an attempt does; see services.following


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
    seconds : float
        CPU time of looking at all of them.
    """

    occasion: Occasion
    samples: npt.NDArray[np.generic]
    pictures: int
    reasons: Counter[str] = field(default_factory=Counter)
    unreadable: tuple[str, ...] = ()
    seconds: float = 0.0


_recognizer: Recognizer


def _start(source: EngineSource) -> None:
    global _recognizer  # noqa: PLW0603  (one per process, built once)
    limit_threads(1)
    _recognizer = Recognizer(read_cascades(), [engine_files.load(source)])


def _capture(occasion: Occasion) -> Capture:
    """Follow the face through one occasion, as an attempt follows it from frame to frame."""
    samples: list[Template] = []
    reasons: Counter[str] = Counter()
    unreadable, pictures, seconds = [], 0, 0.0
    last: FaceRegion | None = None
    for file in occasion.files:
        for frame in frames(file):
            if frame is None:
                unreadable.append(file)
                continue
            near = last if pictures % WHOLE_SEARCH_EVERY else None
            started = time.process_time()
            observation = _recognizer.observe_frame(frame, near=near)
            seconds += time.process_time() - started
            pictures += 1
            last = observation.face
            reasons.update(reason.value for reason in observation.reasons)
            if observation.template is not None:
                samples.append(observation.template)
    stacked = np.stack(samples) if samples else np.zeros(0)
    return Capture(occasion, stacked, pictures, reasons, tuple(unreadable), seconds)


def capture_all(
    source: EngineSource, occasions: Sequence[Occasion], processes: int
) -> Iterator[Capture]:
    """Yield each occasion's capture, in the order given."""
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(processes, _start, (source,)) as pool:
        captured: Iterable[Capture] = pool.imap(_capture, occasions)
        yield from captured
