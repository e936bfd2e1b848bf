"""Holds photos and clips before the challenge, writes docs/presentation-attacks.md.

Command: `make attacks FACES=folder`.

FOLDER holds webcam/<person>/session<n>/, printed_photo/<person>/ and video/talking.mp4. Every trial
has a seed, which is its number: the same command gives the same table.
"""

import argparse
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from string import Template
from unittest import mock

import cv2
import django
import numpy as np

from bench.evaluation import ROOT, markdown
from bench.measure import in_turns
from facelogin.evaluation import turning, words
from facelogin.evaluation.statistics import upper_bound
from facelogin.evaluation.turning import FRAMES_A_SECOND, Outcome, Trial
from facelogin.recognition import FaceRegion, Frame, Heading, Recognizer, detection
from facelogin.recognition.heading import SURELY_STRAIGHT, heading
from facelogin.workers import make_recognizer
from tests import attacks
from tests.drawn_faces import Frame as Picture
from tests.drawn_faces import Person, Pose, portrait
from tests.turning_head import LOOKS, TurningHead

DOCUMENT = ROOT / "docs/presentation-attacks.md"
STILLS, RECORDED, REPEATED, DRAWN = 150, 68, 100, 24
SIZE = (640, 480)
# Clips are of drawn people whose profile the cascade sees; who they are does not matter here.
SEEN_TURNED = (1, 4, 14, 16)
CLIPS = 17


@dataclass
class Row:
    """One kind of attack: how many got through, how far the others came."""

    name: str
    passed: int = 0
    trials: int = 0
    steps: Counter[int] = field(default_factory=Counter)

    def add(self, trial: Trial) -> None:
        """Count one trial."""
        self.trials += 1
        self.passed += trial.outcome is Outcome.PASSED
        self.steps[trial.step] += 1

    def cells(self) -> list[str]:
        """Return the row in words."""
        bound = upper_bound(self.passed, self.trials)
        ended = ", ".join(f"{step}: {count}" for step, count in sorted(self.steps.items()))
        counted = {"errors": self.passed, "trials": self.trials, "bound": bound}
        return [self.name, words.of(counted), ended]


