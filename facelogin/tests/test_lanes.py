import asyncio
import functools
import os
import time
from concurrent.futures import Future
from typing import Any

import pytest

from facelogin import lanes
from facelogin.lanes import Lane, WorkerLost


class _Lane(Lane):
    """A lane whose process is played by the test."""

    def __init__(self) -> None:
        self.waiting = 0
        self.future: Future[Any] = Future()
        self._executor: Any = None

    def _submit(self, *_args: Any, **_kwargs: Any) -> Future[Any]:
        return self.future


async def test_giving_up_in_the_moment_of_the_answer_is_giving_up() -> None:
    lane = _Lane()
    call = asyncio.create_task(lane.call(print))
    await asyncio.sleep(0)
    lane.future.set_result("an answer")  # reaches the loop in its next round, before what follows
    asyncio.get_running_loop().call_soon(call.cancel)
    await asyncio.wait([call])
    assert call.cancelled() and lane.waiting == 0


async def test_a_call_whose_lane_was_lost_before_it_ran_is_told_so() -> None:
    lane = _Lane()
    call = asyncio.create_task(lane.call(print))
    await asyncio.sleep(0)
    lane.future.cancel()  # as shutting the executor down does to what waits
    with pytest.raises(WorkerLost):
        await call
    assert lane.waiting == 0


async def test_a_process_that_is_still_starting_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A large engine takes longer to load than a frame may wait: replaced, it never would have."""
    monkeypatch.setattr(lanes, "CALL_TIMEOUT_SECONDS", 0.2)
    lane = Lane(functools.partial(time.sleep, 1.5))
    try:
        first = lane._executor
        with pytest.raises(WorkerLost):
            await lane.call(os.getpid)
        assert lane._executor is first
        started = await asyncio.wrap_future(lane.started)
        assert await lane.call(os.getpid) == started
        with pytest.raises(WorkerLost):  # one that has started and hangs is
            await lane.call(time.sleep, 5)
        assert lane._executor is not first
    finally:
        await asyncio.to_thread(lane.kill, wait=True)
