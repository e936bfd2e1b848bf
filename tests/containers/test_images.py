"""Inside each image: one room, its packages, and nothing that has no business there."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from docker.engine import Engine, environment
from docker.images import base_image
from kubevision import __version__
from tests.containers.stack import ROOMS, make
from tests.run import ROOT

LARGEST_OVER_BASE = {"accounts": 200e6, "dashboard": 200e6, "facelogin": 350e6}  # bytes
SERVES = {
    "accounts": ["gunicorn", "-c", "python:kubevision.gunicorn", "--bind", "0.0.0.0:8000",
                 "kubevision.wsgi"],
    "facelogin": ["python", "-m", "kubevision.serve", "--host", "0.0.0.0", "--port", "8000"],
}  # fmt: skip
SERVES["dashboard"] = SERVES["accounts"]
README_ROW = r"\| `kubevision-{room}` \|.*\| (\d+) MB \|"


@pytest.fixture(params=ROOMS)
def room(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@cache
def looked_inside(engine: Engine, image: str) -> dict[str, Any]:
    done = subprocess.run(
        [engine.name, "run", "--rm", "--interactive", "--user", "0:0", image, "python", "-"],
        check=True,
        env=environment(),
        input=Path(__file__).with_name("look_inside.py").read_text(),
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def inside(engine: Engine, images: dict[str, str], room: str) -> dict[str, Any]:
    return looked_inside(engine, images[room])


def inspected(engine: Engine, image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(engine.ask("image", "inspect", image).stdout)[0]
    return found


# -- what is in it ---------------------------------------------------------------------------------


def test_there_is_one_room_and_no_other(inside: dict[str, Any], room: str) -> None:
    static = [] if room == "facelogin" else ["static"]
    assert inside["product"] == sorted(["LICENSE", "kubevision", "manage.py", room, *static])
    seeing = ["cv2", "numpy"] if room == "facelogin" else []
    assert sorted(inside["packages"]) == sorted([room, *seeing])
    others = {*ROOMS} - {room}
    found = [f for f in inside["files"] for other in others if f"/{other}/models.py" in f]
    assert found == []


def test_only_facelogin_can_see(inside: dict[str, Any], room: str) -> None:
    """Not by import alone: no file of OpenCV's or numpy's is anywhere."""
    found = [f for f in inside["files"] if re.search(r"/(cv2|numpy|opencv[^/]*|dlib)[/.-]", f)]
    assert bool(found) is (room == "facelogin"), found[:5]


def test_nothing_is_left_from_building_and_testing(inside: dict[str, Any]) -> None:
    assert inside["compilers"] == []
    files = inside["files"]
    assert [f for f in files if "/.cache/" in f or f.endswith("_history")] == []
    # The base brings wheels of its own, below /usr.
    assert [f for f in files if f.endswith(".whl") and not f.startswith("/usr/")] == []
    ours = [f for f in files if f.startswith("/srv/")]
    assert [f for f in ours if "/tests/" in f or "/checking/" in f or "/comparison/" in f] == []
    # All that is imported is compiled, because nothing can be written later.
    modules = [f for f in ours if f.endswith(".py") and not f.endswith("/manage.py")]
    sources = {f.removesuffix(".py") for f in modules}
    compiled = {re.sub(r"__pycache__/(.*)\.cpython-311\.pyc$", r"\1", f) for f in ours}
    assert sources and sources - compiled == set()


def test_there_is_no_secret(engine: Engine, inside: dict[str, Any], room: str) -> None:
    assert inside["keys"] == []
    names = (".key", ".env", ".netrc", ".pypirc", "id_rsa", "id_ed25519", ".password")
    assert [f for f in inside["files"] if f.endswith(names)] == []
    name = f"kubevision-{room}:{__version__}"
    said = json.dumps(inspected(engine, name)) + engine.ask("history", "--no-trunc", name).stdout
    for word in ("PIP_INDEX_URL=http", "PASSWORD=", "SECRET_KEY=", "TOKEN="):
        assert word not in said


def test_nobody_can_change_the_code(inside: dict[str, Any]) -> None:
    assert inside["writable"] == []


@pytest.mark.parametrize("room", ["accounts", "dashboard"], indirect=True)
def test_static_files_are_collected_and_compressed(inside: dict[str, Any], room: str) -> None:
    wanted = {
        "accounts": "/srv/kubevision/static/admin/css/base.css",
        "dashboard": "/srv/kubevision/static/dashboard/css/kubevision.css",
    }
    assert {wanted[room], f"{wanted[room]}.gz"} <= set(inside["files"])


# -- how it is run ---------------------------------------------------------------------------------


def test_it_runs_as_nobody_in_particular(engine: Engine, images: dict[str, str], room: str) -> None:
    config = inspected(engine, images[room])["Config"]
    assert config["User"] == "10001:10001"
    # No shell in between: signals reach the server itself.
    assert not config.get("Entrypoint") and config["Cmd"] == SERVES[room]
    said = engine.ask("run", "--rm", images[room], "sh", "-c", "id -u; command -v python")
    assert said.stdout.split() == ["10001", "/opt/kubevision/bin/python"]


def test_it_says_what_it_is(engine: Engine, images: dict[str, str], room: str) -> None:
    labels = inspected(engine, images[room])["Config"]["Labels"]
    own = {k.removeprefix("org.opencontainers.image."): v for k, v in labels.items()}
    assert own["title"] == f"KubeVision {room}"
    assert (own["version"], own["licenses"]) == (__version__, "MIT")
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=ROOT, text=True).strip()
    assert own["revision"] == head
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", own["created"])


def test_without_settings_it_says_what_is_missing(
    engine: Engine, images: dict[str, str], room: str
) -> None:
    done = engine.ask("run", "--rm", "--read-only", images[room])
    assert done.returncode != 0
    assert "KubeVision cannot start: SECRET_KEY_FILE names" in done.stderr
    assert "Traceback" not in done.stderr


# -- how large it is, and what it consists of ------------------------------------------------------


def test_it_is_as_small_as_the_readme_says(
    engine: Engine, images: dict[str, str], room: str
) -> None:
    over_base = inspected(engine, images[room])["Size"] - inspected(engine, base_image())["Size"]
    assert 0 < over_base <= LARGEST_OVER_BASE[room]
    row = re.search(README_ROW.format(room=room), (ROOT / "README.md").read_text())
    assert row is not None
    assert abs(over_base / 1e6 - int(row[1])) <= 0.1 * int(row[1]), f"{over_base / 1e6:.0f} MB"


@pytest.fixture(scope="module")
def sboms(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sbom")
    assert images
    made = make("sbom", f"FOLDER={folder}")
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


def test_what_it_consists_of_is_listed(sboms: Path, room: str) -> None:
    made = json.loads((sboms / f"kubevision-{room}-{__version__}.cdx.json").read_text())
    assert made["bomFormat"] == "CycloneDX"
    assert made["metadata"]["component"]["name"] == f"kubevision-{room}"
    listed = {c["purl"].partition("?")[0] for c in made["components"] if "purl" in c}
    pins = re.findall(
        r"^([a-z0-9.-]+)==([^ ;\\]+)(?: ; (.*?))? \\$",
        (ROOT / f"requirements/{room}.txt").read_text(),
        re.MULTILINE,
    )
    always = {f"pkg:pypi/{name}@{version}" for name, version, condition in pins if not condition}
    assert len(always) > 15 and always - {purl.lower() for purl in listed} == set()
    assert any(purl.startswith("pkg:deb/debian/openssl@") for purl in listed)
    assert any("opencv" in purl for purl in listed) is (room == "facelogin")
