"""manage.py evaluate_faces: how often recognition errs on your own pictures."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from facelogin import engine_files, operating_point
from facelogin.engine_files import EngineSource
from facelogin.recognition import ENGINES, EngineUnavailable

INSTALL = "pip install --require-hashes -r requirements/evaluation.txt"


class Command(BaseCommand):
    """Measures an engine on folders of people and writes a report; nothing of it is kept."""

    help = (
        "Measure how often an engine takes people for each other, and how often it does not know "
        "them, on folders with one folder per person (below it the pictures, or one folder per "
        "session)."
    )

    # What a start would refuse (no table yet) is what this command is for.
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the command line."""
        parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
        parser.add_argument("--engine", choices=sorted(ENGINES), help="instead of FACELOGIN_ENGINE")
        parser.add_argument(
            "--cohort",
            action="store_true",
            help="judge each score against the folder's other people, as FACELOGIN_COHORT does",
        )
        parser.add_argument(
            "--output", type=Path, default=Path("evaluation"), help="folder for the report"
        )
        parser.add_argument("--table", type=Path, help="also write the calibration table there")
        parser.add_argument("--seed", type=int, default=1, help="of the bootstrap over people")
        parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Measure and write; every failure is one sentence."""
        if options["cohort"] and options["table"]:
            raise CommandError(
                "--cohort gives no table for FACELOGIN_CALIBRATION, which decides plain scores: "
                "leave one of --cohort and --table out"
            )
        try:
            import matplotlib as _  # noqa: F401, PLC0415  (said in words if it is missing)
            import scipy as _scipy  # noqa: F401, PLC0415
            import tqdm as _tqdm  # noqa: F401, PLC0415
        except ImportError as error:
            raise CommandError(f"{error.name} is missing; install it with `{INSTALL}`") from None
        from facelogin.evaluation import report, words  # noqa: PLC0415  (needs what was looked for above)
        from facelogin.evaluation.people import CannotEvaluate  # noqa: PLC0415

        try:
            source = engine_files.source(options["engine"] or settings.FACELOGIN_ENGINE)
            written = report.evaluate(
                options["folders"],
                source,
                limit=self._limit(source) if options["cohort"] else None,
                seed=options["seed"],
                processes=max(1, options["processes"]),
            )
            options["output"].mkdir(parents=True, exist_ok=True)
            report.write(written, options["output"])
            if options["table"]:
                text = json.dumps(written.table(self._command(options)), indent=1) + "\n"
                options["table"].write_text(text)
        except (CannotEvaluate, EngineUnavailable) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"cannot write {error.filename}: {error.strerror}") from None
        except KeyboardInterrupt:
            raise CommandError("stopped; nothing was written") from None
        self.stdout.write(words.summary(written.name, written.folders))
        self.stdout.write(f"report: {options['output'] / 'report.html'}")
        if options["table"]:
            self.stdout.write(f"table: {options['table']}")

    @staticmethod
    def _limit(source: EngineSource) -> float:
        """Return the plain score over which the product lets nobody in, cohort or not."""
        try:
            return operating_point.laxest_threshold(source.kind)
        except ImproperlyConfigured as error:
            raise CommandError(f"--cohort needs the engine's plain table first: {error}") from None

    @staticmethod
    def _command(options: dict[str, Any]) -> str:
        parts = ["manage.py evaluate_faces", *(folder.name for folder in options["folders"])]
        if options["engine"]:
            parts.append(f"--engine {options['engine']}")
        return " ".join([*parts, *(["--cohort"] if options["cohort"] else [])])
