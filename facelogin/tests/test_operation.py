"""What operators see of facelogin, and how it stops: metrics, readiness, draining."""

import asyncio
import contextlib
import functools
import os
import signal
import uuid
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from facelogin import engine_files, models, stores, workers
from facelogin.lanes import Lane
from facelogin.tests.conftest import Accounts, face_frames
from facelogin.tests.test_capture import Browser
from kubevision import draining
from kubevision.readiness import NotReady

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def not_draining() -> Iterator[None]:
    yield
    draining.forget()


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_attempts_and_frames_are_counted(accounts: Accounts, user_id: uuid.UUID) -> None:
    def counts() -> list[float]:
        return [
            value("kubevision_frames_total", verdict="accepted"),
            value("kubevision_frames_total", verdict="rejected"),
            value("kubevision_recognition_seconds_count"),
            value("kubevision_attempts_total", purpose="enrol", outcome="cancelled"),
            value("kubevision_attempts_total", purpose="none", outcome="ticket_refused"),
        ]

    before = counts()
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    for frame in (face_frames(1)[0], b"\xff\xd8\xff no picture"):
        await browser.say(frame)
        await browser.hear()
    await browser.say({"type": "attempt.cancel"})
    await browser.hear()
    await Browser().open("no ticket")
    assert [now - then for now, then in zip(counts(), before, strict=True)] == [1, 1, 2, 1, 1]


async def test_a_drain_turns_new_attempts_away_and_spends_their_tickets(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    draining.begin()
    browser = Browser()
    error = await browser.open(accounts.ticket("enrol", user_id))
    assert error is not None and error["code"] == "server_draining"
    assert await browser.close_code() == 4512
    assert await stores.in_thread(models.SpentTicket.objects.count) == 1
    assert draining.unfinished() == 0


async def test_the_end_of_a_drain_ends_running_attempts(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    browser = Browser()
    await browser.open(accounts.ticket("enrol", user_id))
    assert draining.unfinished() == 1
    draining.begin()
    await browser.say(face_frames(1)[0])
    assert (await browser.hear())["verdict"] == "accepted"  # a drain alone disturbs nobody
    draining.end()
    assert (await browser.hear())["code"] == "server_draining"
    assert await browser.close_code() == 4512
    assert draining.unfinished() == 0
    assert not await stores.in_thread(models.OpenAttempt.objects.exists)


def _kill(lane: Lane, number: signal.Signals = signal.SIGKILL) -> None:
    os.kill(lane.started.result(timeout=30), number)


def test_dead_and_stuck_workers_are_found_and_replaced() -> None:
    pool = workers.pool()
    with contextlib.suppress(NotReady):
        workers.check_alive()  # other tests may have left dead ones
    for number in (signal.SIGKILL, signal.SIGSTOP):
        pool.wait_until_started()
        workers.check_alive()
        assert value("kubevision_recognition_workers_alive") == len(pool.lanes)
        before = [lane.started.result() for lane in pool.lanes]
        for lane in pool.lanes:
            _kill(lane, number)
        with pytest.raises(NotReady, match=f"none of {len(pool.lanes)}"):
            workers.check_alive()
        assert value("kubevision_recognition_workers_alive") == 0
        pool.wait_until_started()
        assert not set(before) & {lane.started.result() for lane in pool.lanes}
    workers.check_alive()


@pytest.mark.usefixtures("patience")
async def test_two_that_find_a_worker_dead_start_one_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lane = Lane(functools.partial(workers._start_worker, [engine_files.source("lbph")]))
    try:
        await asyncio.to_thread(lane.started.result, 30)
        starts = []
        start = lane._start
        monkeypatch.setattr(lane, "_start", lambda: (starts.append(1), start()))
        lost = lane._executor
        await asyncio.gather(*(asyncio.to_thread(lane._replace, lost) for _ in range(8)))
        assert starts == [1]
        assert await lane.call(os.getpid)
    finally:
        lane.kill(wait=True)
