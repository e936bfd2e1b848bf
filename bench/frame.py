"""Part `frame`: the CPU time of one 640x480 JPEG, split by step, against simpler ways."""

from collections.abc import Callable, Sequence
from statistics import median

from bench.bare import PROTOTYPE_PICTURES, BareLoop, Prototype
from bench.measure import Stopwatch, Timing, in_turns
from bench.options import Options
from bench.pictures import empty_frames, face_frames
from bench.report import Report, Table
from bench.steps import AROUND, RECOGNITION, Pipeline
from facelogin.recognition import WHOLE_SEARCH_EVERY, limit_threads

FRAMES, ROUNDS = 2 * WHOLE_SEARCH_EVERY, 12  # every round has the same share of whole searches
SMALLEST_FACE = 32  # px of 320, as the product's: OpenCV's default looks for more
PROTOTYPE_PEOPLE = (1, 10)

PRODUCT, WHOLE = "product", "product, always searching the whole frame"
BARE, BARE_32 = "bare loop", f"bare loop, faces from {SMALLEST_FACE} px"


def run(options: Options) -> Report:
    """Measure and report."""
    limit_threads(1)
    count, rounds = (2, 2) if options.is_tiny else (FRAMES, ROUNDS)
    report = Report("frame", {"frames": count, "rounds": rounds, "tiny": options.is_tiny})
    kinds = face_frames(count, options.faces)
    pipeline = Pipeline()
    empty = empty_frames(count)
    split: dict[str, dict[str, float]] = {}
    ratios: list[list[str]] = []
    for kind, jpegs in kinds.items():
        pipeline.enrol(jpegs)
        split[f"{kind}, mid-attempt"] = _split(pipeline, jpegs, rounds)
        split[f"{kind}, first frame"] = _split(pipeline, jpegs, rounds, is_first=True)
        ratios += _against_bare(kind, pipeline, jpegs, rounds=rounds, report=report)
    split["no face"] = _split(pipeline, empty, rounds)
    ratios += _against_bare("no face", pipeline, empty, rounds=rounds, report=report, seen=jpegs)
    report.tables = [
        _split_table(split, report),
        Table(
            "CPU ms a frame (half of the rounds lie in the brackets), in turns",
            ["frame", "way", "CPU ms", "product / this"],
            ratios,
        ),
        _prototypes(pipeline, kinds["drawn person"], options, report),
    ]
    return report


def _split(
    pipeline: Pipeline, jpegs: Sequence[bytes], rounds: int, *, is_first: bool = False
) -> dict[str, float]:
    """Return each step's CPU milliseconds a frame: the mean of a round, of the middle round."""
    pipeline.start_attempt()
    taken: dict[str, list[float]] = {}
    for turn in range(-1, rounds):
        watch = Stopwatch()
        for jpeg in jpegs:
            pipeline.look(jpeg, watch, is_first=is_first)
        if turn >= 0:
            for step, milliseconds in watch.milliseconds.items():
                taken.setdefault(step, []).append(milliseconds / len(jpegs))
    return {step: median(values) for step, values in taken.items()}


def _split_table(split: dict[str, dict[str, float]], report: Report) -> Table:
    rows = []
    for step in (*RECOGNITION, *AROUND):
        rows.append([step, *(_cell(steps, step) for steps in split.values())])
    rows.append(["all", *(f"{sum(steps.values()):.2f}" for steps in split.values())])
    for kind, steps in split.items():
        for step, milliseconds in steps.items():
            report.figures[f"{kind}: {step}, CPU ms"] = milliseconds
    return Table("CPU ms of one frame by step", ["step", *split], rows)


def _cell(steps: dict[str, float], step: str) -> str:
    if step not in steps:
        return "-"
    return f"{steps[step]:.2f} ({steps[step] / sum(steps.values()):.0%})"


def _each(look: Callable[[bytes], object], jpegs: Sequence[bytes]) -> Callable[[], None]:
    def all_of_them() -> None:
        for jpeg in jpegs:
            look(jpeg)

    return all_of_them


def _against_bare(
    kind: str,
    pipeline: Pipeline,
    jpegs: Sequence[bytes],
    *,
    rounds: int,
    report: Report,
    seen: Sequence[bytes] | None = None,
) -> list[list[str]]:
    pipeline.start_attempt()
    ways: dict[str, Callable[[bytes], object]] = {
        PRODUCT: pipeline.observe,
        WHOLE: pipeline.compare,
    }
    for name, smallest in ((BARE, 24), (BARE_32, SMALLEST_FACE)):
        loop = BareLoop(smallest)
        loop.remember(seen or jpegs)
        ways[name] = loop.look
    timings = in_turns({name: _each(way, jpegs) for name, way in ways.items()}, rounds)
    rows = []
    for name, timing in timings.items():
        a_frame = Timing([value / len(jpegs) for value in timing.rounds])
        ratio = timings[PRODUCT].over(timing)
        rows.append([kind, name, str(a_frame), f"{ratio:.2f}"])
        report.figures[f"{kind}: {name}, CPU ms"] = a_frame.median
        report.figures[f"{kind}: product / {name}"] = ratio
    return rows


def _prototypes(
    pipeline: Pipeline, jpegs: Sequence[bytes], options: Options, report: Report
) -> Table:
    pictures, rounds = (1, 1) if options.is_tiny else (PROTOTYPE_PICTURES, 2)
    rows = []
    pipeline.enrol(list(jpegs))
    for people in PROTOTYPE_PEOPLE:
        with Prototype(people, jpegs, pictures) as prototype:
            # One frame a round and none to warm up: ten people's model takes many seconds to read.
            ways = {
                "prototype": _each(prototype.look, jpegs[:1]),
                PRODUCT: _each(pipeline.observe, jpegs[:1]),
            }
            timings = in_turns(ways, rounds, has_warm_up=False)
            ratio = timings["prototype"].over(timings[PRODUCT])
            rows.append(
                [
                    str(people),
                    f"{prototype.model_megabytes:.0f}",
                    f"{timings['prototype'].median:.0f}",
                    f"{timings[PRODUCT].median:.1f}",
                    f"{ratio:.0f}",
                ]
            )
        report.figures[f"prototype, {people} enrolled, CPU ms"] = timings["prototype"].median
        report.figures[f"prototype, {people} enrolled / product"] = ratio
    return Table(
        "the prototype's way: one model of all people, read from YAML for every frame",
        ["people enrolled", "model MB", "prototype CPU ms", "product CPU ms", "times"],
        rows,
    )
