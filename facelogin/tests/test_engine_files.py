"""What an engine is loaded from: found without importing anything, or said in words."""

import dataclasses
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from facelogin import checks, engine_files, loaded_engines, operating_point, workers
from facelogin.lanes import CALL_TIMEOUT_SECONDS
from facelogin.loaded_engines import Described
from facelogin.recognition import ENGINES, EngineUnavailable
from facelogin.tests import tiny_onnx
from facelogin.workers import WorkerPool


def table(engine: str, threshold: float = 0.5, **changes: object) -> str:
    point = {"false_match_rate": 0.001, "threshold": threshold, "errors": 0, "trials": 5000}
    return json.dumps(
        {"engine": engine, "people": 30, "points": [point | {"people_bound": 0.01}]} | changes
    )


@pytest.fixture
def model(settings, tmp_path: Path) -> Path:
    file = tmp_path / "tiny.onnx"
    file.write_bytes(tiny_onnx.model())
    settings.FACELOGIN_ONNX_MODEL = str(file)
    settings.FACELOGIN_ENGINE = "onnx"
    return file


@pytest.fixture
def calibrated(settings, model: Path, tmp_path: Path) -> str:
    """The name of an operator's engine that has its table."""
    name = engine_files.name_of("onnx")
    (tmp_path / "table.json").write_text(table(name))
    settings.FACELOGIN_CALIBRATION = str(tmp_path / "table.json")
    return name


def errors() -> list[str]:
    return [str(error.msg) for error in (*checks.check_engine(), *checks.check_operating_point())]


# -- packages and their files ---------------------------------------------------------------------


def test_looking_for_an_engine_imports_none_of_its_packages() -> None:
    code = (
        "import sys; from facelogin import engine_files, workers; engine_files.source('resnet');"
        "workers.make_recognizer('lbph');"
        "print(sorted({'dlib', 'face_recognition_models', 'onnxruntime'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("engine", "package"),
    [("resnet", "dlib"), ("resnet", "face_recognition_models"), ("onnx", "onnxruntime")],
)
def test_a_missing_package_is_named_with_the_way_to_it(
    settings, model: Path, monkeypatch: pytest.MonkeyPatch, engine: str, package: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == package else find(name)
    )
    settings.FACELOGIN_ENGINE = engine
    (line,) = errors()
    assert f"needs the package {package}" in line and f"requirements/{engine}.txt" in line
    assert "Example: FACELOGIN_ENGINE=lbph" in line


@pytest.mark.parametrize("damage", ["missing", "cut", "changed"])
def test_a_damaged_file_of_a_package_is_named(
    settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, damage: str
) -> None:
    kind = ENGINES["resnet"]
    good = {k: Path(v) for k, v in engine_files.source("resnet").arguments.items()}
    for keyword, file in kind.files.items():
        copy = tmp_path / file.path
        copy.parent.mkdir(exist_ok=True)
        data = good[keyword].read_bytes()
        if keyword == "landmarks":
            data = {"missing": b"", "cut": data[:1000], "changed": data[:-1] + b"?"}[damage]
        if data:
            copy.write_bytes(data)
    monkeypatch.setattr(engine_files, "_package_folder", lambda *_names: tmp_path)
    settings.FACELOGIN_ENGINE = "resnet"
    (line,) = errors()
    assert line.startswith("FACELOGIN_ENGINE=resnet needs shape_predictor_5_face_landmarks.dat")
    assert ("cannot be read" if damage == "missing" else "is damaged") in line
    assert "--force-reinstall" in line and "Example: FACELOGIN_ENGINE=lbph" in line


def test_an_engine_that_does_not_exist_is_named_with_those_that_do(settings) -> None:
    settings.FACELOGIN_ENGINE = "eigenfaces"
    (line,) = errors()
    assert line.startswith("FACELOGIN_ENGINE must be one of lbph, ")
    with pytest.raises(ValueError, match="no engine 'eigenfaces'"):
        engine_files.source("eigenfaces")


