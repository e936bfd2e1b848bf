"""Shows that skipping sizes changes no box: `python -m bench.same_boxes [FOLDER]`.

Every picture of FOLDER (the sets of bench.evaluation, and the printed photos), of drawn
people, of an astronaut and of empty rooms is searched as the product does and at every size.
Printed is how often the answers differ: which faces count, their boxes, and whether a turned head
is seen.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from facelogin.recognition import limit_threads
from facelogin.recognition.detection import Detector
from facelogin.workers import read_cascades
from tests.drawn_faces import Person, empty_room, frames
from tests.feeds import astronaut

DRAWN_PEOPLE, FRAMES_EACH, EVERY_VIDEO_FRAME = 12, 6, 3
ATT_BORDER_PIXELS, ATT_ENLARGEMENT = 40, 2  # as for the calibration table

Grey = npt.NDArray[np.uint8]


def drawn() -> Iterator[tuple[str, Grey]]:
    """Yield pictures that need no folder."""
    for seed in range(DRAWN_PEOPLE):
        for frame in frames(Person(seed), FRAMES_EACH):
            yield "drawn people", _grey(frame)
        for frame in empty_room(2, seed):
            yield "empty rooms", _grey(frame)
    for frame in astronaut(DRAWN_PEOPLE):
        yield "astronaut", _grey(frame)


def research(folder: Path) -> Iterator[tuple[str, Grey]]:
    """Yield the pictures of the folder's sets, and frames of its videos."""
    for name in ("webcam", "caltech", "att", "printed_photo"):
        for file in sorted((folder / name).rglob("*.*")):
            grey = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
            if grey is None:
                continue
            if name == "att":
                edge = ATT_BORDER_PIXELS
                grey = cv2.copyMakeBorder(grey, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
                size = (grey.shape[1] * ATT_ENLARGEMENT, grey.shape[0] * ATT_ENLARGEMENT)
                grey = cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC)
            yield name, np.asarray(grey, np.uint8)
    for file in sorted((folder / "video").glob("*.mp4")):
        video = cv2.VideoCapture(str(file))
        number = 0
        while (read := video.read())[0]:
            if number % EVERY_VIDEO_FRAME == 0:
                yield "video", _grey(np.asarray(read[1], np.uint8))
            number += 1


def _grey(frame: Grey) -> Grey:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)


def main() -> None:
    """Print a line for each set; end with status 1 if any box differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    folder = parser.parse_args().folder
    limit_threads(1)
    ours = Detector(read_cascades())
    every_size = Detector(read_cascades(), face_stride=1, profile_stride=1, least_share=0.0)
    counts: dict[str, dict[str, int]] = {}
    for name, picture in [*drawn(), *(research(folder) if folder else ())]:
        count = counts.setdefault(
            name, {"pictures": 0, "boxes differ": 0, "turned heads": 0, "turned heads differ": 0}
        )
        count["pictures"] += 1
        count["boxes differ"] += ours.faces(picture) != every_size.faces(picture)
        turned = every_size.is_profile(picture)
        count["turned heads"] += turned
        count["turned heads differ"] += ours.is_profile(picture) != turned
    for name, count in counts.items():
        print(f"{name}: " + ", ".join(f"{number} {what}" for what, number in count.items()))
    raise SystemExit(any(count["boxes differ"] for count in counts.values()))


if __name__ == "__main__":
    main()
