"""Local binary patterns of eight neighbours: which are uniform, and how they look mirrored.

A pattern is uniform if its bits change at most twice around the circle: edges, corners and spots.
There are 58; all others are noise and share one bin.
"""

import numpy as np
import numpy.typing as npt

NEIGHBOURS = 8
UNIFORM_BINS = 59


def _changes(pattern: int) -> int:
    turned = (pattern << 1 | pattern >> (NEIGHBOURS - 1)) & (1 << NEIGHBOURS) - 1
    return (pattern ^ turned).bit_count()


def _mirrored(pattern: int) -> int:
    """Return the pattern seen in a mirror: the neighbour at angle a comes to half a turn less a."""
    bits = [n for n in range(NEIGHBOURS) if pattern >> n & 1]
    return sum(1 << (NEIGHBOURS // 2 - n) % NEIGHBOURS for n in bits)


_uniform = [pattern for pattern in range(1 << NEIGHBOURS) if _changes(pattern) <= 2]
_bin = {pattern: at for at, pattern in enumerate(_uniform)}
_OTHERS = UNIFORM_BINS - 1


def _folding() -> npt.NDArray[np.float32]:
    folding = np.zeros((1 << NEIGHBOURS, UNIFORM_BINS), np.float32)
    for pattern in range(1 << NEIGHBOURS):
        folding[pattern, _bin.get(pattern, _OTHERS)] = 1
    return folding


UNIFORM = _folding()
"""(256, 59) float32: counts of all patterns, multiplied by it, are counts of uniform ones."""

MIRRORED = np.array([_bin[_mirrored(pattern)] for pattern in _uniform] + [_OTHERS])
"""(59,): which bin of a picture is the bin of its mirror image."""
