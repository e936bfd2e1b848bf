"""The challenge on an operator's own clips: honest people who turn their heads, and attacks."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from facelogin.evaluation import turning
from facelogin.evaluation.people import PICTURES, VIDEOS, CannotEvaluate, in_order
from facelogin.evaluation.pictures import frames
from facelogin.evaluation.sign_ins import Count
from facelogin.evaluation.turning import Outcome
from facelogin.recognition import Frame, Heading, Recognizer

HONEST, ATTACKS = "honest", "attacks"
LETTERS = {"L": Heading.LEFT, "R": Heading.RIGHT}
EXPECTED = (
    "name a clip of somebody who turns their head after who it is and where they turn, left and "
    "right being their own: ada_LRL.mp4"
)


@dataclass(frozen=True)
class Clip:
    """One clip: a video, or a folder of pictures taken five a second."""

    name: str
    files: tuple[str, ...]
    turns: tuple[Heading, ...] = ()  # that an honest clip shows, in order

    def frames(self) -> list[Frame]:
        """Return what can be read of it, five a second."""
        return [frame for file in self.files for frame in frames(file) if frame is not None]


def clips(folder: Path) -> tuple[list[Clip], list[Clip]]:
    """Return the honest clips and the attacks of a folder.

    Raises
    ------
    CannotEvaluate
        If there are none, or an honest one does not say where its person turns.
    """
    honest = [Clip(name, files, _turns_of(name)) for name, files in _found(folder / HONEST)]
    attacks = [Clip(name, files) for name, files in _found(folder / ATTACKS)]
    if not honest and not attacks:
        raise CannotEvaluate(
            f"{folder} has no clips: put them into {folder}/{HONEST} and {folder}/{ATTACKS}, each "
            "a video or a folder of pictures taken five a second"
        )
    return honest, attacks


def _found(place: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    for path in sorted(place.iterdir()) if place.is_dir() else []:
        if path.name[0] in ".@_":
            continue
        if path.is_dir():
            pictures = [file for file in path.iterdir() if file.suffix.lower() in PICTURES]
            yield path.name, tuple(str(file) for file in sorted(pictures, key=in_order))
        elif path.suffix.lower() in VIDEOS:
            yield path.name, (str(path),)


def _turns_of(name: str) -> tuple[Heading, ...]:
    letters = Path(name).stem.rpartition("_")[2]
    if not letters or set(letters) - set(LETTERS):
        raise CannotEvaluate(f"{HONEST}/{name} does not say where its person turns: {EXPECTED}")
    return tuple(LETTERS[letter] for letter in letters)


@dataclass
class Found:
    """What was measured.

    Attributes
    ----------
    honest : Count
        Honest clips that the challenge refuses: turns not seen, or the head not followed.
    unseen, refused : list of str
        Clips in which other turns were seen than were made; those not followed to the end.
    attacks : Count
        Attacks that got through, over clips and draws.
    through : list of str
        Which ones.
    unreadable : list of str
    """

    honest: Count = field(default_factory=Count)
    unseen: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    attacks: Count = field(default_factory=Count)
    through: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return everything, with bounds."""
        counts = {"honest": self.honest.as_json(), "attacks": self.attacks.as_json()}
        return asdict(self) | counts


def measure(
    recognizer: Recognizer,
    honest: list[Clip],
    attacks: list[Clip],
    *,
    draws: int,
    seed: int,
    tell: Callable[[str], object] = lambda _line: None,
) -> Found:
    """Let each honest clip answer the challenge that it shows, and each attack so many others."""
    found = Found()
    for clip in honest:
        if shown := _read(clip, found):
            said = _judge_honest(recognizer, clip, shown, found)
            tell(f"{HONEST}/{clip.name}: {said}")
    for clip in attacks:
        if shown := _read(clip, found):
            camera = turning.of_frames(shown)
            passed = [
                turning.against_a_draw(recognizer, camera, seed + number).outcome is Outcome.PASSED
                for number in range(draws)
            ]
            for is_through in passed:
                found.attacks.add(is_through)
            if any(passed):
                found.through.append(clip.name)
            tell(f"{ATTACKS}/{clip.name}: got through {sum(passed)} of {draws} challenges")
    return found


def _read(clip: Clip, found: Found) -> list[Frame]:
    shown = clip.frames()
    if not shown:
        found.unreadable.append(clip.name)
    return shown


def _judge_honest(recognizer: Recognizer, clip: Clip, shown: list[Frame], found: Found) -> str:
    seen = turning.headings(recognizer, shown)
    steps = turning.steps_of(seen)
    turns = tuple(step.heading for step in steps if step.heading is not Heading.STRAIGHT)
    if turns != clip.turns:
        found.honest.add(True)
        found.unseen.append(clip.name)
        return f"turns seen: {_letters(turns) or 'none'}, made: {_letters(clip.turns)}"
    trial = turning.attempt(recognizer, turning.of_frames(shown), steps)
    found.honest.add(trial.outcome is not Outcome.PASSED)
    if trial.outcome is not Outcome.PASSED:
        found.refused.append(clip.name)
    return f"{trial.outcome} at step {trial.step} of {len(steps)}"


def _letters(turns: tuple[Heading, ...]) -> str:
    return "".join(letter for turn in turns for letter, way in LETTERS.items() if way is turn)
