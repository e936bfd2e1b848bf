"""Recognition in processes of its own, so that the event loop never waits for pixels.

One lane is one spawned process. A picture that kills its process breaks that lane alone; the lane
is replaced, and the attempt whose frame it was is told to come back. Workers keep no state of
attempts: each call carries what it needs and returns plain values.
"""

import asyncio
import contextlib
import functools
import importlib.resources
import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from facelogin import metrics
from facelogin.recognition import (
    CASCADES,
    CalibrationError,
    CalibrationTable,
    Enrolment,
    Observation,
    Recognizer,
    Reference,
    limit_threads,
)
from kubevision.readiness import NotReady

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

# A frame takes about 25 ms; with a dozen attempts queueing before it 0.3 s. A worker that needs
# this long is stuck and is replaced, in time for the person to be told within three seconds.
CALL_TIMEOUT_SECONDS = 2.5
START_TIMEOUT_SECONDS = 30.0


class WorkerLost(Exception):  # noqa: N818  (an outcome, named as quality.md names it)
    """The process died or hung on this call; the lane has been replaced."""


# -- in the worker process ------------------------------------------------------------------------

_recognizer: Recognizer


def read_cascades() -> dict[str, str]:
    """Return the XML texts of OpenCV's cascades that recognition needs."""
    folder = importlib.resources.files("cv2.data")
    return {name: folder.joinpath(name).read_text() for name in CASCADES}


def make_recognizer(engine: str = "lbph") -> Recognizer:
    """Read OpenCV's cascades and return a recognizer that uses one thread."""
    limit_threads(1)
    return Recognizer(read_cascades(), engine)


def _start_worker(engine: str) -> None:
    # Ctrl-C reaches every process of a terminal; the server decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    global _recognizer  # noqa: PLW0603  (one per process, built once, read only afterwards)
    _recognizer = make_recognizer(engine)


def _end_with_parent() -> None:
    """End when the server was killed: nobody else would ever end this process."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _observe(jpeg: bytes, reference: Reference | None) -> tuple[Observation, float | None]:
    observation = _recognizer.observe(jpeg)
    if reference is None or observation.template is None:
        return observation, None
    return observation, _recognizer.dissimilarity(observation.template, reference)


def _finish(enrolment: Enrolment, engine: str, threshold: float) -> Reference:
    return enrolment.finish(engine, _recognizer.dissimilarity, threshold)


# -- in the server --------------------------------------------------------------------------------


class Lane:
    """One worker process, replaced when it is lost."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self.waiting = 0
        # The event loop and the management port's threads may both find the process dead.
        self._replacing = threading.Lock()
        self._start()

    def _start(self) -> None:
        self._executor = ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(self._engine,),
        )
        self.started: Future[int] = self._executor.submit(os.getpid)

    async def call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function in the process.

        Raises
        ------
        WorkerLost
            If the process died or took too long.
        """
        self.waiting += 1
        try:
            accepted = self._submit(work, *args, **kwargs)
            executor = self._executor
            # Not wait_for: before Python 3.12 it forgets a cancellation that comes with the answer,
            # and an attempt that was given up in that moment would wait for ever.
            async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                return await asyncio.wrap_future(accepted)
        except (BrokenProcessPool, TimeoutError, RuntimeError) as error:
            # RuntimeError: another call found the process dead first and shut the executor down.
            self._replace(executor)
            raise WorkerLost(type(error).__name__) from error
        finally:
            self.waiting -= 1

    def _submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        executor = self._executor
        try:
            return executor.submit(work, *args, **kwargs)
        except BrokenProcessPool:
            # It died before this call, so not of this call's picture: nobody need hear of it.
            self._replace(executor)
            return self._executor.submit(work, *args, **kwargs)

    def _replace(self, lost: ProcessPoolExecutor) -> None:
        """Start a process instead of a lost one, unless somebody else did already."""
        with self._replacing:
            if lost is self._executor:
                self.kill()
                self._start()

    def answers(self) -> bool:
        """Ask the process for a sign of life; one that gives none is replaced."""
        executor = self._executor
        try:
            executor.submit(os.getpid).result(timeout=CALL_TIMEOUT_SECONDS)
        except (BrokenProcessPool, TimeoutError, RuntimeError, CancelledError):
            # A process that is still starting is not lost; it has its own time.
            if self.started.done():
                self._replace(executor)
            return False
        return True

    def kill(self, *, wait: bool = False) -> None:
        """End the process at once; on request wait for the executor's own thread as well."""
        with contextlib.suppress(ProcessLookupError, BrokenProcessPool, TimeoutError):
            # Answered long ago, unless the process is still starting.
            os.kill(self.started.result(timeout=0), signal.SIGKILL)
        self._executor.shutdown(wait=wait, cancel_futures=True)


