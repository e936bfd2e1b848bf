"""Recognition in processes of its own, so that the event loop never waits for pixels.

One lane is one spawned process. A picture that kills its process breaks that lane alone; the lane
is replaced, and the attempt whose frame it was is told to come back. Workers keep no state of
attempts: each call carries what it needs and returns plain values.
"""

import functools
import importlib.resources
import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from facelogin import engine_files, loaded_engines, metrics, operating_point
from facelogin.engine_files import EngineSource
from facelogin.lanes import Lane
from facelogin.loaded_engines import Described
from facelogin.recognition import (
    CASCADES,
    ENGINES,
    Background,
    Cohort,
    EngineUnavailable,
    Enrolment,
    FaceRegion,
    Observation,
    Recognizer,
    Reference,
    limit_threads,
)
from kubevision.readiness import NotReady

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

START_TIMEOUT_SECONDS = 30.0
NOT_ASKED = Described()


# -- in the worker process ------------------------------------------------------------------------

_recognizer: Recognizer | None = None
_described = Described()


def read_cascades() -> dict[str, str]:
    """Return the XML texts of OpenCV's cascades that recognition needs."""
    folder = importlib.resources.files("cv2.data")
    return {name: folder.joinpath(name).read_text() for name in CASCADES}


def make_recognizer(engine: str = engine_files.DEFAULT) -> Recognizer:
    """Read OpenCV's cascades and return a recognizer that uses one thread.

    Raises
    ------
    ValueError
        If there is no such engine.
    EngineUnavailable
        If it cannot be loaded; the message says what to do.
    """
    limit_threads(1)
    return Recognizer(read_cascades(), [engine_files.load(engine_files.source(engine))])


def _start_worker(sources: Sequence[EngineSource]) -> None:
    # Ctrl-C reaches every process of a terminal; the server decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # One per process, built once, read only afterwards.
    global _recognizer, _described  # noqa: PLW0603
    limit_threads(1)
    engines, _described = loaded_engines.load(sources)
    if engines:
        _recognizer = Recognizer(read_cascades(), engines)


def _loaded() -> Recognizer:
    """Return this process's recognizer; without one it ends, and its lane is replaced."""
    if _recognizer is None:
        os._exit(1)
    return _recognizer


def _is_loaded() -> bool:
    return bool(_loaded())


def _describe() -> Described:
    return _described


