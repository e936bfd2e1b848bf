"""The report of one engine: a page with plots, a picture of them, JSON, a summary."""

import html
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from tqdm import tqdm

from facelogin import engine_files
from facelogin.engine_files import EngineSource
from facelogin.evaluation import measuring, people, plots
from facelogin.evaluation.capturing import Capture, capture_all
from facelogin.recognition import Engine

KINDS = {
    "same_session": "same session",
    "another_session": "another session",
    "two_sessions": "another session, two enrolled",
}
DECISIONS = {"single_frames": "one frame", "eight_frames": "median of eight frames"}


@dataclass(frozen=True)
class Evaluation:
    """What was measured, and what it was measured from."""

    engine: Engine
    limit: float | None  # of plain scores; None where scores are plain
    captures: Sequence[Capture]
    folders: list[dict[str, Any]]

    @property
    def is_normalised(self) -> bool:
        """Say whether scores were judged against other people."""
        return self.limit is not None

    def table(self, command: str) -> dict[str, Any]:
        """Return the engine's calibration table."""
        return measuring.table(self.captures, self.engine, command, limit=self.limit)

    def as_json(self) -> dict[str, Any]:
        """Return all figures; no template, no picture, nothing learned."""
        return {
            "engine": self.engine.name,
            "is_normalised": self.is_normalised,
            "folders": self.folders,
        }


def evaluate(
    folders: Sequence[Path],
    source: EngineSource,
    *,
    limit: float | None,
    seed: int,
    processes: int,
) -> Evaluation:
    """Look at all pictures and compare everybody with everybody.

    Raises
    ------
    CannotEvaluate
        If the folders hold too little.
    EngineUnavailable
        If the engine does not load.
    """
    occasions = [occasion for folder in folders for occasion in people.occasions(folder)]
    engine = engine_files.load(source)
    captures = list(
        tqdm(
            capture_all(source, occasions, processes),
            total=len(occasions),
            desc=f"{engine.name}: looking at occasions",
            file=sys.stderr,
        )
    )
    return compare(captures, engine, limit=limit, seed=seed)


def compare(
    captures: Sequence[Capture], engine: Engine, *, limit: float | None, seed: int
) -> Evaluation:
    """Compare everybody with everybody; see `evaluate`."""
    figures = measuring.measure(
        captures,
        engine,
        limit=limit,
        seed=seed,
        progress=lambda name: tqdm.write(f"{engine.name}: comparing {name}", file=sys.stderr),
    )
    return Evaluation(engine, limit, captures, figures)


# -- words ----------------------------------------------------------------------------------------


def percent(share: float) -> str:
    """Return a share as a percentage of two digits."""
    return f"{100 * share:.2g} %" if share < 0.995 else "100 %"


def of(counted: dict[str, Any]) -> str:
    """Return errors/trials with the upper bound."""
    if not counted["trials"]:
        return "not tried"
    return f"{counted['errors']}/{counted['trials']}, at most {percent(counted['bound'])}"


def point(found: dict[str, Any]) -> str:
    """Return one operating point: errors/trials, bound, interval over people."""
    if not found["is_shown"]:
        return "too few comparisons"
    words = f"{percent(found['errors'] / found['trials'])} ({of(found)})"
    if found["interval_over_people"]:
        low, high = found["interval_over_people"]
        words += f"; over people {percent(low)} to {percent(high)}"
    return words


def rate_rows(folder: dict[str, Any]) -> list[list[str]]:
    """Return one row for each kind of comparison: equal error rate, then the chosen rates."""
    rows = []
    for decision, words in DECISIONS.items():
        for kind, kind_words in KINDS.items():
            if found := folder[decision].get(kind):
                rows.append(
                    [
                        f"{kind_words}, {words}",
                        str(found["people"]),
                        percent(found["equal_error_rate"]),
                        *(point(each) for each in found["points"]),
                    ]
                )
    return rows


def sign_in_rows(folder: dict[str, Any]) -> list[list[str]]:
    """Return one row for each false match rate: whole sign-ins by the product's own rules."""
    rows = []
    for tried in folder["sign_ins"]:
        counts = tried["counts"]
        if not counts["same session"]["trials"]:
            continue
        rows.append(
            [
                percent(tried["false_match_rate"]),
                of(tried["not_enrolled"]),
                *(of(counts[kind]) for kind in counts),
            ]
        )
    return rows


