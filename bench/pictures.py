"""Frames for the benchmarks, as JPEGs in memory: drawn people, an astronaut, research pictures."""

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from tests.drawn_faces import Frame, Person, empty_room, frames
from tests.feeds import astronaut, jpeg

FIRST_SEED = 1  # the person whom the other tests call Ada


def looks(people: int, count: int) -> list[list[bytes]]:
    """Return so many frames of so many drawn people; drawing is slow, so in processes."""
    if people == 1:
        return [_look(FIRST_SEED, count)]
    with ProcessPoolExecutor(max_workers=min(4, people)) as pool:
        return list(pool.map(_look, range(FIRST_SEED, FIRST_SEED + people), [count] * people))


def _look(seed: int, count: int) -> list[bytes]:
    return _jpegs(frames(Person(seed), count))


def face_frames(count: int, folder: Path | None = None) -> dict[str, list[bytes]]:
    """Return frames of one person before the camera, by where they come from."""
    kinds = {
        "drawn person": _jpegs(frames(Person(FIRST_SEED), count)),
        "astronaut": _jpegs(astronaut(count)),
    }
    if folder is not None:
        kinds["research webcam"] = _of_folder(folder / "webcam", count)
    return kinds


def empty_frames(count: int) -> list[bytes]:
    """Return frames of a room with nobody in it."""
    return _jpegs(empty_room(count, FIRST_SEED))


def _jpegs(pictures: Iterable[Frame]) -> list[bytes]:
    return [jpeg(picture) for picture in pictures]


def _of_folder(folder: Path, count: int) -> list[bytes]:
    """Return the first pictures of one session, packed as a browser packs them."""
    sessions = sorted(place for place in folder.glob("*/*") if place.is_dir())
    files = (
        sorted(sessions[0].glob("*.jpg"), key=lambda file: (len(file.name), file.name))
        if sessions
        else []
    )
    found = []
    for file in islice(files, count):
        picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if picture is None:
            raise SystemExit(f"{file} is no picture")
        found.append(jpeg(np.asarray(picture, np.uint8)))
    if not found:
        raise SystemExit(f"{folder} holds no <person>/<session>/*.jpg; give the folder above it")
    return found