# -- the operator's model and its table -----------------------------------------------------------


def test_without_a_model_the_variable_is_named(settings) -> None:
    settings.FACELOGIN_ENGINE = "onnx"
    (line,) = errors()
    assert line.startswith("FACELOGIN_ONNX_MODEL is not set")
    assert "Example: FACELOGIN_ONNX_MODEL=" in line


def test_a_model_without_a_table_does_not_start_on_anybody_s_usual_limit(model: Path) -> None:
    (line,) = errors()
    assert line.startswith("FACELOGIN_CALIBRATION is not set")
    assert "manage.py evaluate_faces FOLDER --engine onnx --table FILE" in line
    with pytest.raises(ImproperlyConfigured):
        operating_point.threshold()
    assert not operating_point.can_decide("onnx")


def test_a_model_with_its_table_decides_by_it(calibrated: str) -> None:
    assert errors() == []
    assert operating_point.threshold() == operating_point.threshold(calibrated) == 0.5
    assert 0 < operating_point.threshold("lbph") < 0.5  # the shipped one


def test_another_model_is_another_engine_and_refuses_the_table(
    calibrated: str, model: Path
) -> None:
    model.write_bytes(tiny_onnx.model(seed=1))
    assert engine_files.name_of("onnx") != calibrated
    (line,) = errors()
    assert line.startswith(f"FACELOGIN_CALIBRATION names a table of the engine {calibrated}, not ")
    assert not operating_point.can_decide(calibrated)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", table("onnx", points=[])])
def test_a_file_that_is_no_table_is_refused(calibrated: str, settings, text: str) -> None:
    other = Path(settings.FACELOGIN_CALIBRATION).with_name(f"{hash(text)}.json")
    other.write_text(text)
    settings.FACELOGIN_CALIBRATION = str(other)
    (line,) = errors()
    assert line.startswith("FACELOGIN_CALIBRATION names ") and "is no table" in line
    assert "Example: FACELOGIN_CALIBRATION=" in line


