"""Many at once, in several processes: nothing is counted twice, lost, or let through twice."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts import limits
from accounts.limits import Counter
from accounts.models import TryCounter
from kubevision.tests.killing import forget_connections

pytestmark = pytest.mark.django_db
PROCESSES, THREADS, EACH = 4, 5, 50


def _count_much(counter: Counter) -> None:
    start = threading.Barrier(THREADS)

    def count(_number: int) -> None:
        start.wait()
        for _ in range(EACH):
            limits.count(counter)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(count, range(THREADS)))


def test_a_thousand_failures_at_once_count_a_thousand() -> None:
    counter = Counter.of(limits.PASSWORD_ANYWHERE, "ada")
    children = []
    for _ in range(PROCESSES):
        child = os.fork()
        if child == 0:
            forget_connections()
            try:
                _count_much(counter)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
    assert TryCounter.objects.get(key=counter.key).count == PROCESSES * THREADS * EACH == 1000
