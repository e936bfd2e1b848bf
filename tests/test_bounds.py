"""docs/bounds.md names every bound that there is, with the value that it has."""

import re
from importlib import import_module
from typing import Any

import pytest

from tests.run import ROOMS, ROOT

TEXT = (ROOT / "docs/bounds.md").read_text()
ROWS = re.findall(r"^\| [^|]+ \| ([\d.]+) \| `([\w.]+)` \| [^|]+ \|$", TEXT, re.MULTILINE)
NAMED_AS_BOUNDS = re.compile(r"^((?:MAX|MOST)_\w+)(?::[^=]+)? =", re.MULTILINE)
# Limits of one value that is typed or computed, or of time: nothing is kept because of them.
OTHER_LIMITS = {
    "accounts.factors.face.MAX_CONTENDED_LOOKS",
    "facelogin.operating_point.MOST_CAPTURES",
    "facelogin.protocol.MAX_FRAMES_PER_SECOND",
    "facelogin.recognition.alignment.MOST_SLANT",
    "facelogin.recognition.engines.onnx.MOST_NUMBERS",
    "facelogin.services.key_renewal.MOST_AGE",
}


def value_of(name: str) -> Any:
    """Find a constant: the longest module in front, then members of it."""
    words = name.split(".")
    for end in range(len(words) - 1, 0, -1):
        try:
            found: Any = import_module(".".join(words[:end]))
        except ModuleNotFoundError:
            continue
        for word in words[end:]:
            found = found[word] if isinstance(found, dict) else getattr(found, word)
        return found
    raise LookupError(name)


@pytest.mark.parametrize(("value", "name"), ROWS, ids=[name for _value, name in ROWS])
def test_a_bound_is_what_the_page_says(value: str, name: str) -> None:
    assert str(value_of(name)) == value


def test_every_row_was_read() -> None:
    heads = 3
    assert len(ROWS) == sum(line.startswith("| ") for line in TEXT.splitlines()) - heads


def test_no_bound_is_forgotten() -> None:
    found = set()
    for package in ("kubevision", *ROOMS):
        for path in (ROOT / package).rglob("*.py"):
            if {"tests", "contracts", "migrations"} & set(path.parts):
                continue
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            names = NAMED_AS_BOUNDS.findall(path.read_text())
            found |= {f"{module}.{name}" for name in names if not name.endswith("_CHARACTERS")}
    assert found - OTHER_LIMITS == {
        name for _value, name in ROWS if re.search(r"\.(MAX|MOST)_\w+$", name)
    } - {"kubevision.tokens.MAX_TOKEN_CHARACTERS", "accounts.api.inputs.MAX_TEXT_CHARACTERS"}
