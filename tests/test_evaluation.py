"""`manage.py evaluate_faces` on folders of drawn people, as an operator runs it."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kubevision import keys
from tests.drawn_faces import Person, frames
from tests.feeds import jpeg
from tests.product import hear_ctrl_c
from tests.run import ROOT, environment

PEOPLE, FRAMES = 4, 26  # twice the thirteen samples of an enrolment
WITHIN_SECONDS = 300


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings with the keys that any command of the product wants."""
    folder = tmp_path_factory.mktemp("installation")
    keys.make_missing(folder / "keys")
    return environment(DJANGO_SETTINGS_MODULE="kubevision.settings.local", DATA_DIR=str(folder))


Evaluate = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def start(installation: dict[str, str]) -> Evaluate:
    """Starts the command with these arguments and settings."""

    def start_it(*arguments: object, **settings: str) -> subprocess.Popen[str]:
        words = [sys.executable, "manage.py", "evaluate_faces", *map(str, arguments)]
        return subprocess.Popen(
            words,
            cwd=ROOT,
            env=installation | settings,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=hear_ctrl_c,  # noqa: PLW1509  (two system calls, no lock taken)
        )

    return start_it


def outcome(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    out, err = process.communicate(timeout=WITHIN_SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def refusal(process: subprocess.Popen[str]) -> str:
    """What the command says when it can measure nothing: one sentence, no traceback."""
    done = outcome(process)
    assert done.returncode != 0 and "Traceback" not in done.stderr, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four people: three with a folder of pictures for each of two days, one on video."""
    folder = tmp_path_factory.mktemp("faces") / "plant"
    for number in range(PEOPLE - 1):
        for day in (1, 2):
            place = folder / f"person {number}" / f"day {day}"
            place.mkdir(parents=True)
            for n, frame in enumerate(frames(Person(number), FRAMES, seed=day)):
                (place / f"{n}.jpg").write_bytes(jpeg(frame))
    (folder / "on video").mkdir()
    file = str(folder / "on video" / "one.avi")
    video = cv2.VideoWriter(file, cv2.VideoWriter.fourcc(*"MJPG"), 5, (640, 480))
    for frame in frames(Person(PEOPLE), FRAMES):
        video.write(frame)
    video.release()
    (folder / "person 0" / "day 1" / "broken.jpg").write_bytes(b"no picture")
    (folder / "person 0" / "day 1" / "wall.jpg").write_bytes(
        jpeg(np.full((480, 640, 3), 128, np.uint8))
    )
    return folder


@pytest.fixture(scope="module")
def measured(
    start: Evaluate, plant: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    output = tmp_path_factory.mktemp("report") / "deep" / "down"
    done = outcome(start(plant, "--output", output, "--table", output / "own.json"))
    assert done.returncode == 0, done.stderr
    return output, done


@pytest.fixture(scope="module")
def found(measured: tuple[Path, subprocess.CompletedProcess[str]]) -> dict[str, Any]:
    (folder,) = json.loads((measured[0] / "report.json").read_text())["folders"]
    return folder


def test_it_says_what_it_found_and_where_it_is(
    measured: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    output, done = measured
    assert f"plant with lbph: {PEOPLE} people" in done.stdout
    assert "same session, one frame" in done.stdout
    assert "whole sign-ins, threshold at FMR 1 %" in done.stdout
    assert f"report: {output / 'report.html'}" in done.stdout
    assert "looking at occasions" in done.stderr, "a progress bar"
    assert "broken.jpg" in done.stdout


def test_everybody_and_every_picture_is_counted(found: dict[str, Any]) -> None:
    looked_at = (2 * (PEOPLE - 1) + 1) * FRAMES + 1
    assert (found["people"], found["occasions"]) == (PEOPLE, 2 * (PEOPLE - 1) + 1)
    assert found["pictures"] == looked_at
    assert [Path(file).name for file in found["unreadable"]] == ["broken.jpg"]
    acquired = found["failure_to_acquire"]
    assert acquired["trials"] == looked_at and acquired["reasons"]["no_face"] == 1
    single = found["single_frames"]
    assert single["another_session"]["people"] == PEOPLE - 1
    assert single["same_session"]["equal_error_rate"] < 0.1
    assert sum(single["non_mated"]["histogram"]) == single["non_mated"]["trials"]


def test_whole_sign_ins_are_tried(found: dict[str, Any]) -> None:
    at_one_percent = found["sign_ins"][0]
    assert at_one_percent["not_enrolled"]["trials"] > 0
    assert at_one_percent["counts"]["same session"]["errors"] == 0
    assert at_one_percent["counts"]["another person"]["trials"] > 0


def test_the_report_shows_plots_and_nothing_from_outside(
    measured: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """It may be opened in a plant without a network, and mailed: no picture of anybody in it."""
    page = (measured[0] / "report.html").read_text()
    assert page.count("<svg") == 2 and "plant" in page and "color-scheme" in page
    links = set(re.findall(r"""(?:src|href)=["']?([^"'> ]+)""", page))
    assert all(link.startswith("#") for link in links), links
    assert "<img" not in page and "<script" not in page and "base64" not in page
    picture = (measured[0] / "report.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 10_000


def test_the_table_is_one_that_the_product_takes(
    measured: tuple[Path, subprocess.CompletedProcess[str]], installation: dict[str, str]
) -> None:
    """Few people show little: a rate that was not shown stops the start, one that was does not."""
    own = str(measured[0] / "own.json")
    table = json.loads(Path(own).read_text())
    assert table["engine"] == "lbph" and table["people"] == PEOPLE
    assert table["made_by"] == "manage.py evaluate_faces plant"
    rate = table["points"][0]["false_match_rate"]

    def check(rate: float) -> subprocess.CompletedProcess[str]:
        env = installation | {
            "FACELOGIN_CALIBRATION": own,
            "FACELOGIN_FALSE_MATCH_RATE": str(rate),
        }
        words = [sys.executable, "manage.py", "check"]
        return subprocess.run(words, cwd=ROOT, env=env, text=True, capture_output=True, check=False)

    taken, refused = check(rate), check(rate / 2)
    assert taken.returncode == 0, taken.stderr
    assert refused.returncode != 0 and "FACELOGIN_FALSE_MATCH_RATE" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "there is no folder nowhere"),
        (["{tmp}"], "holds pictures of fewer than two people"),
        (["{walls}"], "fewer than two people gave five samples"),
        (["{plant}", "--cohort"], "4 people are too few for a cohort; leave --cohort out"),
        (["{plant}", "--engine", "onnx"], "FACELOGIN_ONNX_MODEL"),
        (["{plant}", "--engine", "eigenfaces"], "invalid choice: 'eigenfaces'"),
        (["{plant}", "--output", "/proc/nothing"], "cannot write /proc/nothing"),
        (["{plant}", "--cohort", "--table", "own.json"], "leave one of --cohort and --table out"),
        (["{plant}", "{plant}"], "named twice"),
        ([], "FOLDER"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(
    start: Evaluate, arguments: list[str], words: str, plant: Path, tmp_path: Path
) -> None:
    walls = tmp_path / "walls"
    for person in "ab":
        (walls / person).mkdir(parents=True)
        (walls / person / "1.jpg").write_bytes(jpeg(np.full((480, 640, 3), 128, np.uint8)))
    (tmp_path / "empty").mkdir()
    places = {"tmp": tmp_path / "empty", "walls": walls, "plant": plant}
    given = [argument.format(**places) for argument in arguments]
    if arguments and "--output" not in arguments:
        given += ["--output", str(tmp_path / "report")]
    assert words in refusal(start(*given))
    assert not (tmp_path / "report").exists()


def test_what_is_missing_is_named_with_its_command(
    start: Evaluate, plant: Path, tmp_path: Path
) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError('gone', name='matplotlib')\n")
    said = refusal(start(plant, PYTHONPATH=str(tmp_path)))
    assert "matplotlib is missing" in said and "requirements/evaluation.txt" in said


def test_ctrl_c_ends_it_with_a_word(start: Evaluate, plant: Path, tmp_path: Path) -> None:
    process = start(plant, "--output", tmp_path / "report")
    assert process.stderr is not None
    said = ""
    while "looking at" not in said and (character := process.stderr.read(1)):
        said += character
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=WITHIN_SECONDS)
    assert process.returncode == 1 and "stopped; nothing was written" in err
    assert "Traceback" not in err, err
    assert not (tmp_path / "report").exists()
