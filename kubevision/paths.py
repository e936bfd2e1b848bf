"""Settings that differ by path: one process may hold several rooms, told apart by prefixes."""

from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def for_path(table: Mapping[str, T], path: str) -> T:
    """Return the entry of the longest prefix that the path begins with.

    Every table has an entry for "/", which any path begins with.
    """
    return table[max((prefix for prefix in table if path.startswith(prefix)), key=len, default="/")]
