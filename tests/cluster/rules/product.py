"""What the rules take from the product itself."""

import re
import tomllib

from tests.run import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def _constant(path: str, name: str) -> float:
    """Read a number from a module that needs a started Django, or starts a reactor."""
    line = rf'^{name} = (?:env\.whole_number\("{name}", )?([\d.]+)'
    found = re.search(line, (ROOT / path).read_text(), re.MULTILINE)
    assert found, f"{path} has no {name}"
    return float(found[1])


PING_EVERY_SECONDS = _constant("kubevision/draining_server.py", "PING_EVERY_SECONDS")
CLOSING_SECONDS = _constant("kubevision/draining_server.py", "CLOSING_SECONDS")
GUNICORN_SECONDS = _constant("kubevision/gunicorn.py", "graceful_timeout")
DRAIN_SECONDS = _constant("kubevision/settings/base.py", "DRAIN_SECONDS")
ENROL_DEADLINE_SECONDS = _constant("facelogin/services/attempts.py", "ENROL_DEADLINE_SECONDS")
