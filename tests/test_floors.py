"""Each rule of .importlinter is broken once, in a copy, and found."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.run import NOT_COPIED, ROOMS, ROOT

RULES = configparser.ConfigParser()
RULES.read(ROOT / ".importlinter")

# A rule's id -> a module and the import that it forbids there.
PLANTED = {
    "rooms": ("dashboard/forms.py", "import accounts.models"),
    "settings": ("dashboard/forms.py", "import kubevision.settings.base"),
    "settings-siblings": (
        "kubevision/settings/dashboard.py",
        "import kubevision.settings.accounts",
    ),
    "accounts": ("accounts/selectors.py", "import accounts.services.sessions"),
    "accounts-services": ("accounts/services/sessions.py", "import accounts.services.reports"),
    "facelogin": ("facelogin/stores.py", "import facelogin.services.capture"),
    "recognition": (
        "facelogin/recognition/quality.py",
        "import facelogin.recognition.enrolment",
    ),
    "recognition-front-door": ("facelogin/stores.py", "import facelogin.recognition.types"),
    "recognition-pure": ("facelogin/recognition/quality.py", "import time"),
    "protocol-plain": ("facelogin/protocol.py", "import numpy"),
    "opencv-stays-home": ("dashboard/forms.py", "import cv2"),
    "opencv-behind-recognition": ("facelogin/stores.py", "import cv2"),
    "engines-packages": ("facelogin/engine_files.py", "import dlib"),
    "dashboard": ("dashboard/clients/accounts.py", "import dashboard.forms"),
    "contract-checks": ("accounts/tokens.py", "import kubevision.contracts.checking"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("kubevision", *ROOMS):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=NOT_COPIED)
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def lint(folder: Path, *rules: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    for rule in rules:
        command += ["--contract", rule]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_every_rule_is_broken_here() -> None:
    prefix = "importlinter:contract:"
    assert {s.removeprefix(prefix) for s in RULES.sections() if s.startswith(prefix)} == set(
        PLANTED
    )


@pytest.mark.parametrize("rule", PLANTED)
def test_a_planted_import_is_found(copy: Path, rule: str) -> None:
    file, line = PLANTED[rule]
    module = copy / file
    module.write_text(f"{line}\n{module.read_text()}")
    found = lint(copy, rule)
    assert found.returncode == 1, found.stdout
    assert f"{RULES[f'importlinter:contract:{rule}']['name']} BROKEN" in found.stdout


def test_a_module_without_a_floor_is_found(copy: Path) -> None:
    (copy / "facelogin/somewhere.py").write_text('"""On no floor."""\n')
    found = lint(copy, "facelogin")
    assert found.returncode == 1
    assert "facelogin.somewhere" in found.stdout


def test_the_copy_itself_is_clean(copy: Path) -> None:
    found = lint(copy)
    assert found.returncode == 0, found.stdout
