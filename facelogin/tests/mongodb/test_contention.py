"""Many at once, in several processes: a ticket is spent once, and one attempt has the camera."""

import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from facelogin import spent_tickets, stores
from facelogin.models import OpenAttempt, SpentTicket
from kubevision.tests.killing import forget_connections

pytestmark = pytest.mark.django_db
PROCESSES, THREADS, ROUNDS = 4, 5, 50


def _spend_all() -> int:
    """Try to spend every round's ticket with all threads at once; return how often it worked."""
    start = threading.Barrier(THREADS)
    ends = timezone.now() + timedelta(minutes=2)

    def spend(_number: int) -> int:
        spent = 0
        for number in range(ROUNDS):
            start.wait()
            spent += spent_tickets.spend(f"round {number}", timezone.now(), ends)
        return spent

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(spend, range(THREADS)))


def test_fifty_tickets_shown_twenty_times_at_once_are_spent_fifty_times() -> None:
    children = []
    for _ in range(PROCESSES):
        child = os.fork()
        if child == 0:
            forget_connections()
            try:
                os._exit(_spend_all())
            finally:
                os._exit(255)
        children.append(child)
    spent = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert sum(spent) == ROUNDS == SpentTicket.objects.count(), spent


def test_of_many_attempts_at_once_one_has_the_row(user_id: uuid.UUID) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        opened = list(
            pool.map(lambda number: stores.open_attempt(user_id, f"s{number}"), range(THREADS * 4))
        )
    assert OpenAttempt.objects.count() == 1
    assert stores.owner_of_attempt(user_id) in opened