RATE_HEAD = [
    "comparison", "people", "EER",
    *(f"not recognised at FMR {percent(rate)}" for rate in measuring.RATES),
]  # fmt: skip
SIGN_IN_HEAD = [
    "threshold at FMR", "not enrolled", "refused: same session", "refused: another session",
    "refused: one of two enrolled sessions", "refused: another session, two enrolled",
    "let in: another person",
    "let in: another person, two enrolled",
]  # fmt: skip


def summary(evaluation: Evaluation) -> str:
    """Return the figures as text for a terminal."""
    lines = []
    for folder in evaluation.folders:
        cohort = ", normalised" if evaluation.is_normalised else ""
        lines.append(
            f"\n{folder['name']} with {evaluation.engine.name}{cohort}: {folder['people']} people, "
            f"{folder['pictures']} pictures, no sample: {of(folder['failure_to_acquire'])}"
        )
        for row in rate_rows(folder):
            lines.append(f"  {row[0]} ({row[1]} people): EER {row[2]}")
            lines += [
                f"    {head}: {cell}" for head, cell in zip(RATE_HEAD[3:], row[3:], strict=True)
            ]
        for row in sign_in_rows(folder):
            lines.append(f"  whole sign-ins, threshold at FMR {row[0]}")
            lines += [
                f"    {head}: {cell}" for head, cell in zip(SIGN_IN_HEAD[1:], row[1:], strict=True)
            ]
        if folder["unreadable"]:
            lines.append(f"  not readable: {', '.join(folder['unreadable'])}")
    return "\n".join(lines)


# -- files ----------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "<p>Too few pictures for it.</p>"
    cells = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<div class=table><table><tr>{cells}</tr>{body}</table></div>"


def _section(folder: dict[str, Any]) -> str:
    acquired = folder["failure_to_acquire"]
    reasons = ", ".join(f"{reason} {count}" for reason, count in acquired["reasons"].items())
    worst = {
        KINDS[kind]: ", ".join(
            f"{row['person']} ({row['errors']}/{row['trials']})" for row in found["worst"]
        )
        for kind in KINDS
        if (found := folder["single_frames"].get(kind)) and found["worst"]
    }
    parts = [
        f"<h2>{html.escape(folder['name'])}</h2>",
        f"<p>{folder['people']} people, {folder['occasions']} occasions, {folder['pictures']} "
        f"pictures. No sample: {of(acquired)}{' (' + reasons + ')' if reasons else ''}. "
        f"CPU: {1000 * folder['seconds_a_picture']:.1f} ms to look at a picture, "
        f"{1000 * folder['seconds_a_comparison']:.2f} ms to compare with a reference.</p>",
        f"<figure>{plots.scores(folder)}{plots.curves([folder])}</figure>",
        "<h3>Own people not recognised</h3>",
        _table(RATE_HEAD, rate_rows(folder)),
        "<h3>Whole sign-ins</h3>",
        _table(SIGN_IN_HEAD, sign_in_rows(folder)),
    ]
    if worst:
        rows = [[kind, who] for kind, who in worst.items()]
        parts += ["<h3>Refused most, at FMR 1 %</h3>", _table(["comparison", "folders"], rows)]
    if folder["unreadable"]:
        names = html.escape(", ".join(Path(file).name for file in folder["unreadable"]))
        parts.append(f"<p>Not readable: {names}.</p>")
    return "\n".join(parts)


def write(evaluation: Evaluation, folder: Path) -> None:
    """Write report.html, report.png and report.json.

    Raises
    ------
    OSError
        If one cannot be written.
    """
    page = Template(resources.files(__package__ or "").joinpath("report.html").read_text())
    cohort = ", normalised against other people" if evaluation.is_normalised else ""
    title = f"Engine {evaluation.engine.name}{cohort}"
    sections = "\n".join(_section(each) for each in evaluation.folders)
    (folder / "report.html").write_text(
        page.substitute(title=html.escape(title), sections=sections), encoding="utf-8"
    )
    (folder / "report.json").write_text(json.dumps(evaluation.as_json(), indent=1) + "\n")
    plots.save_curves(evaluation.folders, folder / "report.png", title)
