"""Installs hashed requirements into the image's environment and takes away what nothing there runs.

    python install_packages.py accounts.txt ...

With all of it facelogin would be 387 MB over its base, and so above the 350 MB it may have.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ENVIRONMENT = Path("/opt/kubevision")
# These are published as source only; all others come as wheels, and no build runs for them.
SOURCES = ("face-recognition-models",)
# 37 MB of facelogin: the packages' own tests, by the folders that hold them.
TESTS = (
    "autobahn/**/test",
    "numpy/**/tests",
    "twisted/**/test",
    "zope/interface/**/tests",
)
# 30 MB of every room: Django's texts in languages that LANGUAGES does not name.
TEXTS = ("django/**/locale/*/LC_MESSAGES/*",)
KEPT_LANGUAGES = {"en"}


def install(requirements: list[str]) -> None:
    """Install with the base's pip; the environment itself has none."""
    files = [argument for name in requirements for argument in ("-r", name)]
    pip = [sys.executable, "-m", "pip", "--python", str(ENVIRONMENT / "bin/python"), "install"]
    wheels = ["--only-binary", ":all:", "--no-binary", ",".join(SOURCES)]
    # Errors only: an old pip warns of what a newer one does.
    subprocess.run([*pip, "-qq", "--require-hashes", *wheels, *files], check=True)


def take_away(packages: Path) -> None:
    """Remove what no running product reads."""
    for pattern in TESTS:
        for folder in list(packages.glob(pattern)):
            shutil.rmtree(folder, ignore_errors=True)  # one may be inside another
    for pattern in TEXTS:
        for file in packages.glob(pattern):
            if file.parent.parent.name not in KEPT_LANGUAGES:
                file.unlink()


def main() -> None:
    """Do both, in one layer."""
    install(sys.argv[1:])
    for packages in ENVIRONMENT.glob("lib/python3*/site-packages"):
        take_away(packages)


if __name__ == "__main__":
    main()
