"""Where the tools are."""

import subprocess
import sys
from pathlib import Path

BIN = Path(sys.prefix) / "manifests/bin"


def tool(name: str) -> str:
    """Return a tool's path; a missing one fails, it is never skipped."""
    path = BIN / name
    if not path.exists():
        raise RuntimeError(f"{path} is missing; `make manifests` installs it")
    return str(path)


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a tool to its end."""
    return subprocess.run([tool(name), *arguments], capture_output=True, text=True, check=False)
