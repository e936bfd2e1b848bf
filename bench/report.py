"""What every benchmark gives back: tables for people, figures for machines, a count of errors."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Table:
    """A table whose cells are text already."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __str__(self) -> str:
        """Return the table as Markdown, so that it can go into the documentation as it is."""
        lines = [" | ".join(cells) for cells in (self.columns, *self.rows)]
        lines.insert(1, " | ".join("---" for _ in self.columns))
        return "\n".join([self.title, "", *(f"| {line} |" for line in lines)])


@dataclass
class Report:
    """One part's outcome.

    Attributes
    ----------
    part : str
        Name of the part, and of its JSON file.
    settings : dict
        How much was measured; a tiny run shows that it works and measures nothing.
    figures : dict
        The measured figures by name, units in the names.
    errors : int
        Calls and attempts that did not end as they should have.
    """

    part: str
    settings: dict[str, object]
    tables: list[Table] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    errors: int = 0

    def write(self, folder: Path) -> Path:
        """Write the report as JSON and return the file."""
        body = {
            "part": self.part,
            "made_by": f"python -m bench {self.part}",
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "settings": self.settings,
            "figures": {name: round(value, 4) for name, value in self.figures.items()},
            "errors": self.errors,
            "tables": [
                {"title": table.title, "columns": list(table.columns), "rows": list(table.rows)}
                for table in self.tables
            ],
        }
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{self.part}.json"
        file.write_text(json.dumps(body, indent=1) + "\n")
        return file

    def __str__(self) -> str:
        tables = "\n\n".join(str(table) for table in self.tables)
        return f"== {self.part}\n\n{tables}\n\nerrors: {self.errors}\n"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that so large a share (0..1) of the values is at or under."""
    if len(values) < 2:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[min(98, max(0, round(share * 100) - 1))]
