"""Breaks things a little, the same way each time for the same random generator."""

import json
from typing import Any

import numpy as np

Random = np.random.Generator

# What JSON may hold where something else belongs.
VALUES: list[Any] = [
    None, True, 0, -1, 2**70, 1.5, "", "x", "x" * 5000, "\0", "\ud800", "\u202e", "e\u0301", "ａｄ",
    "'; --", "{{7*7}}", "../..", "\r\nX: y", [], [[]], {}, {"a": {}}, ["enrol"], "2026-11", "enrol",
]  # fmt: skip
PIECES = [
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\u0000",
    "\\ud800",
    "NaN",
    "1e999",
    "\0",
    "\x7f",
]


def pick(random: Random, choices: list[Any]) -> Any:
    """Return one of them, as it is."""
    return choices[int(random.integers(len(choices)))]


def mangled_object(random: Random, names: list[str]) -> dict[str, Any]:
    """Return an object with some of these names and values of any kind."""
    return {name: pick(random, VALUES) for name in names if random.random() < 0.9}


def mangled_text(random: Random, text: str) -> str:
    """Return the text with one to four small things wrong."""
    for _ in range(int(random.integers(1, 5))):
        at = int(random.integers(len(text) + 1))
        match int(random.integers(5)):
            case 0:
                text = text[:at] + pick(random, PIECES) + text[at:]
            case 1:
                text = text[:at] + text[at + int(random.integers(1, 8)) :]
            case 2:
                text = text[:at]
            case 3:
                text = text[:at] + text[at:] * 2
            case _:
                text = text[:at] + chr(int(random.integers(1, 0xD800))) + text[at + 1 :]
    return text[:20_000]


def mangled_json(random: Random, names: list[str]) -> bytes:
    """Return what stands for a JSON object: wrong values, or no JSON any more."""
    text = json.dumps(mangled_object(random, names))
    if random.random() < 0.6:
        text = mangled_text(random, text)
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if data and random.random() < 0.2:
        data[int(random.integers(len(data)))] ^= 1 << int(random.integers(8))
    return bytes(data)
