"""Measures every engine on research pictures, writes docs/evaluation.md.

Command: `make evaluation-document FACES=folder [TABLES=yes]`.

FOLDER holds webcam/<person>/session<n>/, caltech/<person>/ and att/<person>/. None of the pictures,
and nothing learned from them, goes into the product; with --tables the shipped calibration tables
are written too, which say how often different people were taken for each other and nothing else.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import django

SETS = ("webcam", "caltech", "att")
ENGINES = ("lbph_plain", "lbph", "resnet")
# The plain engine is there to be compared with; nobody would run it with a cohort.
NORMALISED = ("lbph", "resnet")
ROOT = Path(__file__).parent.parent
TABLES = ROOT / "facelogin/recognition/engines"
DOCUMENT = ROOT / "docs/evaluation.md"
SEED = 1


def evaluations(folder: Path, processes: int, *, writes_tables: bool) -> Iterator[Any]:
    """Yield the evaluation of each engine, plain and normalised; each looks at a picture once."""
    from facelogin import engine_files, operating_point  # noqa: PLC0415  (needs Django's settings)
    from facelogin.evaluation import report  # noqa: PLC0415

    for engine in ENGINES:
        source = engine_files.source(engine)
        plain = report.evaluate(
            [folder / name for name in SETS], source, limit=None, seed=SEED, processes=processes
        )
        if writes_tables:
            write_table(plain, f"{engine}.calibration.json")
            operating_point.forget_tables()
        yield plain
        if engine in NORMALISED:
            limit = operating_point.laxest_threshold(engine)
            normalised = report.compare(plain.captures, plain.engine, limit=limit, seed=SEED)
            if writes_tables:
                write_table(normalised, f"{engine}.cohort.calibration.json")
            yield normalised


def write_table(evaluation: Any, name: str) -> None:
    """Write a shipped calibration table."""
    table = evaluation.table("make evaluation-document TABLES=yes")
    (TABLES / name).write_text(json.dumps(table, indent=1) + "\n")


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def name_of(evaluation: Any) -> str:
    """Return what the document calls an engine."""
    return f"{evaluation.engine.name}{', cohort' if evaluation.is_normalised else ''}"


def tables(found: list[Any]) -> dict[str, str]:
    """Return the document's tables by the name of their place in it."""
    from facelogin.evaluation import words  # noqa: PLC0415

    places = {}
    for number, name in enumerate(SETS):
        rows = [
            [name_of(each), *row] for each in found for row in words.rate_rows(each.folders[number])
        ]
        rows.sort(key=lambda row: row[1])
        places[f"{name}_rates"] = markdown(["engine", *words.RATE_HEAD], rows)
        first = found[0].folders[number]
        places[f"{name}_size"] = (
            f"{first['people']} people, {first['occasions']} occasions, "
            f"{first['pictures']} pictures"
        )
    sign_ins = [
        [name_of(each), *row] for each in found for row in words.sign_in_rows(each.folders[0])
    ]
    places["sign_ins"] = markdown(["engine", *words.SIGN_IN_HEAD], sign_ins)
    places["acquired"] = markdown(
        ["set", "pictures without a sample", "why"],
        [
            [
                folder["name"],
                words.of(folder["failure_to_acquire"]),
                ", ".join(f"{k} {v}" for k, v in folder["failure_to_acquire"]["reasons"].items()),
            ]
            for folder in found[0].folders
        ],
    )
    places["worst"] = markdown(
        ["engine", "comparison", "folders, errors/trials"],
        [
            [
                name_of(each),
                kind_words,
                ", ".join(
                    f"{row['person']} {row['errors']}/{row['trials']}" for row in who["worst"]
                ),
            ]
            for each in found
            for kind, kind_words in words.KINDS.items()
            if (who := each.folders[0]["single_frames"].get(kind)) and who["worst"]
        ],
    )
    places["cost"] = markdown(
        ["engine", *found[0].folders[0]["seconds_by_step"]],
        [
            [
                name_of(each),
                *(f"{1000 * s:.2f}" for s in each.folders[0]["seconds_by_step"].values()),
            ]
            for each in found
            if not each.is_normalised
        ],
    )
    return places


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tables", action="store_true", help="write the shipped tables too")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kubevision.settings.local")
    django.setup()
    started = time.monotonic()
    found = list(evaluations(options.folder, options.processes, writes_tables=options.tables))
    template = Template((Path(__file__).parent / "evaluation.md.template").read_text())
    DOCUMENT.write_text(template.substitute(tables(found)))
    print(f"{DOCUMENT.relative_to(ROOT)} written after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
