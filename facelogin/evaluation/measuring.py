"""All figures of one engine on some folders, as plain values for a report, a page or a document."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from facelogin.evaluation.capturing import FIND, READ, TEMPLATE, Capture
from facelogin.evaluation.people import CannotEvaluate
from facelogin.evaluation.scoring import REFERENCE_SAMPLES, Claim, Folder
from facelogin.evaluation.sign_ins import SignIns
from facelogin.evaluation.statistics import (
    Comparisons,
    Reduce,
    Scores,
    equal_error_rate,
    median_of_eight,
    non_match_rate,
    over_people,
    threshold_at,
    trade_off,
    upper_bound,
)
from facelogin.evaluation.table import make_table
from facelogin.recognition import WANTED_SAMPLES, Engine, pool

RATES = (0.01, 0.001, 0.0001)
MATED = ("same_session", "another_session", "two_sessions")
WORST_PEOPLE = 5
BINS = 60
COMPARE = "compare with ten samples"

Progress = Callable[[str], None]
Numbers = npt.NDArray[np.int64]


def measure(
    captures: Sequence[Capture],
    engine: Engine,
    *,
    limit: float | None,
    seed: int,
    progress: Progress = lambda _step: None,
) -> list[dict[str, Any]]:
    """Return the figures of each folder.

    Raises
    ------
    CannotEvaluate
        If a folder gave no two people with enough samples.
    """
    figures = []
    for name in dict.fromkeys(capture.occasion.folder for capture in captures):
        progress(name)
        here = [capture for capture in captures if capture.occasion.folder == name]
        figures.append(_folder(here, engine, limit=limit, seed=seed))
    return figures


def _usable(captures: Sequence[Capture], engine: Engine, *, limit: float | None) -> Folder:
    name = captures[0].occasion.folder
    people = {c.occasion.person for c in captures if len(c.samples) >= 5}
    if len(people) < 2:
        reasons = sum((capture.reasons for capture in captures), Counter())
        why = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common(5))
        raise CannotEvaluate(
            f"{name}: fewer than two people gave five samples ({why or 'too few pictures'}). "
            "Pictures should show one face each, 80 pixels wide or more"
        )
    folder = Folder(captures, engine, limit=limit)
    if limit is not None and not folder.can_be_normalised:
        raise CannotEvaluate(
            f"{name}: {len(people)} people are too few for a cohort; leave --cohort out"
        )
    return folder


def _folder(
    captures: Sequence[Capture], engine: Engine, *, limit: float | None, seed: int
) -> dict[str, Any]:
    folder = _usable(captures, engine, limit=limit)
    plain = folder if limit is None else Folder(captures, engine)
    pictures = sum(capture.pictures for capture in captures)
    samples = sum(len(capture.samples) for capture in captures)
    reasons: Counter[str] = Counter()
    for capture in captures:
        reasons.update(capture.reasons)
    return {
        "name": folder.name,
        "people": len(folder.people),
        "left_out": sorted({c.occasion.person for c in captures} - set(folder.people)),
        "occasions": len(folder.sessions),
        "pictures": pictures,
        "failure_to_acquire": {
            "errors": pictures - samples,
            "trials": pictures,
            "bound": upper_bound(pictures - samples, pictures) if pictures else 1.0,
            "reasons": dict(reasons.most_common()),
        },
        "unreadable": [file for capture in captures for file in capture.unreadable],
        "seconds_by_step": {
            **{
                step: sum(capture.seconds[step] for capture in captures) / max(pictures, 1)
                for step in (READ, FIND, TEMPLATE)
            },
            COMPARE: _comparison_seconds(folder, engine),
        },
        "single_frames": _rates(folder, None, seed),
        "eight_frames": _rates(folder, median_of_eight, seed),
        "sign_ins": [_sign_ins(captures, folder, plain, engine, rate) for rate in RATES[:2]],
    }


def _comparison_seconds(folder: Folder, engine: Engine) -> float:
    claim = Claim.of(0, [folder.rows[0]], REFERENCE_SAMPLES)
    templates, probes = folder.samples[claim.samples], folder.samples[:50]
    started = time.process_time()
    for probe in probes:
        pool(engine.dissimilarities(probe, templates), claim.groups)
    return (time.process_time() - started) / len(probes)


def _rates(folder: Folder, reduce: Reduce | None, seed: int) -> dict[str, Any]:
    non_mated = folder.comparisons("non_mated", reduce)
    against_two = folder.comparisons("non_mated_two", reduce)
    people = len(folder.people)
    mated_of = {kind: folder.comparisons(kind, reduce) for kind in MATED}
    found: dict[str, Any] = {"non_mated": {"trials": len(non_mated.scores), "people": people}}
    edges = _edges([non_mated.scores, *(mated.scores for mated in mated_of.values())])
    found["edges"] = [round(float(edge), 5) for edge in edges]
    found["non_mated"]["histogram"] = np.histogram(non_mated.scores, edges)[0].tolist()
    for kind, mated in mated_of.items():
        others = against_two if kind == "two_sessions" else non_mated
        if len(mated.scores):
            found[kind] = {
                "trials": len(mated.scores),
                "people": len(np.unique(mated.references)),
                "histogram": np.histogram(mated.scores, edges)[0].tolist(),
                "equal_error_rate": equal_error_rate(mated.scores, others.scores),
                "points": [_point(mated, others, rate, seed, people) for rate in RATES],
                "trade_off": [values.tolist() for values in trade_off(mated.scores, others.scores)],
                "worst": _worst(mated, others, folder.people),
            }
    return found


def _edges(found: Sequence[Scores]) -> Scores:
    """Return the edges of a histogram of all scores but those too far apart to be normalised."""
    scores = np.concatenate(found)
    comparable = scores[np.isfinite(scores)]
    low, high = (comparable.min(), comparable.max()) if len(comparable) else (0.0, 1.0)
    return np.linspace(low, high, BINS + 1)


def _point(
    mated: Comparisons, non_mated: Comparisons, rate: float, seed: int, people: int
) -> dict[str, Any]:
    threshold = threshold_at(non_mated.scores, rate)
    if threshold is None:
        return {"false_match_rate": rate, "is_shown": False}
    errors, trials = non_match_rate(mated.scores, threshold)
    interval = over_people(mated, non_mated, rate, seed, people)
    return {
        "false_match_rate": rate,
        "is_shown": True,
        "threshold": threshold,
        "errors": errors,
        "trials": trials,
        "bound": upper_bound(errors, trials),
        "interval_over_people": interval,
    }


def _worst(
    mated: Comparisons, non_mated: Comparisons, people: Sequence[str]
) -> list[dict[str, Any]]:
    """Return who is refused most at a false match rate of 1 %, by name of folder only."""
    threshold = threshold_at(non_mated.scores, RATES[0])
    if threshold is None:
        return []
    rows = []
    for number in np.unique(mated.references):
        own = mated.scores[mated.references == number]
        errors, trials = non_match_rate(own, threshold)
        if errors:
            rows.append({"person": people[number], "errors": errors, "trials": trials})
    return sorted(rows, key=lambda row: -row["errors"] / row["trials"])[:WORST_PEOPLE]


def _sign_ins(
    captures: Sequence[Capture], folder: Folder, plain: Folder, engine: Engine, rate: float
) -> dict[str, Any]:
    """Let everybody sign in at thresholds that other people set: nobody's own scores help them."""
    proving, deciding = plain.comparisons("non_mated"), folder.comparisons("non_mated")
    tried = SignIns(
        folder,
        engine,
        lambda person: threshold_at(proving.without(person).scores, rate),
        # Each capture is one more chance of being taken for somebody else; see operating_point.
        lambda person, captures: threshold_at(deciding.without(person).scores, rate / captures),
    ).run()
    if threshold_at(proving.scores, rate) is not None:
        for capture in captures:
            # Pictures enough for an enrolment, and too few of them usable.
            if capture.pictures >= 2 * WANTED_SAMPLES and len(capture.samples) < WANTED_SAMPLES:
                tried.not_enrolled.add(is_error=True)
    return {
        "false_match_rate": rate,
        "not_enrolled": tried.not_enrolled.as_json(),
        "counts": {kind: count.as_json() for kind, count in tried.counts.items()},
        "refused": dict(sorted(tried.refused.items(), key=lambda item: -item[1])),
    }