def _end_with_parent() -> None:
    """End when the server was killed: nobody else would ever end this process."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _observe(
    jpeg: bytes,
    reference: Reference | None,
    near: FaceRegion | None,
    background: Background | None,
    with_heading: bool,
) -> tuple[Observation, float | None]:
    recognizer = _loaded()
    observation = recognizer.observe(
        jpeg, reference.engine if reference else None, near, with_heading=with_heading
    )
    if reference is None or observation.template is None:
        return observation, None
    return observation, recognizer.dissimilarity(observation.template, reference, background)


def _compare_cohort(reference: Reference, cohort: Cohort, limit: float) -> Background:
    return _loaded().background(reference, cohort, limit)


def _finish(enrolment: Enrolment, engine: str, threshold: float) -> Reference:
    return enrolment.finish(engine, _loaded().dissimilarity, threshold)


# -- in the server --------------------------------------------------------------------------------


class WorkerPool:
    """All lanes; every call goes to the one with the least waiting.

    Parameters
    ----------
    engine : str
        Makes new references. Those that need no download are loaded beside it: people enrolled with
        one of them go on signing in.
    lanes : int

    Raises
    ------
    ValueError
        If there is no such engine.
    EngineUnavailable
        If something that it needs is missing; the message says what to do.
    """

    def __init__(self, engine: str, lanes: int) -> None:
        others = [
            name
            for name, kind in ENGINES.items()
            if name != engine and kind.is_always_here and operating_point.can_decide(name)
        ]
        sources = [engine_files.source(name) for name in (engine, *others)]
        self.engine = sources[0].name
        self.engines = tuple(source.name for source in sources)
        self.described = NOT_ASKED
        set_up = functools.partial(_start_worker, sources)
        self.lanes = [Lane(set_up, sign_of_life=_is_loaded) for _ in range(lanes)]

    def wait_until_started(self) -> None:
        """Return once every process can work.

        Raises
        ------
        ImproperlyConfigured
            If one cannot load its engine.
        """
        described = self.described
        for lane in self.lanes:
            try:
                lane.started.result(timeout=START_TIMEOUT_SECONDS)
                # A process that replaced another one later has the same engines.
                if self.described is NOT_ASKED:
                    described = lane.ask(_describe, START_TIMEOUT_SECONDS)
            except (BrokenProcessPool, TimeoutError) as error:
                raise ImproperlyConfigured(
                    f"the recognition engine {self.engine!r} did not start: {error}"
                ) from error
            described.check(self.engine)
        self.described = described

    async def _call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        # A new process takes a second or two until it has its engine; the others do its work.
        lane = min(self.lanes, key=lambda lane: (not lane.started.done(), lane.waiting))
        return await lane.call(work, *args, **kwargs)

    async def observe(
        self,
        jpeg: bytes,
        reference: Reference | None = None,
        near: FaceRegion | None = None,
        background: Background | None = None,
        *,
        with_heading: bool = False,
    ) -> tuple[Observation, float | None]:
        """Look at a frame; with a reference and a usable sample also return the dissimilarity.

        With a background it is normalised. On request it is said which way the head is turned.
        """
        with metrics.RECOGNITION_SECONDS.time():
            return await self._call(_observe, jpeg, reference, near, background, with_heading)

    async def background(self, reference: Reference, cohort: Cohort, limit: float) -> Background:
        """Compare a cohort with a claimed person's reference; over the limit nothing matches."""
        return await self._call(_compare_cohort, reference, cohort, limit)

    async def finish_enrolment(
        self, enrolment: Enrolment, threshold: float, engine: str | None = None
    ) -> Reference:
        """Make and prove a reference; EnrolmentRefused if it does not recognise its person.

        `engine`: the one that made the samples; that of new references unless given.
        """
        return await self._call(_finish, enrolment, engine or self.engine, threshold)

    def close(self) -> None:
        """End all processes."""
        for lane in self.lanes:
            # Without waiting the interpreter may end while that thread still closes its pipe.
            lane.kill(wait=True)


_pool: WorkerPool | None = None
_pool_lock = threading.Lock()


def pool() -> WorkerPool:
    """Return this server's pool, started on first use."""
    global _pool  # noqa: PLW0603  (one pool a server; start and stop are its whole life)
    with _pool_lock:
        if _pool is None:
            lanes = settings.FACELOGIN_WORKERS or os.cpu_count() or 1
            try:
                _pool = WorkerPool(settings.FACELOGIN_ENGINE, lanes)
            except (EngineUnavailable, ValueError) as error:
                raise ImproperlyConfigured(str(error)) from None
        return _pool


def start() -> None:
    """Start the pool and wait for it; called before the server listens."""
    if note := operating_point.note():
        logger.warning("%s", note)
    try:
        pool().wait_until_started()
    except ImproperlyConfigured:
        stop()
        raise
    for note in pool().described.notes:
        logger.warning("%s", note)
    metrics.WORKERS_ALIVE.set(len(pool().lanes))


def check_alive() -> None:
    """Ask every process for a sign of life; a readiness check.

    Lost ones are replaced here, since a copy that gets no work would never find them lost.

    Raises
    ------
    NotReady
        If none answers: the others can take the work of one.
    """
    lanes = pool().lanes
    with ThreadPoolExecutor(len(lanes)) as askers:  # at once: they share one time limit
        alive = sum(askers.map(Lane.answers, lanes))
    metrics.WORKERS_ALIVE.set(alive)
    if not alive:
        raise NotReady(f"none of {len(lanes)} recognition processes answers")


def stop() -> None:
    """End the pool."""
    global _pool  # noqa: PLW0603  (see pool)
    with _pool_lock:
        if _pool is not None:
            _pool.close()
        _pool = None
