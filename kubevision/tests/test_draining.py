import asyncio
from collections.abc import Iterator

import pytest

from kubevision import draining


@pytest.fixture(autouse=True)
def not_draining() -> Iterator[None]:
    yield
    draining.forget()


def test_work_is_counted_also_when_it_fails() -> None:
    assert draining.unfinished() == 0
    with pytest.raises(ValueError), draining.unfinished_work(), draining.unfinished_work():
        assert draining.unfinished() == 2
        raise ValueError
    assert draining.unfinished() == 0


async def test_everybody_waiting_hears_the_end() -> None:
    waiting = [asyncio.create_task(draining.time_is_over()) for _ in range(3)]
    await asyncio.sleep(0)
    draining.begin()
    await asyncio.sleep(0)
    assert draining.is_draining() and not any(task.done() for task in waiting)
    draining.end()
    await asyncio.gather(*waiting)


async def test_who_stops_waiting_is_forgotten() -> None:
    task = asyncio.create_task(draining.time_is_over())
    await asyncio.sleep(0)
    assert len(draining._waiting) == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not draining._waiting
    draining.end()


def test_waiting_works_in_one_loop_after_the_other() -> None:
    async def wait_for_end() -> None:
        task = asyncio.create_task(draining.time_is_over())
        await asyncio.sleep(0)
        draining.end()
        await task

    asyncio.run(wait_for_end())
    asyncio.run(wait_for_end())
