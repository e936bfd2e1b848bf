"""Images built once and a stack started once for all tests here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docker.engine import Engine, find
from docker.images import ROOMS, image
from tests.conftest import ADA, FEED_FRAMES
from tests.containers.stack import Stack, make
from tests.drawn_faces import frames as drawn
from tests.feeds import write_mjpeg
from tests.test_holes import Client


@pytest.fixture(scope="session")
def engine() -> Engine:
    return find()


@pytest.fixture(scope="session")
def images(engine: Engine) -> dict[str, str]:
    """The three, built by the command that people use."""
    built = make("images")
    assert built.returncode == 0, built.stdout + built.stderr
    return {room: image(room) for room in ROOMS}


@pytest.fixture(scope="session")
def stack(
    engine: Engine, images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    running = Stack(engine, "kubevision-test", tmp_path_factory.mktemp("stack"))
    assert images
    running.down("DATA=delete")  # what a run that was killed left
    try:
        started = running.up()
        assert started.returncode == 0, started.stdout + started.stderr
        yield running
    finally:
        ended = running.down("DATA=delete")
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture
def trusting(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The stack, for clients of this process that know its authority and no other."""
    monkeypatch.setenv("SSL_CERT_FILE", str(stack.authority))
    return stack


@pytest.fixture(scope="session")
def frames(ada_jpegs: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(ada_jpegs.glob("*.jpg"))]


@pytest.fixture(scope="session")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two feeds of Ada; no test here needs the others, which take a minute to draw."""
    folder = tmp_path_factory.mktemp("feeds")
    return {
        "ada": write_mjpeg(folder / "ada.mjpeg", drawn(ADA, FEED_FRAMES, seed=1)),
        "ada again": write_mjpeg(folder / "again.mjpeg", drawn(ADA, FEED_FRAMES, seed=2)),
    }


@pytest.fixture(scope="session")
def ada(stack: Stack, frames: list[bytes]) -> Client:
    """Ada, who enrolled her face when the stack was new and has done nothing but sign in since."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SSL_CERT_FILE", str(stack.authority))
        somebody = Client(stack, "ada").register()
        somebody.enrol(frames[:20])
    return somebody
