"""Whose pictures are where: one folder per person, below it one per session, or the pictures."""

import re
from collections.abc import Sequence
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


def in_order(path: Path) -> list[str | int]:
    """Return a key by which frame 9 comes before frame 10."""
    return [int(part) if n % 2 else part for n, part in enumerate(re.split(r"([0-9]+)", path.name))]


def _files(place: Path) -> tuple[str, ...]:
    wanted = [p for p in _shown(place) if p.suffix.lower() in PICTURES | VIDEOS and p.is_file()]
    return tuple(str(path) for path in sorted(wanted, key=in_order))


def _folders(place: Path) -> list[Path]:
    return sorted((p for p in _shown(place) if p.is_dir()), key=in_order)


def _shown(place: Path) -> list[Path]:
    """Return what lies in a folder, without what systems and programs hide there."""
    try:
        return [path for path in place.iterdir() if path.name[0] not in ".@_"]
    except OSError as error:
        raise CannotEvaluate(f"cannot read {place}: {error.strerror}") from None


def all_occasions(folders: Sequence[Path]) -> list[Occasion]:
    """Return the occasions of several folders, each called by its name, or its path if need be.

    Raises
    ------
    CannotEvaluate
        If one holds too little, or is named twice: its pictures would meet themselves.
    """
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise CannotEvaluate("one folder was named twice: its pictures would meet themselves")
    names = [folder.resolve().name for folder in folders]
    return [
        occasion
        for folder, name in zip(folders, names, strict=True)
        for occasion in occasions(folder, name if names.count(name) == 1 else str(folder))
    ]


def occasions(folder: Path, name: str) -> list[Occasion]:
    """Return every occasion in a folder of people.

    Pictures beside the folders of sessions are a session without a name.

    Raises
    ------
    CannotEvaluate
        If there is no such folder, or fewer than two people in it.
    """
    if not folder.is_dir():
        raise CannotEvaluate(f"there is no folder {folder}")
    found = []
    for person in _folders(folder):
        for session in [person, *_folders(person)]:
            if files := _files(session):
                called = "" if session == person else session.name
                found.append(Occasion(name, person.name, called, files))
    if len({occasion.person for occasion in found}) < 2:
        raise CannotEvaluate(
            f"{folder} holds pictures of fewer than two people: put one folder per person into it, "
            "and into each the pictures or one folder per session"
        )
    return found
