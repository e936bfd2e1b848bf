"""The engines of one recognition process: loaded, or why not, and what a frame costs here."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.core.exceptions import ImproperlyConfigured

from facelogin import engine_files
from facelogin.engine_files import EngineSource
from facelogin.lanes import CALL_TIMEOUT_SECONDS
from facelogin.recognition import Box, Engine, EngineUnavailable, Face, Frame

# Each attempt has one frame in its lane at most, so the last in the queue waits for all others.
# Half of what a lane is given until it counts as stuck.
LONGEST_QUEUE_SECONDS = CALL_TIMEOUT_SECONDS / 2
SEARCH_SECONDS = 0.025  # finding the face, whatever the engine


@dataclass(frozen=True)
class Described:
    """What a process says of its engines.

    Attributes
    ----------
    problem : str
        Why they do not load.
    notes : tuple of str
        What an operator should know of them.
    frame_seconds : float
        What the slowest takes for one template, CPU time.
    """

    problem: str = ""
    notes: tuple[str, ...] = ()
    frame_seconds: float = 0.0

    @property
    def attempts(self) -> int:
        """Return how many attempts one process can look after without letting one time out."""
        return max(1, int(LONGEST_QUEUE_SECONDS / (SEARCH_SECONDS + self.frame_seconds)))

    def check(self, engine: str) -> None:
        """Refuse what cannot work.

        Raises
        ------
        ImproperlyConfigured
            If the engines did not load, or one frame takes longer than anybody waits.
        """
        if self.problem:
            raise ImproperlyConfigured(self.problem)
        if self.frame_seconds > LONGEST_QUEUE_SECONDS:
            raise ImproperlyConfigured(
                f"FACELOGIN_ENGINE: {engine} takes {self.frame_seconds:.1f} s for a frame here, "
                f"more than {LONGEST_QUEUE_SECONDS:.2f} s; choose a smaller model or a faster "
                f"machine. Example: FACELOGIN_ENGINE={engine_files.DEFAULT}"
            )


def load(sources: Sequence[EngineSource]) -> tuple[list[Engine], Described]:
    """Load engines in this process; none if one of them does not load."""
    try:
        engines = [engine_files.load(source) for source in sources]
    except EngineUnavailable as error:
        return [], Described(str(error))
    # Few engines have anything to tell.
    notes = tuple(note for engine in engines if (note := getattr(engine, "note", "")))
    return engines, Described("", notes, max(map(_frame_seconds, engines)))


def _frame_seconds(engine: Engine) -> float:
    """Return the CPU time of one template; not by the clock: all processes start at once."""
    frame, face = Frame(np.zeros((480, 640), np.uint8)), Face(Box(200, 120, 240))
    engine.template(frame, face)
    began = time.process_time()
    engine.template(frame, face)
    return time.process_time() - began
