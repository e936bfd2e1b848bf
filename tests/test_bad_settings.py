"""Every variable of the contract, missing and malformed: the server says which, and how it goes.

Each case starts the room's own server in a process of its own. It must end with a status of its
own choice and one line that names the variable and shows an example.
"""

import ast
import hashlib
import json
import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from facelogin.tests import tiny_onnx
from kubevision import keys
from tests.room_settings import SERVERS, good_settings, run
from tests.run import ROOT

ROOMS = ("accounts", "facelogin", "dashboard")
# Stands for a variable that is not set at all.
MISSING = None
ORIGINS = ("", "portal.example.org", "ftp://a", "https://a/path", "https://*.example.org",
           "https://a:99999", "https://a:0", "https://me@a", "https://a b", "https://")  # fmt: skip
ORIGIN = tuple(value for value in ORIGINS if value)
FLAGS = ("maybe", "", "2")
KEY_FILES = (MISSING, "", "/no/such/file", "{folder}", "{folder}/junk", "{folder}/empty")
DATABASES = ("", "postgres://db", "mongodb:/", "mongodb://db", "mongodb:///accounts",
             "mongodb://db:99999/accounts", "mongodb://a:b@c@db/accounts",
             "mongodb://db/accounts?wait=1", "sqlite:", "sqlite:///", "sqlite://:memory:",
             "/var/lib/a.sqlite3", "sqlite:////no/such/folder/a.sqlite3",
             "sqlite:////dev/null/a.sqlite3", "sqlite:///{folder}")  # fmt: skip
