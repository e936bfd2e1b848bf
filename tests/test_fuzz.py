"""A little of `make fuzz` in every run, always the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_input import fuzz
from tests.bad_input.fuzz import KINDS, Fuzz
from tests.bad_input.person import Person
from tests.product import Product

SEED = 20_261_123
COUNTS = {"pictures": 100, "frames": 100, "messages": 150, "json": 300}


@pytest.fixture(scope="module")
def honest(product: Product, ada_jpegs: Path) -> Iterator[Person]:
    person = Person(product, [file.read_bytes() for file in sorted(ada_jpegs.glob("*.jpg"))])
    yield person
    person.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_little_of_each_kind(product: Product, honest: Person, kind: str) -> None:
    some = Fuzz(product, honest, SEED)
    some.run(kind, range(COUNTS[kind]))
    assert not some.failures, "\n".join(some.failures)


def test_an_input_depends_on_its_number_alone(product: Product, honest: Person) -> None:
    one, other = Fuzz(product, honest, 5), Fuzz(product, honest, 5)
    one.picture("pictures", 1)
    assert one.picture("pictures", 2) == other.picture("pictures", 2)
    assert one.picture("pictures", 2) != other.picture("pictures", 3)


def test_what_fails_is_kept_with_the_way_to_see_it_again(
    product: Product, honest: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz, "FAILURES", tmp_path)

    class Broken:
        def observe(self, _jpeg: bytes) -> None:
            raise RuntimeError("broken on purpose")

    monkeypatch.setattr(fuzz, "recognizer", Broken)
    some = Fuzz(product, honest, 5)
    some.pictures(range(3, 4))
    assert "broken on purpose" in some.failures[0]
    assert "make fuzz SEED=5 ONLY=pictures:3" in some.failures[0]
    assert (tmp_path / "pictures-5-3").read_bytes() == some.picture("pictures", 3)
