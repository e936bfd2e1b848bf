"""HTTP as it should not be: an answer that is defined, no fault in the log, and people get in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_input.person import Person
from tests.bad_input.raw import exchange
from tests.bad_input.requests import REQUESTS, RequestCase
from tests.bad_input.watching import resident_bytes, watched
from tests.product import Product

MOST_HELD_BYTES = 32 * 2**20  # of two bodies of 20 MiB
NAMES = [case.name for case in REQUESTS]


@pytest.fixture(scope="module")
def honest(product: Product, ada_jpegs: Path) -> Iterator[Person]:
    person = Person(product, [file.read_bytes() for file in sorted(ada_jpegs.glob("*.jpg"))])
    yield person
    person.close()


@pytest.fixture(scope="module")
def token(honest: Person) -> str:
    """The token of an active session of somebody without a second factor."""
    return honest.new_account()


def test_names_are_told_apart() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 100


@pytest.mark.parametrize("case", REQUESTS, ids=NAMES)
def test_it_is_answered_and_people_get_in(
    product: Product, honest: Person, token: str, case: RequestCase
) -> None:
    with watched(product) as trace:
        answer = exchange(product.port, case.sent, token)
    assert not case.complaint(answer)
    assert not trace.broken and not trace.lost_workers
    honest.end_session(honest.sign_in_by_password())


def test_a_whole_sign_in_works_after_all_of_it(honest: Person) -> None:
    honest.sign_in()


def test_large_bodies_are_let_fall(product: Product, token: str) -> None:
    before = resident_bytes(product)
    for case in REQUESTS:
        if "20 MiB" in case.name:
            assert not case.complaint(exchange(product.port, case.sent, token))
    assert resident_bytes(product) - before < MOST_HELD_BYTES
