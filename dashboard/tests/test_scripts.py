"""Runs the scripts' own tests with node, which needs no packages for it."""

import os
import shutil
import subprocess
from pathlib import Path

from kubevision import contracts

ROOM = Path(__file__).parent.parent
TESTS = sorted((ROOM / "tests/js").glob("*.test.mjs"))


def test_the_scripts_pass_their_own_tests(tmp_path: Path) -> None:
    node = shutil.which("node")
    assert node, "node is missing; on Debian: apt install nodejs"
    scripts = tmp_path / "js"
    shutil.copytree(ROOM / "static/dashboard/js", scripts)
    # Browsers know a module by its script tag, node by this file.
    (tmp_path / "package.json").write_text('{"type": "module"}')
    folders = {"CONTRACT": str(Path(contracts.__file__).parent), "SCRIPTS": str(scripts)}
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", *map(str, TESTS)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | folders,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert TESTS and "# fail 0" in done.stdout and "# pass 0" not in done.stdout