BAD: dict[str, tuple[tuple[str, ...], tuple[str | None, ...]]] = {
    "DJANGO_SETTINGS_MODULE": (ROOMS, ("kubevision.settings.kitchen", "kitchen", "..", "a b")),
    "PUBLIC_ORIGINS": (ROOMS, ORIGINS),
    "ACCOUNTS_URL": (ROOMS, ("", *ORIGIN)),
    "FACELOGIN_URL": (ROOMS, ORIGIN),  # empty is allowed: no face factor
    "FACELOGIN_PUBLIC_URL": (ROOMS, ("", *ORIGIN)),
    "TRUSTED_PROXIES": (ROOMS, ("10.0.0.1/8", "ingress", "10.0.0.0/33", "0.0.0.0/0", "::/0")),
    "PASS_COOKIE_DOMAIN": (
        ROOMS,
        ("https://example.org", "org", ".", "example.org:80", "10.0.0.1", "*.example.org", "a_b.c",
         "elsewhere.example"),
    ),
    "MANAGEMENT_PORT": (ROOMS, ("", "0", "-1", "65536", "many", "9000.5", "tcp://10.0.0.1:9000")),
    "DRAIN_SECONDS": (ROOMS, ("", "-1", "601", "soon", "1.5")),
    "SECRET_KEY_FILE": (ROOMS, (*KEY_FILES, "{folder}/keys/template.key")),
    "SIGNING_KEY_FILE": (
        ("accounts", "facelogin"),
        (*KEY_FILES, "{folder}/keys/secret.key", "{folder}/rsa.pem", "{folder}/encrypted.pem"),
    ),
    "TEMPLATE_KEY_FILE": (("facelogin",), (*KEY_FILES, "{folder}/keys/facelogin-signing.pem")),
    "DATABASE_URL": (("accounts", "facelogin"), DATABASES),
    "DATABASE_PASSWORD_FILE": (("accounts", "facelogin"), ("/no/such/file", "{folder}")),
    "REDIS_URL": (
        ("facelogin",),
        ("redis.example.org", "http://redis.example.org", "redis://", "redis://a b", "redis://a:0",
         "redis://a:99999", "redis://a/x", "redis://a/-1", "redis://a/9999", "redis://a?db=1",
         "rediss://:secret@", "unix://", "unix://a/b", "redis://[a"),
    ),
    "REDIS_PASSWORD_FILE": (("facelogin",), ("/no/such/file", "{folder}")),
    "STATIC_ROOT": (("accounts", "dashboard"), ("/no/such/folder", "{folder}/junk")),
    "ACCOUNTS_REGISTRATION": (("accounts",), ("", "Open", "invited")),
    "ACCOUNTS_ENROLMENT": (("accounts",), ("", "Self", "open")),
    "ACCOUNTS_ADMIN_REQUIRE_MFA": (("accounts",), FLAGS),
    "EMAIL_URL": (
        ("accounts",),
        ("mail.example.org", "http://mail.example.org", "smtp://", "smtp://a b", "smtp://mail:x",
         "smtps://mail:0", "smtp://mail/path", "smtp://mail?x=y", "smtp+tls://[::1"),
    ),
    "EMAIL_PASSWORD_FILE": (("accounts",), ("/no/such/file", "{folder}")),
    "EMAIL_FROM": (("accounts",), ("", "kubevision", "a b@example.org", "A <a@example.org>")),
    "LOGIN_REDIRECT_HOSTS": (
        ("dashboard",),
        ("https://wiki.example.org", "wiki.example.org/path", "*.example.org", "a:", "a:b", "a b"),
    ),
    "FACELOGIN_ALLOW_MISSING_ORIGIN": (("facelogin",), FLAGS),
    "FACELOGIN_ENGINE": (("facelogin",), ("", "eigenfaces", "LBPH")),
    "FACELOGIN_ONNX_MODEL": (("facelogin",), ("/no/such/file", "{folder}")),
    "FACELOGIN_CALIBRATION": (
        ("facelogin",), ("/no/such/file", "{folder}", "{folder}/junk", "{folder}/empty"),
    ),
    "FACELOGIN_DEVICE": (("facelogin",), ("", "cuda", "GPU")),
    "FACELOGIN_CHALLENGE": (("facelogin",), ("", "dance")),
    "FACELOGIN_COHORT": (("facelogin",), ("", "everybody")),
    "FACELOGIN_FALSE_MATCH_RATE": (("facelogin",), ("", "0", "2", "-1", "nan", "0.1%", "0.000001")),
    "FACELOGIN_WORKERS": (("facelogin",), ("", "-1", "65", "two", "1.5")),
}  # fmt: skip
# Their examples name what an operator must have made before.
EXAMPLES_TO_FILL = {
    "STATIC_ROOT",
    "DATABASE_URL",
    "DATABASE_PASSWORD_FILE",
    "REDIS_PASSWORD_FILE",
    "EMAIL_PASSWORD_FILE",
    "PASS_COOKIE_DOMAIN",
    "FACELOGIN_ONNX_MODEL",
    "FACELOGIN_CALIBRATION",
}
# Every value in one room, and one value in every other room that reads the variable by the same
# code: each case is a real start.
CASES = [
    pytest.param(room, name, value, id=f"{room}-{name}-{value}")
    for name, (rooms, values) in BAD.items()
    for room in rooms
    for value in (values if room == rooms[0] else values[:1])
]
# What the laptop's module has under other names.
LOCAL_CASES = [
    ("DATA_DIR", "/no/such/folder", "DATA_DIR"),
    ("ACCOUNTS_DATABASE_URL", "sqlite:////no/such/folder/a", "ACCOUNTS_DATABASE_URL"),
    ("FACELOGIN_DATABASE_URL", "redis://a", "FACELOGIN_DATABASE_URL"),
    ("ACCOUNTS_SIGNING_KEY_FILE", "{folder}/junk", "ACCOUNTS_SIGNING_KEY_FILE"),
    ("MANAGEMENT_PORT", "many", "MANAGEMENT_PORT"),
    ("PUBLIC_ORIGINS", "http://a,https://b", "PUBLIC_ORIGINS"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with good keys and with files that are none."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    made = tmp_path_factory.mktemp("settings")
    keys.make_missing(made / "keys")
    (made / "junk").write_bytes(b"\xff\xfe no key \x00")
    (made / "empty").write_bytes(b"")
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    other = rsa.generate_private_key(65537, 2048)
    (made / "rsa.pem").write_bytes(other.private_bytes(*pem, serialization.NoEncryption()))
    secret = serialization.BestAvailableEncryption(b"password")
    own = ed25519.Ed25519PrivateKey.generate()
    (made / "encrypted.pem").write_bytes(own.private_bytes(*pem, secret))
    return made


def line_of(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line in which a server refused to start."""
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    assert "is ready" not in said and "Listening at" not in said
    lines = [line for line in said.splitlines() if line.startswith("KubeVision cannot start: ")]
    assert len(lines) == 1, said
    return lines[0]


def refusal(room: str, settings: dict[str, str]) -> str:
    """Start the room's server; return the one line in which it refuses."""
    return line_of(run(*SERVERS[room], settings=settings))


@pytest.fixture(scope="module")
def outcomes(folder: Path) -> dict[tuple[object, ...], subprocess.CompletedProcess[str]]:
    """What came of every case: hundreds of short processes, as many at once as there are cores."""

    def outcome(room: str, name: str, value: str | None) -> subprocess.CompletedProcess[str]:
        settings = good_settings(room, folder)
        if value is MISSING:
            del settings[name]
        else:
            settings[name] = value.format(folder=folder)
        if name == "DATABASE_PASSWORD_FILE":  # SQLite has none
            settings["DATABASE_URL"] = "mongodb://db@mongo.example/db"
        try:
            return run(*SERVERS[room], settings=settings)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess([], 0, "", "it started and ran on")

    with ThreadPoolExecutor(os.cpu_count()) as cores:
        running = {case.values: cores.submit(outcome, *case.values) for case in CASES}  # type: ignore[arg-type]
    return {case: done.result() for case, done in running.items()}


@pytest.mark.parametrize(("room", "name", "value"), CASES)
def test_a_bad_value_is_refused_in_words(
    outcomes: dict[tuple[object, ...], subprocess.CompletedProcess[str]],
    room: str,
    name: str,
    value: str | None,
) -> None:
    line = line_of(outcomes[room, name, value])
    assert line.startswith(f"KubeVision cannot start: {name}") and f"Example: {name}=" in line


@pytest.mark.parametrize(("name", "value", "named"), LOCAL_CASES)
def test_the_laptops_settings_refuse_too(folder: Path, name: str, value: str, named: str) -> None:
    settings = good_settings("local", folder) | {name: value.format(folder=folder)}
    line = refusal("local", settings)
    assert named in line and f"Example: {named}=" in line


@pytest.mark.parametrize("room", ROOMS)
def test_manage_py_refuses_in_the_same_words(folder: Path, room: str) -> None:
    settings = good_settings(room, folder) | {"TRUSTED_PROXIES": "ingress"}
    done = run("manage.py", "check", settings=settings)
    assert (done.returncode, done.stderr.strip()) == (1, refusal(room, settings))


def test_gunicorn_without_a_settings_module_says_so(folder: Path) -> None:
    settings = good_settings("dashboard", folder)
    del settings["DJANGO_SETTINGS_MODULE"]
    assert "DJANGO_SETTINGS_MODULE is not set. Example: " in refusal("dashboard", settings)


def test_a_taken_management_port_is_said(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for room in ("dashboard", "facelogin"):
            line = refusal(room, good_settings(room, folder) | {"MANAGEMENT_PORT": port})
            assert port in line and "Example: MANAGEMENT_PORT=" in line


@pytest.mark.parametrize(
    ("room", "name", "value"),
    [
        (rooms[0], name, values[-1])
        for name, (rooms, values) in BAD.items()
        if not name.endswith("_FILE") and name not in EXAMPLES_TO_FILL
    ],
)
def test_the_example_can_be_copied(folder: Path, room: str, name: str, value: str) -> None:
    good = good_settings(room, folder)
    line = refusal(room, good | {name: value})
    example = line.split(f"Example: {name}=")[1].split(" ")[0]
    done = run("manage.py", "check", settings=good | {name: example})
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


# -- engines that are chosen but not all there ---------------------------------------------------


def engine_refusal(folder: Path, engine: str, **settings: str) -> str:
    """Start facelogin with an engine; return the one line in which it refuses."""
    chosen = {"FACELOGIN_ENGINE": engine, "FACELOGIN_WORKERS": "2"}
    return refusal("facelogin", good_settings("facelogin", folder) | chosen | settings)


def table_for(folder: Path, model: Path) -> str:
    """Write a calibration table that is bound to a model's file."""
    digest = hashlib.sha256(model.read_bytes()).hexdigest()[:8]
    point = {"false_match_rate": 0.001, "threshold": 0.5, "errors": 0, "trials": 5000}
    body = {"engine": f"onnx-{digest}", "people": 30, "points": [point | {"people_bound": 0.1}]}
    table = folder / f"{digest}.calibration.json"
    table.write_text(json.dumps(body))
    return str(table)


def test_a_package_that_does_not_load_stops_the_start(folder: Path) -> None:
    (folder / "broken/dlib").mkdir(parents=True)
    (folder / "broken/dlib/__init__.py").write_text("raise ImportError('no libc of its kind')")
    line = engine_refusal(folder, "resnet", PYTHONPATH=str(folder / "broken"))
    assert "dlib does not load (no libc of its kind)" in line and "requirements/resnet.txt" in line


def test_a_package_without_its_files_stops_the_start(folder: Path) -> None:
    (folder / "bare/face_recognition_models").mkdir(parents=True)
    (folder / "bare/face_recognition_models/__init__.py").touch()
    line = engine_refusal(folder, "resnet", PYTHONPATH=str(folder / "bare"))
    assert "shape_predictor_5_face_landmarks.dat" in line and "requirements/resnet.txt" in line


def test_a_model_of_the_operator_s_is_asked_for(folder: Path) -> None:
    line = engine_refusal(folder, "onnx")
    assert "FACELOGIN_ONNX_MODEL is not set" in line and "Example: FACELOGIN_ONNX_MODEL=" in line


@pytest.mark.parametrize("name", ["junk", "empty", "small.onnx"])
def test_a_model_that_does_not_fit_stops_the_start(folder: Path, name: str) -> None:
    model = folder / name
    if name == "small.onnx":
        model.write_bytes(tiny_onnx.model((1, 3, 64, 64)))
    settings = {"FACELOGIN_CALIBRATION": table_for(folder, model)}
    line = engine_refusal(folder, "onnx", FACELOGIN_ONNX_MODEL=str(model), **settings)
    assert "FACELOGIN_ONNX_MODEL names a model that does not fit: " in line


def test_a_model_without_a_table_of_its_own_stops_the_start(folder: Path) -> None:
    model, other = folder / "mine.onnx", folder / "other.onnx"
    model.write_bytes(tiny_onnx.model(seed=1))
    other.write_bytes(tiny_onnx.model(seed=2))
    line = engine_refusal(folder, "onnx", FACELOGIN_ONNX_MODEL=str(model))
    assert "manage.py evaluate_faces FOLDER --engine onnx --table FILE" in line
    settings = {"FACELOGIN_CALIBRATION": table_for(folder, other)}
    line = engine_refusal(folder, "onnx", FACELOGIN_ONNX_MODEL=str(model), **settings)
    assert "FACELOGIN_CALIBRATION names a table of the engine onnx-" in line


def variables_read() -> set[str]:
    """Return the names of all variables that the settings modules ask for."""
    found = set()
    for path in (ROOT / "kubevision/settings").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "env"
                and node.func.attr != "fill_in"
            ):
                name = node.args[-1] if node.func.attr == "room_variable" else node.args[0]
                if isinstance(name, ast.Constant):
                    found.add(str(name.value))
    return found


def test_no_variable_is_forgotten_here() -> None:
    by_the_name_of_their_url = {f"{name}_PASSWORD_FILE" for name in ("DATABASE", "REDIS", "EMAIL")}
    others = {"DJANGO_SETTINGS_MODULE", *by_the_name_of_their_url}
    assert variables_read() | others == {*BAD, "DATA_DIR"}
