"""Makes the calibration table of the lbph engine: `python -m bench.calibrate FOLDER`.

FOLDER holds research pictures of people as sets: webcam/<person>/session<n>/, caltech/<person>/,
att/<person>/. None of them, and nothing learned from them, goes into the product; the table says
how often different people were taken for each other at each threshold, and nothing else.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.stats import beta

from facelogin.recognition import (
    WANTED_SAMPLES,
    CalibrationTable,
    Enrolment,
    EnrolmentRefused,
    Frame,
    Recognizer,
    Reference,
    Template,
    Verdict,
    Verification,
)
from facelogin.workers import make_recognizer

TABLE = Path(__file__).parent.parent / "facelogin/recognition/engines/lbph.calibration.json"
REFERENCE_SAMPLES = 10
RATES = (
    0.0001, 0.0002, 0.0003, 0.0005, 0.0007, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.007, 0.01,
    0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2,
)  # fmt: skip
DEFAULT_RATE = 0.001
# The tight crops of the AT&T set show no background, which the cascade needs around a face, and
# faces of 70 px, which the quality gate refuses: bordered and enlarged they are seen as others are.
ATT_BORDER_PIXELS, ATT_ENLARGEMENT = 40, 2

NOT_ENROLLED = "failure to enrol"
OWN_REFUSED = "same person, same session, refused"
OTHER_ACCEPTED = "another person, accepted"
OTHER_DAY = "same person, another day and light, refused"


@dataclass(frozen=True)
class Capture:
    """The usable samples of one person on one occasion, in order."""

    folder: str
    person: str
    occasion: str
    samples: list[Template]
    pictures: int


def read_captures(folder: Path, recognizer: Recognizer) -> Iterator[Capture]:
    """Yield every person's occasions of the three sets."""
    for name in ("webcam", "caltech", "att"):
        for person in sorted((folder / name).iterdir()):
            for place in sorted(p for p in person.iterdir() if p.is_dir()) or [person]:
                pictures = [f for f in place.iterdir() if f.suffix in {".jpg", ".pgm", ".png"}]
                files = sorted(pictures, key=lambda f: (len(f.name), f.name))  # 96 before 101
                samples = [
                    t for f in files if (t := _sample(f, recognizer, name == "att")) is not None
                ]
                yield Capture(name, f"{name}/{person.name}", place.name, samples, len(files))


