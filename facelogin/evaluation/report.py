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
from facelogin.evaluation import measuring, people, plots, words
from facelogin.evaluation.capturing import Capture, capture_all
from facelogin.recognition import Engine


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

    @property
    def name(self) -> str:
        """Return what a reader calls what was measured."""
        return f"{self.engine.name}, normalised" if self.is_normalised else self.engine.name

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
    occasions = people.all_occasions(folders)
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


# -- files ----------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "<p>Too few pictures for it.</p>"
    cells = "".join(f"<th>{_cell(text)}</th>" for text in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return f"<div class=table><table><tr>{cells}</tr>{body}</table></div>"


def _cell(text: str) -> str:
    return html.escape(text).replace(" %", "&nbsp;%")  # a number keeps its sign


def _section(folder: dict[str, Any]) -> str:
    acquired = folder["failure_to_acquire"]
    reasons = ", ".join(f"{reason} {count}" for reason, count in acquired["reasons"].items())
    worst = {
        words.KINDS[kind]: ", ".join(
            f"{row['person']} ({row['errors']}/{row['trials']})" for row in found["worst"]
        )
        for kind in words.KINDS
        if (found := folder["single_frames"].get(kind)) and found["worst"]
    }
    parts = [
        f"<h2>{html.escape(folder['name'])}</h2>",
        f"<p>{folder['people']} people, {folder['occasions']} occasions, {folder['pictures']} "
        f"pictures. No sample: {words.of(acquired)}{' (' + reasons + ')' if reasons else ''}. "
        f"CPU time of a picture: {words.steps(folder)}.</p>",
        f"<figure>{plots.scores(folder)}{plots.curves([folder])}</figure>",
        "<h3>Own people not recognised</h3>",
        _table(words.RATE_HEAD, words.rate_rows(folder)),
        "<h3>Whole sign-ins</h3>",
        _table(words.SIGN_IN_HEAD, words.sign_in_rows(folder)),
    ]
    if worst:
        rows = [[kind, who] for kind, who in worst.items()]
        parts += ["<h3>Refused most, at FMR 1 %</h3>", _table(["comparison", "folders"], rows)]
    if folder["left_out"]:
        left_out = html.escape(", ".join(folder["left_out"]))
        parts.append(f"<p>Fewer than five samples, left out of all rates: {left_out}.</p>")
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
    title = f"Engine {evaluation.name}"
    sections = "\n".join(_section(each) for each in evaluation.folders)
    (folder / "report.html").write_text(
        page.substitute(title=html.escape(title), sections=sections), encoding="utf-8"
    )
    (folder / "report.json").write_text(json.dumps(evaluation.as_json(), indent=1) + "\n")
    plots.save_curves(evaluation.folders, folder / "report.png", title)
