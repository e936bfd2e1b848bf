"""What looking only near the last face would save and change: `python -m bench.near FOLDER`.

Not what the product does (decision 38). FOLDER holds webcam/<person>/session<n>/; frames are taken
in order, and those of drawn people. The first face of a sequence is searched in the whole frame,
the next ones only around the last one, and each is compared with what a whole search gives.
"""

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from facelogin.recognition import CalibrationTable, Reference, Template, limit_threads, quality
from facelogin.recognition.detection import SEARCH_WIDTH, Box, Detector
from facelogin.recognition.engines.lbph import LbphEngine
from facelogin.recognition.recognizer import inner_face
from facelogin.recognition.search import search
from facelogin.workers import read_cascades
from tests.drawn_faces import Person, frames

MARGIN = 0.35  # of the last face's side, looked at around it
SMALLEST = 0.7  # of the last face's side
DRAWN_PEOPLE, DRAWN_FRAMES = 3, 40
TABLE = Path(__file__).parent.parent / "facelogin/recognition/engines/lbph.calibration.json"

Grey = npt.NDArray[np.uint8]


@dataclass
class Seen:
    """What both ways found."""

    whole_seconds: list[float] = field(default_factory=list)
    near_seconds: list[float] = field(default_factory=list)
    lost: int = 0
    moved: list[float] = field(default_factory=list)  # share of the face's side
    templates: dict[str, list[tuple[Template, Template]]] = field(default_factory=dict)


def look_near(detector: Detector, grey: Grey, last: Box) -> Box | None:
    """Return the surest face around the last one; None if it is lost."""
    shrink = SEARCH_WIDTH / grey.shape[1]
    small = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    margin = MARGIN * last.side
    left, top = (max(0, int((at - margin) * shrink)) for at in (last.x, last.y))
    right, bottom = (int((at + last.side + margin) * shrink) for at in (last.x, last.y))
    around = np.ascontiguousarray(small[top:bottom, left:right], np.uint8)
    # All sizes from the smallest up to the cut-out itself, which is 1.7 faces wide.
    found = search(detector._frontal, around, int(SMALLEST * last.side * shrink), stride=1)
    if not found:
        return None
    face = max(found, key=lambda square: square.votes)
    x, y = int((face.x + left) / shrink), int((face.y + top) / shrink)
    return Box(x, y, int(face.side / shrink), face.votes)


def watch(name: str, pictures: list[Grey], detector: Detector, seen: Seen) -> None:
    """Follow one sequence both ways."""
    engine = LbphEngine()
    last: Box | None = None
    for grey in pictures:
        started = time.process_time()
        faces = detector.faces(grey)
        seen.whole_seconds.append(time.process_time() - started)
        if len(faces) != 1:
            last = None
            continue
        (whole,) = faces
        near: Box | None = whole
        if last is not None:
            started = time.process_time()
            near = look_near(detector, grey, last)
            seen.near_seconds.append(time.process_time() - started)
            seen.lost += near is None
        last = near
        if near is None or quality.judge(grey, whole):
            continue
        moved = max(abs(whole.x - near.x), abs(whole.y - near.y), abs(whole.side - near.side))
        seen.moved.append(moved / whole.side)
        both = [engine.template(inner_face(box).cut(grey)) for box in (whole, near)]
        seen.templates.setdefault(name, []).append((both[0], both[1]))


def sequences(folder: Path) -> dict[str, list[Grey]]:
    """Return the webcam sessions as person/session, and drawn people."""
    found = {}
    for place in sorted((folder / "webcam").glob("*/*")):
        files = sorted(place.glob("*.jpg"), key=lambda file: (len(file.name), file.name))
        grey = [cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in files]
        name = f"{place.parent.name}/{place.name}"
        found[name] = [np.asarray(picture, np.uint8) for picture in grey]
    for seed in range(1, DRAWN_PEOPLE + 1):
        drawn = frames(Person(seed), DRAWN_FRAMES)
        grey = [cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) for frame in drawn]
        found[f"drawn {seed}/only"] = [np.asarray(picture, np.uint8) for picture in grey]
    return found


def compare(seen: Seen, threshold: float) -> dict[str, list[tuple[bool, bool]]]:
    """Enrol each sequence's first half by whole searches; return whether the probes match."""
    engine = LbphEngine()
    matches: dict[str, list[tuple[bool, bool]]] = {"mated": [], "non-mated": []}
    for mine, own in seen.templates.items():
        half = len(own) // 2
        picked = np.linspace(0, half - 1, min(10, half)).astype(int)
        reference = Reference(LbphEngine.name, np.stack([own[n][0] for n in picked]))
        for other, theirs in seen.templates.items():
            if mine != other and mine.split("/")[0] == other.split("/")[0]:
                continue  # another day and light: refused either way
            kind = "mated" if mine == other else "non-mated"
            for pair in theirs[len(theirs) // 2 :]:
                whole, near = (engine.dissimilarity(one, reference) <= threshold for one in pair)
                matches[kind].append((whole, near))
    return matches


def main() -> None:
    """Print what it would save and what it would change."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    limit_threads(1)
    detector, seen = Detector(read_cascades()), Seen()
    for name, pictures in sequences(parser.parse_args().folder).items():
        watch(name, pictures, detector, seen)
    for way, seconds in (("whole", seen.whole_seconds), ("near", seen.near_seconds)):
        print(f"{way}: {len(seconds)} frames, {np.median(seconds) * 1000:.1f} CPU ms each")
    print(f"lost: {seen.lost} of {len(seen.near_seconds)}")
    p50, p95 = np.percentile(seen.moved, [50, 95])
    print(f"box moved by, share of its side: p50 {p50:.3f}, p95 {p95:.3f}")
    equal = [(whole == near).all() for pairs in seen.templates.values() for whole, near in pairs]
    print(f"equal templates: {sum(equal)}/{len(equal)}")
    threshold = CalibrationTable.from_json(TABLE.read_text()).threshold_for(0.001)
    for kind, pairs in compare(seen, threshold).items():
        whole, near = (sum(column) for column in zip(*pairs, strict=True))
        changed = sum(one != other for one, other in pairs)
        print(f"{kind}: {whole}/{len(pairs)} match, {near} near; {changed} changed")


if __name__ == "__main__":
    main()
