"""Runs benchmarks: `python -m bench [PART ...]`, all parts if none is named.

Each prints tables and writes bench/results/<part>.json. Figures are ratios of one run: a busy
machine slows both sides.
"""

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

import django

from bench.options import Options
from bench.report import RESULTS, Report

PARTS = (
    *("frame", "throughput", "sign_in", "load", "overload", "live", "doors"),
    *("enrolled", "enrolled_mongodb", "mongodb_away", "draining", "renewal", "people"),
)


def run(part: str, options: Options) -> Report:
    """Run one part."""
    report: Report = importlib.import_module(f"bench.{part}").run(options)
    return report


def main(arguments_given: list[str] | None = None) -> int:
    """Run what was asked for; 1 if anything in it went wrong."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kubevision.settings.local")
    django.setup()  # parts import the product's modules
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--tiny", action="store_true", help="only show that it works")
    parser.add_argument("--faces", type=Path, help="folder of research pictures")
    parser.add_argument(
        "--rows", type=int, default=Options.rows, help="people in `enrolled` and `people`"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for the JSON files")
    arguments = parser.parse_args(arguments_given)
    if unknown := set(arguments.parts) - {*PARTS}:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    options = Options(arguments.tiny, arguments.faces, arguments.rows)
    errors = 0
    for part in arguments.parts or PARTS:
        started = time.monotonic()
        report = run(part, options)
        file = report.write(arguments.output)
        print(report)
        print(f"{file.name} written after {time.monotonic() - started:.0f} s\n", flush=True)
        errors += report.errors
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
