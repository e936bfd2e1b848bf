"""A bare Argon2id verification with the product's own parameters, and nothing else.

It runs in a small process of its own on the cores that the product has. A third of its time goes
into fresh memory, 46 MiB from the system each time; a large process that happens to have so much
free would be faster than the product is.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context

import argon2
import django

from bench.processes import on_cores

PASSWORD = "a long enough passphrase"


@dataclass(frozen=True)
class Verified:
    """How long one verification took."""

    milliseconds: float
    cpu_milliseconds: float


@cache
def _hasher() -> tuple[argon2.PasswordHasher, str]:
    django.setup()  # the product's parameters stand in a module that needs it
    from accounts.passwords import Argon2idHasher  # noqa: PLC0415

    hasher = argon2.PasswordHasher(
        time_cost=Argon2idHasher.time_cost,
        memory_cost=Argon2idHasher.memory_cost,
        parallelism=Argon2idHasher.parallelism,
        type=argon2.Type.ID,
    )
    return hasher, hasher.hash(PASSWORD)


def _verify() -> Verified:
    hasher, stored = _hasher()
    started, cpu = time.perf_counter(), time.process_time()
    hasher.verify(stored, PASSWORD)  # a wrong one costs the same
    cpu_milliseconds = (time.process_time() - cpu) * 1000
    return Verified((time.perf_counter() - started) * 1000, cpu_milliseconds)


@contextmanager
def bare_argon2id(cores: int) -> Iterator[Callable[[], Verified]]:
    """Give a call that verifies a password on so many cores, those of the product."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        with on_cores(cores):
            pool.submit(_verify).result()  # starts the process, which stays on these cores
        yield lambda: pool.submit(_verify).result()
