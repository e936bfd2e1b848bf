"""The figures of an evaluation in words and rows, for pages, documents and terminals."""

from collections.abc import Sequence
from typing import Any

from facelogin.evaluation import measuring

KINDS = {
    "same_session": "same session",
    "another_session": "another session",
    "two_sessions": "another session, two enrolled",
}
DECISIONS = {"single_frames": "one frame", "eight_frames": "median of eight frames"}


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


def steps(folder: dict[str, Any]) -> str:
    """Return what each step costs."""
    return ", ".join(
        f"{step} {1000 * seconds:.2g} ms" for step, seconds in folder["seconds_by_step"].items()
    )


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
        if not tried["not_enrolled"]["trials"]:
            continue  # the rate cannot be shown with so few comparisons
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


def summary(name: str, folders: Sequence[dict[str, Any]]) -> str:
    """Return the figures of an engine, by the name it is called by, as text for a terminal."""
    lines = []
    for folder in folders:
        lines.append(
            f"\n{folder['name']} with {name}: {folder['people']} people, "
            f"{folder['pictures']} pictures, no sample: {of(folder['failure_to_acquire'])}"
        )
        lines.append(f"  CPU time of a picture: {steps(folder)}")
        if folder["left_out"]:
            lines.append(f"  fewer than five samples, left out: {', '.join(folder['left_out'])}")
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