def _sample(file: Path, recognizer: Recognizer, is_tight_crop: bool) -> Template | None:
    grey = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise SystemExit(f"{file} is no picture")
    if is_tight_crop:
        edge = ATT_BORDER_PIXELS
        grey = cv2.copyMakeBorder(grey, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
        grey = cv2.resize(
            grey, None, fx=ATT_ENLARGEMENT, fy=ATT_ENLARGEMENT, interpolation=cv2.INTER_CUBIC
        )
    return recognizer.observe_frame(Frame(grey.astype(np.uint8, copy=False))).template


def reference_of(samples: list[Template]) -> Reference:
    """Return a reference of at most ten samples, spread over all of them."""
    picked = np.linspace(0, len(samples) - 1, min(REFERENCE_SAMPLES, len(samples))).astype(int)
    return Reference("lbph", np.stack([samples[i] for i in picked]))


@dataclass(frozen=True)
class Scores:
    """Single comparisons: between people of one set, between people of different sets, mated."""

    within: dict[str, np.ndarray]
    across: np.ndarray
    mated: dict[str, np.ndarray]
    nearest: dict[frozenset[str], float]  # each pair of people's smallest score

    @property
    def non_mated(self) -> np.ndarray:
        """Return all non-mated scores."""
        return np.concatenate([*self.within.values(), self.across])


def compare_all(captures: list[Capture], recognizer: Recognizer) -> Scores:
    """Compare every occasion's reference with every sample of other people, and with its own.

    Non-mated references use all of an occasion's samples; mated ones are made from the first half
    and compared with the second.
    """
    within: dict[str, list[float]] = {c.folder: [] for c in captures}
    mated: dict[str, list[float]] = {c.folder: [] for c in captures}
    across: list[float] = []
    nearest: dict[frozenset[str], float] = {}
    for mine in captures:
        if len(mine.samples) < REFERENCE_SAMPLES // 2:
            continue
        reference = reference_of(mine.samples)
        for other in captures:
            if other.person != mine.person:
                scores = [recognizer.dissimilarity(s, reference) for s in other.samples]
                (within[mine.folder] if other.folder == mine.folder else across).extend(scores)
                pair = frozenset({mine.person, other.person})
                nearest[pair] = min([nearest.get(pair, np.inf), *scores])
        half = len(mine.samples) // 2
        own = reference_of(mine.samples[:half])
        mated[mine.folder] += [recognizer.dissimilarity(s, own) for s in mine.samples[half:]]
    return Scores(
        {name: np.sort(scores) for name, scores in within.items()},
        np.sort(across),
        {name: np.sort(scores) for name, scores in mated.items()},
        nearest,
    )


def upper_bound(errors: int, trials: int) -> float:
    """Return the one-sided 95 % upper bound of a rate (Clopper and Pearson 1934)."""
    return float(beta.ppf(0.95, errors + 1, trials - errors)) if errors < trials else 1.0


def make_table(scores: Scores, people: int) -> dict[str, object]:
    """Return the table: at each rate the largest threshold that no set alone exceeds.

    Pooling alone would flatter: people before different cameras are easily told apart. A rate under
    one in the number of comparisons gets no point.
    """
    pooled = np.sort(scores.non_mated)
    pairs = people * (people - 1) // 2
    points = []
    for rate in RATES:
        if rate < 1 / len(pooled):
            continue
        # Just under the first score that would be one error too many, in the strictest set.
        threshold = min(
            float(np.nextafter(np.float32(group[int(rate * len(group))]), np.float32(0)))
            for group in [pooled, *scores.within.values()]
        )
        threshold = round(threshold - 0.000005, 5)
        erring = sum(score <= threshold for score in scores.nearest.values())
        points.append(
            {
                "false_match_rate": rate,
                "threshold": threshold,
                "errors": int(np.searchsorted(pooled, threshold, side="right")),
                "trials": len(pooled),
                "pairs_with_error": int(erring),
                "people_bound": round(upper_bound(int(erring), pairs), 5),
            }
        )
    return {
        "engine": "lbph",
        "made_by": "python -m bench.calibrate FOLDER",
        "people": people,
        "pairs_of_people": pairs,
        "points": points,
    }


def whole_sign_ins(
    captures: list[Capture], recognizer: Recognizer, threshold: float
) -> dict[str, tuple[int, int]]:
    """Enrol on the first half of each webcam session, verify on second halves; errors, trials."""
    counts = {name: [0, 0] for name in (NOT_ENROLLED, OWN_REFUSED, OTHER_ACCEPTED, OTHER_DAY)}
    webcam = [c for c in captures if c.folder == "webcam"]
    for mine in webcam:
        enrolment = Enrolment()
        for sample in mine.samples[: len(mine.samples) // 2]:
            enrolment.add(sample)
        counts[NOT_ENROLLED][1] += 1
        try:
            reference = enrolment.finish("lbph", recognizer.dissimilarity, threshold)
        except (EnrolmentRefused, ValueError):
            counts[NOT_ENROLLED][0] += 1
            continue
        for other in webcam:
            probes = other.samples[len(other.samples) // 2 :]
            is_own = other.person == mine.person
            if is_own and other.occasion == mine.occasion:
                key = OWN_REFUSED
            elif is_own:
                key = OTHER_DAY
            else:
                key = OTHER_ACCEPTED
            matched = _verify(probes, reference, recognizer, threshold)
            counts[key][1] += 1
            counts[key][0] += matched != is_own
    return {name: (errors, trials) for name, (errors, trials) in counts.items()}


def _verify(
    probes: list[Template], reference: Reference, recognizer: Recognizer, threshold: float
) -> bool:
    verification = Verification(threshold)
    for probe in probes:
        if verification.verdict is None:
            verification.add(recognizer.dissimilarity(probe, reference))
    return verification.verdict is Verdict.MATCH


def main() -> None:
    """Measure, write the table, print what it means."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path, default=TABLE)
    options = parser.parse_args()
    recognizer = make_recognizer()
    captures = list(read_captures(options.folder, recognizer))
    people = len({c.person for c in captures})
    usable = sum(len(c.samples) for c in captures)
    print(f"{people} people, {usable} samples of {sum(c.pictures for c in captures)} pictures")
    few = [f"{c.person}/{c.occasion}" for c in captures if len(c.samples) < WANTED_SAMPLES]
    print(f"fewer than {WANTED_SAMPLES} samples: {len(few)} of {len(captures)} occasions")
    scores = compare_all(captures, recognizer)
    body = make_table(scores, people)
    text = json.dumps(body, indent=1) + "\n"
    options.output.write_text(text)
    threshold = CalibrationTable.from_json(text).threshold_for(DEFAULT_RATE)
    print(f"threshold at a false match rate of {DEFAULT_RATE}: {threshold}")
    for name, group in scores.within.items():
        mated = scores.mated[name]
        print(
            f"  {name}: non-mated {np.count_nonzero(group <= threshold)}/{len(group)} matched, "
            f"mated {np.count_nonzero(mated > threshold)}/{len(mated)} not matched"
        )
    matched = np.count_nonzero(scores.across <= threshold)
    print(f"  between sets: {matched}/{len(scores.across)} matched")
    erring = sum(score <= threshold for score in scores.nearest.values())
    bound = upper_bound(erring, len(scores.nearest))
    print(f"  pairs of people with an error: {erring}/{len(scores.nearest)}, at most {bound:.2%}")
    print("whole sign-ins, webcam, enrolled on the first half of a session:")
    for name, (errors, trials) in whole_sign_ins(captures, recognizer, threshold).items():
        print(f"  {name}: {errors}/{trials}, at most {upper_bound(errors, trials):.1%}")


if __name__ == "__main__":
    main()
