"""What the command line chooses, for every part alike."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """Attributes.

    is_tiny : bool
        As little as shows that a part works; its figures mean nothing.
    faces : Path or None
        Folder of research pictures to measure with as well.
    rows : int
        How many people the larger database holds.
    """

    is_tiny: bool = False
    faces: Path | None = None
    rows: int = 100_000