def test_an_operator_s_table_takes_the_place_of_the_shipped_one(settings, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(table("lbph", 77))
    settings.FACELOGIN_CALIBRATION = str(tmp_path / "mine.json")
    assert errors() == []
    assert operating_point.threshold() == 77
    settings.FACELOGIN_ENGINE = "resnet"
    (line,) = errors()
    assert "a table of the engine lbph, not of resnet" in line
    assert operating_point.threshold("lbph") != 77


def test_a_model_replaced_while_the_server_runs_is_not_loaded(calibrated: str, model: Path) -> None:
    source = engine_files.source("onnx")
    model.write_bytes(tiny_onnx.model(seed=1))
    with pytest.raises(EngineUnavailable, match="was replaced while the server ran"):
        engine_files.load(source)
    model.unlink()
    with pytest.raises(EngineUnavailable, match="cannot be read"):
        engine_files.load(source)


# -- in the processes -----------------------------------------------------------------------------


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Starts and stops of this test's own, beside the session's pool."""
    monkeypatch.setattr(workers, "_pool", None)
    yield
    workers.stop()


def test_what_stops_an_engine_in_its_process_stops_the_start_in_one_sentence(
    settings, model: Path, pools: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model.write_bytes(b"no network")
    (tmp_path / "table.json").write_text(table(engine_files.name_of("onnx")))
    settings.FACELOGIN_CALIBRATION = str(tmp_path / "table.json")
    assert errors() == []  # seen by who loads it only
    with pytest.raises(ImproperlyConfigured, match="FACELOGIN_ONNX_MODEL names a model that does"):
        workers.start()
    assert workers._pool is None
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.usefixtures("pools")
@pytest.mark.parametrize(("device", "is_told"), [("gpu", True), ("cpu", False)])
def test_a_gpu_that_cannot_be_had_is_told(
    settings, calibrated: str, caplog: pytest.LogCaptureFixture, device: str, is_told: bool
) -> None:
    settings.FACELOGIN_DEVICE = device
    workers.start()
    said = f"the engine {calibrated} runs on the CPU: "
    assert any(note.startswith(said) for note in workers.pool().described.notes) == is_told
    assert (said in caplog.text) == is_told


async def test_a_replaced_process_without_its_engine_is_no_working_one(
    calibrated: str, model: Path
) -> None:
    """Whoever has an attempt there is told at once; readiness finds nobody working."""
    import asyncio

    from facelogin.lanes import WorkerLost

    pool = WorkerPool("onnx", 1)
    try:
        await asyncio.to_thread(pool.wait_until_started)
        assert pool.engine == calibrated and pool.engines == (calibrated, "lbph", "lbph_plain")
        model.write_bytes(b"another")
        lane = pool.lanes[0]
        lane._replace(lane._executor)
        with pytest.raises(WorkerLost):
            await pool.observe(b"")
        await asyncio.to_thread(lane.started.result, 30)
        assert not await asyncio.to_thread(lane.answers)
    finally:
        pool.close()


def test_an_engine_that_cannot_decide_at_this_rate_is_not_loaded_beside_another(
    settings, calibrated: str
) -> None:
    name = Path(settings.FACELOGIN_CALIBRATION)
    points = json.loads(name.read_text())["points"]
    strict = name.with_name("strict.json")
    strict.write_text(table(calibrated, points=[points[0] | {"false_match_rate": 1e-6}]))
    settings.FACELOGIN_CALIBRATION = str(strict)
    settings.FACELOGIN_FALSE_MATCH_RATE = 1e-6
    assert errors() == []
    pool = WorkerPool("onnx", 1)
    try:
        assert pool.engines == (calibrated,)
    finally:
        pool.close()


@pytest.mark.parametrize(
    ("frame_seconds", "attempts"), [(0.0, 50), (0.025, 25), (0.225, 5), (0.6, 2), (1.2, 1)]
)
def test_a_slow_engine_looks_after_fewer_attempts_at_once(
    frame_seconds: float, attempts: int
) -> None:
    """All of them have a frame in the queue, and the last is answered before the lane counts as
    stuck."""
    described = Described(frame_seconds=frame_seconds)
    described.check("resnet")
    assert described.attempts == attempts
    assert described.attempts * frame_seconds < CALL_TIMEOUT_SECONDS


def test_an_engine_slower_than_anybody_waits_stops_the_start() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^FACELOGIN_ENGINE: onnx-1 takes 3\.0 s"):
        Described(frame_seconds=3.0).check("onnx-1")


def test_the_cost_of_a_frame_is_measured_in_the_process(calibrated: str) -> None:
    engines, described = loaded_engines.load(
        [engine_files.source("resnet"), engine_files.source("lbph")]
    )
    assert [engine.name for engine in engines] == ["resnet", "lbph"]
    assert described.problem == "" and described.frame_seconds > 0
    broken = dataclasses.replace(engine_files.source("onnx"), name="onnx-another")
    engines, described = loaded_engines.load([engine_files.source("lbph"), broken])
    assert engines == [] and "was replaced" in described.problem


def test_a_source_is_small_and_needs_no_settings(calibrated: str) -> None:
    """It travels to every process; those have none."""
    source = engine_files.source("onnx")
    assert len(json.dumps(dataclasses.asdict(source))) < 1000
    code = (
        "import sys, json; from facelogin import engine_files;"
        "engine = engine_files.load(engine_files.EngineSource(**json.loads(sys.argv[1])));"
        "print(engine.name)"
    )
    command = [sys.executable, "-c", code, json.dumps(dataclasses.asdict(source))]
    env = {"PATH": "", "PYTHONPATH": str(Path(engine_files.__file__).parent.parent)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    assert done.stdout == f"{calibrated}\n"
