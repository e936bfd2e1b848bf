"""Curves and histograms, drawn so that they can be read on light and on dark."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

GREY = "#808080"
COLOURS = {
    "same_session": "#2a9d8f",
    "another_session": "#e07a3f",
    "two_sessions": "#6f7fd8",
    "non_mated": GREY,
}
NAMES = {
    "same_session": "own, same session",
    "another_session": "own, another session",
    "two_sessions": "own, another session, two enrolled",
    "non_mated": "other people",
}
LEAST_RATE = 1e-4


def _as_svg(figure: Figure) -> str:
    file = io.StringIO()
    # Text stays text: readable by screen readers, and small. No date: same figures, same file.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "kubevision"}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def _in_grey(axes: Axes) -> None:
    axes.tick_params(colors=GREY, which="both")
    for spine in axes.spines.values():
        spine.set_color(GREY)
    for label in (axes.xaxis.label, axes.yaxis.label, axes.title):
        label.set_color(GREY)
    axes.grid(color=GREY, alpha=0.25, linewidth=0.5)
    if legend := axes.legend(frameon=False, fontsize=8):
        for text in legend.get_texts():
            text.set_color(GREY)


def scores(folder: dict[str, Any]) -> str:
    """Return an SVG of how own and other people's scores are distributed."""
    figure = Figure(figsize=(5, 3.4), layout="tight")
    axes = figure.subplots()
    found = folder["single_frames"]
    edges = found["edges"]
    for kind, name in NAMES.items():
        if kind in found:
            counts = found[kind]["histogram"]
            total = max(sum(counts), 1)
            axes.stairs([count / total for count in counts], edges, color=COLOURS[kind], label=name)
    axes.set_xlabel("score: smaller is more alike")
    axes.set_ylabel("share of frames")
    _in_grey(axes)
    return _as_svg(figure)


def _curves(axes: Axes, folders: Sequence[dict[str, Any]]) -> None:
    for folder in folders:
        for decision, style in (("single_frames", "-"), ("eight_frames", "--")):
            for kind in ("same_session", "another_session", "two_sessions"):
                if found := folder[decision].get(kind):
                    name = f"{NAMES[kind]}{', 8 frames' if style == '--' else ''}"
                    if len(folders) > 1:
                        name = f"{folder['name']}: {name}"
                    accepted, refused = found["trade_off"]
                    shown = [max(rate, LEAST_RATE) for rate in refused]
                    axes.plot(
                        accepted, shown, style, color=COLOURS[kind], label=name, linewidth=1.2
                    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(LEAST_RATE, 1.2)
    axes.set_xlabel("other people taken for the person (FMR)")
    axes.set_ylabel("person not recognised (FNMR)")


def curves(folders: Sequence[dict[str, Any]]) -> str:
    """Return an SVG of detection error trade-off (DET) curves."""
    figure = Figure(figsize=(5, 3.4), layout="tight")
    axes = figure.subplots()
    _curves(axes, folders)
    _in_grey(axes)
    return _as_svg(figure)


def save_curves(folders: Sequence[dict[str, Any]], file: Path, title: str) -> None:
    """Write a PNG of all folders' curves."""
    figure = Figure(figsize=(9, 6), layout="tight")
    axes = figure.subplots()
    _curves(axes, folders)
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    figure.savefig(file, dpi=120)
