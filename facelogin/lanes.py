"""One lane is one spawned process, replaced when a call kills it or hangs in it."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# A frame takes about 25 ms; with a dozen attempts queueing before it 0.3 s. A worker that needs
# this long is stuck and is replaced, in time for the person to be told within three seconds.
CALL_TIMEOUT_SECONDS = 2.5


class WorkerLost(Exception):  # noqa: N818  (an outcome, named as quality.md names it)
    """The process died or hung on this call; the lane has been replaced."""


class Lane:
    """One worker process, replaced when it is lost.

    Parameters
    ----------
    set_up
        What each process does first; picklable.
    sign_of_life
        What each process does to show that it works; picklable.
    """

    def __init__(
        self, set_up: Callable[[], None], sign_of_life: Callable[[], object] = os.getpid
    ) -> None:
        self._set_up = set_up
        self._sign_of_life = sign_of_life
        self.waiting = 0
        # The event loop and the management port's threads may both find the process dead.
        self._replacing = threading.Lock()
        self._start()

    def _start(self) -> None:
        self._executor = ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=self._set_up,
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
        executor = self._executor
        try:
            accepted = self._submit(work, *args, **kwargs)
            executor = self._executor
            # Not wait_for: before Python 3.12 it forgets a cancellation that comes with the answer,
            # and an attempt that was given up in that moment would wait for ever.
            async with asyncio.timeout(CALL_TIMEOUT_SECONDS):
                return await asyncio.wrap_future(accepted)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is not None and caller.cancelling():
                raise
            # Nobody gave up: the call waited in a lane that was lost with the call before it.
            raise WorkerLost("the lane was lost before this call") from None
        except (BrokenProcessPool, TimeoutError, RuntimeError) as error:
            # RuntimeError: another call found the process dead first and shut the executor down.
            # A process that is still starting is not stuck: replaced, it would start for ever.
            if not isinstance(error, TimeoutError) or self.started.done():
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
            executor.submit(self._sign_of_life).result(timeout=CALL_TIMEOUT_SECONDS)
        except (BrokenProcessPool, TimeoutError, RuntimeError, CancelledError):
            # A process that is still starting is not lost; it has its own time.
            if self.started.done():
                self._replace(executor)
            return False
        return True

    def ask(self, work: Callable[[], T], timeout_seconds: float) -> T:
        """Run a function in the process and wait; for the start, when nothing else does."""
        return self._executor.submit(work).result(timeout=timeout_seconds)

    def kill(self, *, wait: bool = False) -> None:
        """End the process at once; on request wait for the executor's own thread as well."""
        with contextlib.suppress(ProcessLookupError, BrokenProcessPool, TimeoutError):
            # Answered long ago, unless the process is still starting.
            os.kill(self.started.result(timeout=0), signal.SIGKILL)
        self._executor.shutdown(wait=wait, cancel_futures=True)
