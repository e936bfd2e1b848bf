import asyncio
from concurrent.futures import Future
from typing import Any

import pytest

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
