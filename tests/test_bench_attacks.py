"""`make attacks` in a tiny form, on drawn people in place of the research pictures."""

import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from tests.drawn_faces import Frame, Person, frames, portrait
from tests.run import ROOT
from tests.test_evaluation_challenge import film


def save(path: Path, picture: Frame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder, ada = tmp_path / "faces", Person(1)
    for number, frame in enumerate(frames(ada, 3)):
        save(folder / f"webcam/ada/session1/{number}.jpg", frame)
    save(folder / "printed_photo/ada/1.jpg", portrait(ada))
    # Its reader takes one frame in five.
    shown = [frame for frame in frames(ada, 12, seed=2) for _ in range(5)]
    film(folder / "video/talking.mp4", shown)
    return folder


def attack(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench.attacks", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_document_is_written_with_every_table(pictures: Path, tmp_path: Path) -> None:
    written = tmp_path / "attacks.md"
    done = attack(pictures, "--share", "0.01", "--output", written)
    assert done.returncode == 0, done.stderr
    text = written.read_text()
    assert "$" not in text
    for row in (
        "printed photo, held and moved again | 0/1",
        "a clip that answered another challenge | 0/1",
        "a clip that freezes | 0/1",
        "drawn people who turn when told | 1/1",
        "drawn people, turned",
        "drawn, straight",
    ):
        assert f"| {row}" in text
    turned = next(line for line in text.splitlines() if line.startswith("| drawn people, turned"))
    assert turned.endswith("| 0% |")
    assert "(`video/talking.mp4`): turned in 0 of 12 frames" in text


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    done = attack(tmp_path, "--output", tmp_path / "attacks.md")
    assert done.returncode == 1
    assert "has no pictures" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "attacks.md").exists()
