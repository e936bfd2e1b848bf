"""Compares sizes and radii for LBPH within one light: `python -m bench.lbph_settings FOLDER`.

FOLDER holds webcam/<person>/session<n>/. Each session is enrolled from its first half and compared
with its second half and with other people's sessions. A decision score is the fifth smallest of
eight samples; printed is how far mated and non-mated decision scores stay apart, in standard
deviations of the single non-mated scores. It was looked at to choose the engine's settings, so it
is no evaluation of them.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from facelogin.recognition.detection import Detector
from facelogin.recognition.engines.lbph_plain import inner_face
from facelogin.recognition.imaging import tan_triggs
from facelogin.recognition.types import Grey
from facelogin.workers import read_cascades

SETTINGS = [(64, 2), (80, 2), (96, 2), (112, 2), (128, 2), (96, 1), (96, 3)]  # side px, radius px
GRID, NEAREST, SAMPLES, NEEDED, REFERENCE = 8, 3, 8, 5, 10

Histograms = npt.NDArray[np.float32]
Sessions = dict[tuple[str, str], list[Grey]]


def read_faces(folder: Path) -> Sessions:
    """Return the inner faces of every person's session, in order."""
    detector = Detector(read_cascades())
    sessions: Sessions = {}
    for place in sorted((folder / "webcam").glob("*/*")):
        faces = []
        for file in sorted(place.glob("*.jpg"), key=lambda path: (len(path.name), path.name)):
            grey = np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), np.uint8)
            if found := detector.faces(grey):
                faces.append(inner_face(found[0]).cut(grey))
        sessions[place.parent.name, place.name] = faces
    return sessions


def histograms(faces: list[Grey], side: int, radius: int) -> Histograms:
    """Return OpenCV's LBPH of each face, (faces, cells * bins)."""
    engine = cv2.face.LBPHFaceRecognizer.create(radius, 8, GRID, GRID)
    rows = []
    for face in faces:
        square = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
        engine.train([tan_triggs(np.asarray(square, np.uint8))], np.zeros(1, np.int32))
        rows.append(engine.getHistograms()[0].reshape(-1))
    return np.asarray(rows, np.float32)


def score(probe: Histograms, reference: Histograms) -> float:
    """Return the mean chi-square distance to the nearest templates."""
    total = probe + reference
    distances = (2 * (probe - reference) ** 2 / np.where(total > 0, total, 1)).sum(axis=1)
    return float(np.sort(distances)[:NEAREST].mean())


def gap(sessions: Sessions, side: int, radius: int) -> tuple[float, int, int]:
    """Return the gap and how many mated and non-mated decisions it rests on."""
    made = {key: histograms(faces, side, radius) for key, faces in sessions.items()}
    mated: list[float] = []
    non_mated: list[float] = []
    single: list[float] = []
    for (person, session), own in made.items():
        half = len(own) // 2
        reference = own[:half][np.linspace(0, half - 1, REFERENCE).astype(int)]
        for (other, occasion), theirs in made.items():
            if other == person and occasion != session:
                continue
            probes = theirs[half:] if other == person else theirs[::2]
            scores = [score(probe, reference) for probe in probes]
            starts = range(0, len(scores) - SAMPLES + 1, SAMPLES // 2)
            decisions = [sorted(scores[at : at + SAMPLES])[NEEDED - 1] for at in starts]
            (mated if other == person else non_mated).extend(decisions)
            if other != person:
                single += scores
    apart = (min(non_mated) - max(mated)) / float(np.std(single))
    return apart, len(mated), len(non_mated)


def main() -> None:
    """Print a line for each setting."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    sessions = read_faces(parser.parse_args().folder)
    people = len({person for person, _ in sessions})
    print(f"{len(sessions)} sessions of {people} people")
    for side, radius in SETTINGS:
        apart, mated, non_mated = gap(sessions, side, radius)
        print(
            f"side {side} px, radius {radius}: gap {apart:.2f} "
            f"({mated} mated, {non_mated} non-mated decisions)",
            flush=True,
        )


if __name__ == "__main__":
    main()
