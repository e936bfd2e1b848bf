"""Runs a command that imports the laptop's settings, with keys and data in a folder of its own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from kubevision import keys


def main() -> int:
    """Run the command line given; return its exit status."""
    with tempfile.TemporaryDirectory(prefix="kubevision-") as folder:
        keys.make_missing(Path(folder) / "keys")
        settings = os.environ | {"DATA_DIR": folder}
        return subprocess.run(sys.argv[1:], check=False, env=settings).returncode


if __name__ == "__main__":
    sys.exit(main())
