"""Whose pictures are where: one folder per person, below it one per session, or the pictures."""

import re
from dataclasses import dataclass
from pathlib import Path

PICTURES = {".jpg", ".jpeg", ".png", ".pgm", ".bmp", ".webp", ".tif", ".tiff"}
VIDEOS = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".mjpeg"}


class CannotEvaluate(Exception):  # noqa: N818  (said to the operator)
    """Nothing can be measured; the message says why and what to do."""


@dataclass(frozen=True)
class Occasion:
    """One person before one camera on one occasion.

    Attributes
    ----------
    folder, person, session : str
        Names of the folders; the session is empty where pictures lie in the person's own folder.
    files : tuple of str
        Pictures and videos in the order they were taken in.
    """

    folder: str
    person: str
    session: str
    files: tuple[str, ...]


def _in_order(path: Path) -> list[str | int]:
    """Return a key by which frame 9 comes before frame 10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.name)]


def _files(place: Path) -> tuple[str, ...]:
    wanted = [p for p in place.iterdir() if p.suffix.lower() in PICTURES | VIDEOS and p.is_file()]
    return tuple(str(path) for path in sorted(wanted, key=_in_order))


def _folders(place: Path) -> list[Path]:
    return sorted((p for p in place.iterdir() if p.is_dir()), key=_in_order)


def occasions(folder: Path) -> list[Occasion]:
    """Return every occasion in a folder of people.

    Raises
    ------
    CannotEvaluate
        If there is no such folder, or fewer than two people in it.
    """
    if not folder.is_dir():
        raise CannotEvaluate(f"there is no folder {folder}")
    found = []
    for person in _folders(folder):
        for session in _folders(person) or [person]:
            if files := _files(session):
                name = "" if session == person else session.name
                found.append(Occasion(folder.name, person.name, name, files))
    if len({occasion.person for occasion in found}) < 2:
        raise CannotEvaluate(
            f"{folder} holds pictures of fewer than two people: put one folder per person into it, "
            "and into each the pictures or one folder per session"
        )
    return found