def table(
    captures: Sequence[Capture], engine: Engine, command: str, *, limit: float | None
) -> dict[str, Any]:
    """Return the engine's calibration table over all folders."""
    numbers: dict[tuple[str, str], int] = {}
    folders = []
    for name in dict.fromkeys(capture.occasion.folder for capture in captures):
        here = [capture for capture in captures if capture.occasion.folder == name]
        folder = _usable(here, engine, limit=limit)
        own = [numbers.setdefault((name, person), len(numbers)) for person in folder.people]
        folders.append((folder, np.array(own)))
    groups = [_numbered(folder.comparisons("non_mated"), own) for folder, own in folders]
    # Between folders there is no camera in common, so nobody to normalise against.
    if limit is None and len(folders) > 1:
        groups.append(Comparisons.of(list(_between(folders, engine))))
    return make_table(engine.name, command, groups, len(numbers))


def _numbered(found: Comparisons, own: Numbers) -> Comparisons:
    """Return comparisons of one folder with people numbered over all folders."""
    return Comparisons(found.scores, own[found.references], own[found.probes])


def _between(
    folders: Sequence[tuple[Folder, Numbers]], engine: Engine
) -> Iterator[tuple[Scores, int, int]]:
    """Yield every reference of one folder against every sample of the others."""
    for mine, my_numbers in folders:
        for (person, _), rows in zip(mine.sessions, mine.rows, strict=True):
            claim = Claim.of(person, [rows], REFERENCE_SAMPLES)
            templates = mine.samples[claim.samples]
            for other, their_numbers in folders:
                if other is mine:
                    continue
                scored = np.array(
                    [
                        pool(engine.dissimilarities(probe, templates), claim.groups)
                        for probe in other.samples
                    ]
                )
                for (whose, _), probes in zip(other.sessions, other.rows, strict=True):
                    yield scored[probes], my_numbers[person], their_numbers[whose]
