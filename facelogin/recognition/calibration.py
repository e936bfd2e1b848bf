"""From a wanted false match rate to a threshold, through a measured table."""

import json
import math
from dataclasses import dataclass

from facelogin.recognition.errors import CalibrationError


@dataclass(frozen=True)
class OperatingPoint:
    """One threshold and what was measured at it.

    Attributes
    ----------
    false_match_rate : float
        The rate this point stands for; errors / trials is at or under it.
    threshold : float
        Dissimilarity; at or under it is a match.
    errors, trials : int
        Non-mated comparisons that matched, of all that were made.
    people_bound : float
        The 95 % upper bound by pairs of people, which come nearer to independent trials than many
        pictures of few people do: with no error among 703 pairs it is 0.43 %.
    """

    false_match_rate: float
    threshold: float
    errors: int
    trials: int
    people_bound: float


@dataclass(frozen=True)
class CalibrationTable:
    """The operating points of one engine, strictest first."""

    engine: str
    people: int
    points: tuple[OperatingPoint, ...]

    @classmethod
    def from_json(cls, text: str) -> "CalibrationTable":
        """Read a table.

        Raises
        ------
        CalibrationError
            If it is malformed, or its thresholds do not grow with the rates.
        """
        try:
            body = json.loads(text)
            points = tuple(
                OperatingPoint(
                    float(p["false_match_rate"]),
                    float(p["threshold"]),
                    int(p["errors"]),
                    int(p["trials"]),
                    float(p["people_bound"]),
                )
                for p in body["points"]
            )
            table = cls(str(body["engine"]), int(body["people"]), points)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise CalibrationError(f"malformed calibration table: {error!r}") from None
        rates = [p.false_match_rate for p in points]
        thresholds = [p.threshold for p in points]
        # JSON as Python reads it knows NaN, which no order holds, and Infinity, which accepts all.
        if not all(map(math.isfinite, [*rates, *thresholds])):
            raise CalibrationError("a calibration table holds finite numbers only")
        if not points or rates != sorted(set(rates)) or thresholds != sorted(thresholds):
            raise CalibrationError("the points of a calibration table must grow")
        return table

    def point_for(self, false_match_rate: float) -> OperatingPoint:
        """Return the nearest point that is not laxer than the wanted rate.

        Raises
        ------
        CalibrationError
            If every point is laxer: such a rate was never measured.
        """
        strict_enough = [p for p in self.points if p.false_match_rate <= false_match_rate]
        if not strict_enough:
            raise CalibrationError(
                f"the {self.engine} table shows no false match rate of {false_match_rate:g}; "
                f"its strictest is {self.points[0].false_match_rate:g}"
            )
        return strict_enough[-1]

    def threshold_for(self, false_match_rate: float) -> float:
        """Return the threshold of that point; CalibrationError if there is none."""
        return self.point_for(false_match_rate).threshold