class WorkerPool:
    """All lanes; every call goes to the one with the least waiting."""

    def __init__(self, engine: str, lanes: int) -> None:
        self.engine = engine
        self.lanes = [Lane(engine) for _ in range(lanes)]

    def wait_until_started(self) -> None:
        """Return once every process can work.

        Raises
        ------
        ImproperlyConfigured
            If one cannot load its engine.
        """
        for lane in self.lanes:
            try:
                lane.started.result(timeout=START_TIMEOUT_SECONDS)
            except (BrokenProcessPool, TimeoutError) as error:
                raise ImproperlyConfigured(
                    f"the recognition engine {self.engine!r} did not start: {error}"
                ) from error

    async def _call(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        lane = min(self.lanes, key=lambda lane: lane.waiting)
        return await lane.call(work, *args, **kwargs)

    async def observe(
        self, jpeg: bytes, reference: Reference | None = None
    ) -> tuple[Observation, float | None]:
        """Look at a frame; with a reference and a usable sample also return the dissimilarity."""
        with metrics.RECOGNITION_SECONDS.time():
            return await self._call(_observe, jpeg, reference)

    async def finish_enrolment(self, enrolment: Enrolment, threshold: float) -> Reference:
        """Make and prove a reference; EnrolmentRefused if it does not recognise its person."""
        return await self._call(_finish, enrolment, self.engine, threshold)

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
            _pool = WorkerPool(settings.FACELOGIN_ENGINE, lanes)
        return _pool


def start() -> None:
    """Start the pool and wait for it; called before the server listens."""
    if note := operating_point_note():
        logger.warning("%s", note)
    pool().wait_until_started()
    metrics.WORKERS_ALIVE.set(len(pool().lanes))


def operating_point_note() -> str | None:
    """Return what an operator should know of the false match rate: how far it was shown.

    Raises
    ------
    ImproperlyConfigured
        If the table shows no such rate.
    """
    threshold()
    table, rate = _table(settings.FACELOGIN_ENGINE), settings.FACELOGIN_FALSE_MATCH_RATE
    bound = table.point_for(rate).people_bound
    if rate >= bound:
        return None
    return (
        f"the false match rate is set to {rate * 100:.3g} %, "
        f"shown for at most {bound * 100:.2g} % ({table.people} people)"
    )


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


@functools.cache
def _table(engine: str) -> CalibrationTable:
    folder = importlib.resources.files("facelogin.recognition.engines")
    return CalibrationTable.from_json(folder.joinpath(f"{engine}.calibration.json").read_text())


def threshold() -> float:
    """Return the dissimilarity at or under which a sample matches, from the engine's table.

    Raises
    ------
    ImproperlyConfigured
        If the table shows no such false match rate.
    """
    try:
        table = _table(settings.FACELOGIN_ENGINE)
        return table.threshold_for(settings.FACELOGIN_FALSE_MATCH_RATE)
    except CalibrationError as error:
        raise ImproperlyConfigured(
            f"FACELOGIN_FALSE_MATCH_RATE: {error}. Example: FACELOGIN_FALSE_MATCH_RATE=0.001"
        ) from None