class Attacks:
    """Everything that is tried, on one folder of research pictures."""

    def __init__(self, faces: Path, *, share: float = 1.0) -> None:
        self._faces, self._share = faces, share
        self._recognizer: Recognizer = make_recognizer()
        self._clips: list[list[Frame]] = []

    def _count(self, trials: int) -> int:
        return max(1, round(trials * self._share))

    def _pictures(self, pattern: str, count: int, seed: int) -> list[Picture]:
        files = sorted(self._faces.glob(pattern))
        if not files:
            raise SystemExit(f"{self._faces} has no pictures {pattern}")
        chosen = random.Random(seed).sample(files, min(count, len(files)))
        return [_read(file) for file in chosen]

    def stills(self) -> Iterator[Row]:
        """Photos of photos and photos of people, each moved in one of the ways paper moves."""
        half = self._count(STILLS) // 2 or 1
        ways = list(attacks.WAYS)
        for name, pattern in (
            ("printed photo, held and moved again", "printed_photo/*/*.jpg"),
            ("a frame of an enrolled person as a photo", "webcam/*/*/*.jpg"),
        ):
            row = Row(name)
            for number, picture in enumerate(self._pictures(pattern, half, seed=half)):
                still = attacks.Still(picture, ways[number % len(ways)], number)
                row.add(turning.against_a_draw(self._recognizer, still.frame, number))
            yield row

    def honest(self) -> tuple[Row, list[float], list[int]]:
        """Drawn people who answer; return also how long it took and who did not pass."""
        row, seconds, refused = Row("drawn people who turn when told"), [], []
        for seed in range(1, self._count(DRAWN) + 1):
            trial, _ = self._record(Person(seed), seed)
            row.add(trial)
            if trial.outcome is Outcome.PASSED:
                seconds.append(trial.seconds)
            else:
                refused.append(seed)
        return row, seconds, refused

    def _record(self, person: Person, seed: int) -> tuple[Trial, list[Frame]]:
        head, taken = TurningHead(person, seed), []

        def camera(now: float, asked: Heading) -> Frame:
            # Grey alone: the clips of all attacks are kept, and nothing here looks at colour.
            taken.append(Frame(Frame.from_colour(head.frame(now, asked)).grey))
            return taken[-1]

        return turning.against_a_draw(self._recognizer, camera, seed), taken

    def record(self) -> None:
        """Make the clips of honest goes that the next attacks play."""
        for number in range(self._count(CLIPS)):
            seed = 1000 + number
            trial, taken = self._record(Person(SEEN_TURNED[number % 4]), seed)
            assert trial.outcome is Outcome.PASSED, (seed, trial)
            self._clips.append(taken)

    def recorded(self) -> Row:
        """Clips that answered another challenge."""
        row = Row("a clip that answered another challenge")
        for number in range(self._count(RECORDED)):
            camera = turning.of_frames(self._clips[number % len(self._clips)])
            row.add(turning.against_a_draw(self._recognizer, camera, 2000 + number))
        return row

    def talking(self) -> tuple[Row, int, int]:
        """Show a man who talks and looks straight; return also frames seen turned, of how many."""
        row, frames = Row("cuts of a man talking"), _video(self._faces / "video/talking.mp4")
        turned = sum(seen in {Heading.LEFT, Heading.RIGHT} for seen in self._followed(frames))
        for number in range(self._count(20)):
            start = random.Random(number).randrange(len(frames) // 2)
            camera = turning.of_frames(frames, start)
            row.add(turning.against_a_draw(self._recognizer, camera, 3000 + number))
        return row, turned, len(frames)

    def straight(self) -> tuple[int, int, int]:
        """People at a webcam; return frames seen turned, twice in a row, of how many."""
        turned = in_a_row = count = 0
        for session in sorted(self._faces.glob("webcam/*/*")):
            files = sorted(session.glob("*.jpg"), key=lambda file: (len(file.name), file.name))
            files = files[: self._count(len(files))]
            seen = self._followed([Frame.from_colour(_read(file)) for file in files])
            ways = [way if way in {Heading.LEFT, Heading.RIGHT} else None for way in seen]
            turned += sum(way is not None for way in ways)
            in_a_row += sum(a is not None and a is b for a, b in pairwise(ways))
            count += len(ways)
        return turned, in_a_row, count

    def votes(self) -> list[list[str]]:
        """Count what the cascades see of photos, of people who look straight, of turned heads."""
        photos = self._pictures("printed_photo/*/*.jpg", self._count(240), seed=240)
        people = range(1, self._count(DRAWN) + 1)
        turned = self._votes(self._drawn(people, Heading.LEFT, seconds=5), skip=15)
        return [
            _votes_row("printed photos", self._votes([Frame.from_colour(p)] * 2 for p in photos)),
            _votes_row(
                "people at a webcam",
                self._votes([Frame.from_colour(p)] * 2 for p in self._webcam(480)),
            ),
            _votes_row("drawn people, straight", self._votes(self._drawn(people))),
            _votes_row("drawn people, turned", turned),
        ]

    def _webcam(self, count: int) -> list[Picture]:
        return self._pictures("webcam/*/*/*.jpg", self._count(count), seed=count)

    def _drawn(
        self, people: Iterable[int], asked: Heading = Heading.STRAIGHT, seconds: float = 3.0
    ) -> Iterator[list[Frame]]:
        """Return clips of people who look straight for a second, and then as they are asked to."""
        for seed in people:
            head = TurningHead(Person(seed), seed)
            moments = [n / FRAMES_A_SECOND for n in range(round(seconds * FRAMES_A_SECOND))]
            yield [
                Frame.from_colour(head.frame(now, asked if now >= 1 else Heading.STRAIGHT))
                for now in moments
            ]

    def _votes(self, clips: Iterable[Sequence[Frame]], skip: int = 1) -> list[tuple[int, int]]:
        """Votes of the frontal cascade and of the surer side, of each clip's frames after some."""
        votes = []
        for clip in clips:
            seen: list[tuple[int, int]] = []

            def note(
                frontal: int, left: int, right: int, seen: list[tuple[int, int]] = seen
            ) -> Heading:
                seen.append((frontal, max(left, right)))
                return heading(frontal, left, right)

            with (
                mock.patch.object(detection, "SURELY_STRAIGHT", float("inf")),
                mock.patch.object(detection, "heading", note),
            ):
                self._followed(clip)
            votes += seen[skip:]
        return votes

    def prints(self) -> Row:
        """Pictures of the person from three sides, shown as they are asked for."""
        row = Row("pictures of the person from three sides, swapped as asked")
        for number in range(self._count(20)):
            person = Person(SEEN_TURNED[number % 4])
            pictures = {way: portrait(person, Pose(turn=by)) for way, by in LOOKS.items()}
            camera = attacks.Prints(pictures, number).frame
            row.add(turning.against_a_draw(self._recognizer, camera, 4000 + number))
        return row

    def _followed(self, frames: Sequence[Frame]) -> list[Heading | None]:
        return turning.headings(self._recognizer, frames)

    def repeated(self) -> Iterator[Row]:
        """Clips that stop, go round or go backwards, before the challenge they once answered."""
        kinds: dict[str, Callable[[Sequence[Frame], int], list[Frame]]] = {
            "a clip that freezes": attacks.frozen,
            "a piece of a clip, looped": attacks.looped,
            "a clip, backwards": attacks.backwards,
        }
        for name, play in kinds.items():
            row = Row(name)
            for number in range(self._count(REPEATED)):
                at = number % len(self._clips)
                camera = turning.of_frames(play(self._clips[at], number))
                row.add(turning.against_a_draw(self._recognizer, camera, 1000 + at))
            yield row

    def cost(self) -> list[list[str]]:
        """CPU of a frame with and without the heading, in turns: straight and turned."""
        people = range(1, self._count(8) + 1)
        straight = [[Frame.from_colour(picture)] * 3 for picture in self._webcam(48)]
        shown: dict[str, Iterable[list[Frame]]] = {
            "drawn, straight": self._drawn(people),
            "drawn, turned": self._drawn(people, Heading.LEFT),
            "at a webcam, straight": straight,
        }
        rows = []
        for name, clips in shown.items():
            last: list[tuple[Frame, FaceRegion | None]] = []
            for clip in clips:
                near: FaceRegion | None = None
                for frame in clip[:-1]:
                    near = self._recognizer.observe_frame(frame, near=near, with_heading=True).face
                last.append((clip[-1], near))
            ways = {
                way: _look_at(self._recognizer, last, with_heading=way == "with")
                for way in ("without", "with")
            }
            timings = in_turns(ways, self._count(10) + 1)
            without, with_it = (timings[way].median / len(last) for way in ways)
            ratio = timings["with"].over(timings["without"])
            rows.append([name, f"{without:.1f}", f"{with_it:.1f}", f"{ratio:.2f}"])
        return rows


def _votes_row(name: str, votes: Sequence[tuple[int, int]]) -> list[str]:
    frontal, shares = sorted(f for f, _ in votes), sorted(s / max(f, 1) for f, s in votes)
    sure = sum(f >= SURELY_STRAIGHT for f in frontal)
    return [
        *(name, str(len(votes)), f"{median(frontal):.0f} ({frontal[0]} to {frontal[-1]})"),
        *(f"{median(shares):.2f}, at most {shares[-1]:.2f}", f"{sure / len(votes):.0%}"),
    ]


def _look_at(
    recognizer: Recognizer,
    frames: Sequence[tuple[Frame, FaceRegion | None]],
    *,
    with_heading: bool,
) -> Callable[[], None]:
    def all_of_them() -> None:
        for frame, near in frames:
            recognizer.observe_frame(frame, near=near, with_heading=with_heading)

    return all_of_them


def _read(file: Path) -> Picture:
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if picture is None:
        raise SystemExit(f"{file} is no picture")
    return np.asarray(cv2.resize(picture, SIZE), np.uint8)


def _video(file: Path) -> list[Frame]:
    video, frames = cv2.VideoCapture(str(file)), []
    while video.grab():
        if int(video.get(cv2.CAP_PROP_POS_FRAMES)) % 5 == 0:  # of 25 a second
            frames.append(Frame.from_colour(np.asarray(video.retrieve()[1], np.uint8)))
    if not frames:
        raise SystemExit(f"{file} is no video")
    return frames


def measure(faces: Path, share: float) -> dict[str, str]:
    """Return the document's places by name."""
    tried, rows = Attacks(faces, share=share), []

    def note(row: Row) -> None:
        rows.append(row)
        print(" | ".join(row.cells()), flush=True)

    for row in tried.stills():
        note(row)
    tried.record()
    note(tried.recorded())
    talking, turned, frames = tried.talking()
    note(talking)
    for row in tried.repeated():
        note(row)
    swapped = tried.prints()
    print(" | ".join(swapped.cells()), flush=True)
    answering, seconds, refused = tried.honest()
    note(answering)
    straight, in_a_row, looked_at = tried.straight()
    attacking = [row.cells() for row in rows if row is not answering]
    return {
        "attacks": markdown(["what was shown", "got through", "ended at step: trials"], attacking),
        "prints": f"{swapped.passed} of {swapped.trials}",
        "honest": markdown(
            ["who", "passed", "ended at step: trials"],
            [[answering.name, f"{answering.passed}/{answering.trials}", answering.cells()[2]]],
        ),
        "refused": ", ".join(map(str, refused)) or "none",
        "seconds": f"{median(seconds):.0f} s (from {min(seconds):.0f} to {max(seconds):.0f})",
        "talking": f"{turned} of {frames}",
        "straight": f"{straight} of {looked_at}, {in_a_row} times two in a row",
        "votes": markdown(
            ["what was shown", "frames", "frontal votes", "side over frontal", "surely straight"],
            tried.votes(),
        ),
        "surely": str(SURELY_STRAIGHT),
        "cost": markdown(
            ["head", "without, CPU ms a frame", "with, CPU ms a frame", "ratio"], tried.cost()
        ),
    }


def main(given: list[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("--share", type=float, default=1.0, help="of all trials; for a first look")
    parser.add_argument("--output", type=Path, default=DOCUMENT)
    options = parser.parse_args(given)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kubevision.settings.local")
    django.setup()
    started = time.monotonic()
    places = measure(options.faces, options.share)
    template = Template((Path(__file__).parent / "attacks.md.template").read_text())
    options.output.write_text(template.substitute(places))
    print(f"{options.output} written after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
