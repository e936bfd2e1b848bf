"""One product and one set of camera feeds for all tests that cross rooms."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.drawn_faces import Person, empty_room, frames
from tests.feeds import hardly_known, jpeg, write_mjpeg
from tests.product import Installation, Product, running_product
from tests.three_rooms import ThreeRooms, running_rooms

ADA, STRANGER, FAR_FROM_ADA = Person(1), Person(4), Person(14)
# Twelve seconds of different pictures: longer than a good attempt, so that it is no loop.
FEED_FRAMES = 120

_numbers = count(1)


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("product")) as running:
        yield running


@pytest.fixture(scope="session")
def three_rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreeRooms]:
    with running_rooms(tmp_path_factory.mktemp("rooms")) as running:
        yield running


@pytest.fixture(params=["product", "three_rooms"])
def anywhere(request: pytest.FixtureRequest) -> Installation:
    """The single process of a laptop, then the rooms apart behind nginx: both do the main job."""
    installation: Installation = request.getfixturevalue(request.param)
    return installation


@pytest.fixture
def username() -> str:
    """A name nobody has yet: the product is shared by all tests."""
    return f"person{next(_numbers)}"


@pytest.fixture(scope="session")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Feeds of Ada on three occasions, of somebody else, and of an empty room."""
    folder = tmp_path_factory.mktemp("feeds")
    return {
        "ada": write_mjpeg(folder / "ada.mjpeg", frames(ADA, FEED_FRAMES, seed=1)),
        "ada again": write_mjpeg(folder / "again.mjpeg", frames(ADA, FEED_FRAMES, seed=2)),
        "ada changed": write_mjpeg(
            folder / "changed.mjpeg", hardly_known(ADA, FAR_FROM_ADA, FEED_FRAMES)
        ),
        "stranger": write_mjpeg(folder / "stranger.mjpeg", frames(STRANGER, FEED_FRAMES)),
        "empty": write_mjpeg(folder / "empty.mjpeg", empty_room(FEED_FRAMES)),
    }


@pytest.fixture(scope="session")
def ada_jpegs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of forty pictures of Ada, for clients that speak to the socket themselves."""
    folder = tmp_path_factory.mktemp("ada")
    for number, image in enumerate(frames(ADA, 40, seed=3)):
        (folder / f"{number:03d}.jpg").write_bytes(jpeg(image))
    return folder
