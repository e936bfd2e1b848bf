"""manage.py evaluate_challenge: how the challenge fares on your own clips."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

INSTALL = "pip install --require-hashes -r requirements/evaluation.txt"


class Command(BaseCommand):
    """Measures the turning challenge on folders of clips; nothing of them is kept."""

    help = (
        "Measure how often the turning challenge refuses honest people and lets attacks through, "
        "on FOLDER/honest (ada_LRL.mp4: where the person turns, their own left and right) and "
        "FOLDER/attacks; each clip a video or a folder of pictures taken five a second. Whose face "
        "it is plays no part: every frame that looks straight counts as the right person's."
    )

    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Describe the command line."""
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument("--draws", type=int, default=10, help="challenges for each attack")
        parser.add_argument("--seed", type=int, default=1, help="of the challenges")
        parser.add_argument(
            "--output", type=Path, default=Path("evaluation"), help="folder for challenge.json"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Measure and write; every failure is one sentence."""
        try:
            import scipy as _  # noqa: F401, PLC0415  (said in words if it is missing)
        except ImportError as error:
            raise CommandError(f"{error.name} is missing; install it with `{INSTALL}`") from None
        from facelogin.evaluation import clips, words  # noqa: PLC0415  (needs what was looked for above)
        from facelogin.evaluation.people import CannotEvaluate  # noqa: PLC0415  (likewise)
        from facelogin.workers import make_recognizer  # noqa: PLC0415  (OpenCV, only where it is used)

        try:
            honest, attacks = clips.clips(options["folder"])
            found = clips.measure(
                make_recognizer(),
                honest,
                attacks,
                draws=max(1, options["draws"]),
                seed=options["seed"],
                tell=self.stdout.write,
            )
            options["output"].mkdir(parents=True, exist_ok=True)
            written = options["output"] / "challenge.json"
            written.write_text(json.dumps(found.as_json(), indent=1) + "\n")
        except CannotEvaluate as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"cannot use {error.filename}: {error.strerror}") from None
        except KeyboardInterrupt:
            raise CommandError("stopped; nothing was written") from None
        counted = found.as_json()
        self.stdout.write(f"honest clips refused: {words.of(counted['honest'])}")
        self.stdout.write(f"attacks that got through: {words.of(counted['attacks'])}")
        if found.unreadable:
            self.stdout.write(f"not readable: {', '.join(found.unreadable)}")
        self.stdout.write(f"written: {written}")
