"""`manage.py evaluate_challenge` on clips of drawn people, as an operator runs it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import pytest

from facelogin.recognition import Heading
from kubevision import keys
from tests.drawn_faces import Frame, Person
from tests.run import ROOT, environment
from tests.turning_head import TurningHead

ADA = Person(1)
S, L, R = Heading.STRAIGHT, Heading.LEFT, Heading.RIGHT
SECONDS, FRAMES_A_SECOND = 2.4, 5


def acted(ways: Sequence[Heading], seed: int) -> list[Frame]:
    """Return somebody who takes these positions one after another."""
    head, each = TurningHead(ADA, seed), round(SECONDS * FRAMES_A_SECOND)
    asked = [way for way in ways for _ in range(each)]
    return [head.frame(number / FRAMES_A_SECOND, way) for number, way in enumerate(asked)]


def save(folder: Path, shown: Sequence[Frame]) -> None:
    folder.mkdir(parents=True)
    for number, frame in enumerate(shown):
        cv2.imwrite(str(folder / f"{number}.jpg"), frame)


def film(path: Path, shown: Sequence[Frame]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 5, (640, 480))
    for frame in shown:
        writer.write(frame)
    writer.release()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    turning = acted((S, L, S, R, S), seed=3)
    save(folder / "honest/ada_LR", turning)
    save(folder / "honest/eve_RL", turning[: len(turning) * 3 // 5])  # turned left alone
    film(folder / "attacks/film.avi", turning)
    save(folder / "attacks/photo", acted((S,), seed=4))
    return folder


def evaluate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    keys.make_missing(folder / "keys")
    return subprocess.run(
        [sys.executable, "manage.py", "evaluate_challenge", *arguments],
        cwd=ROOT,
        env=environment(DJANGO_SETTINGS_MODULE="kubevision.settings.local", DATA_DIR=str(folder)),
        capture_output=True,
        text=True,
        check=False,
    )


def test_clips_are_measured_with_bounds(clips: Path, tmp_path: Path) -> None:
    done = evaluate(tmp_path, str(clips), "--draws", "3", "--output", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "honest/ada_LR: passed at step 5 of 5" in done.stdout
    assert "honest/eve_RL: turns seen: L, made: RL" in done.stdout
    assert "attacks/film.avi: got through 0 of 3 challenges" in done.stdout
    assert "honest clips refused: 1/2, at most 97 %" in done.stdout
    assert "attacks that got through: 0/6, at most 39 %" in done.stdout
    written = json.loads((tmp_path / "out/challenge.json").read_text())
    assert written["honest"]["errors"] == 1 and written["unseen"] == ["eve_RL"]
    assert written["attacks"] == {"errors": 0, "trials": 6, "bound": pytest.approx(0.39, abs=0.01)}


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ([], "has no clips"),
        (["honest/ada.mp4"], "does not say where its person turns"),
        (["honest/ada_X.mp4"], "ada_LRL.mp4"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(
    tmp_path: Path, made: list[str], said: str
) -> None:
    for name in made:
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"")
    done = evaluate(tmp_path, str(tmp_path))
    assert done.returncode == 1 and said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_film_is_named(tmp_path: Path) -> None:
    (tmp_path / "attacks").mkdir()
    (tmp_path / "attacks/broken.mp4").write_bytes(b"no film")
    done = evaluate(tmp_path, str(tmp_path), "--output", str(tmp_path / "out"))
    assert done.returncode == 0
    assert "not readable: broken.mp4" in done.stdout and "not tried" in done.stdout
