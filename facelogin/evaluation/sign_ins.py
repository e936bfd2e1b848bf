"""Whole sign-ins by the product's own classes: enrolled with proof, decided on several frames."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from facelogin.evaluation.scoring import Claim, Folder, Indices
from facelogin.evaluation.statistics import upper_bound
from facelogin.recognition import (
    FRAMES_WANTED,
    WANTED_SAMPLES,
    Engine,
    Enrolment,
    EnrolmentRefused,
    Verdict,
    Verification,
    dissimilarity,
)

SAME, ANOTHER, AGAIN, TWO, IMPOSTOR, IMPOSTOR_TWO = (
    "same session",
    "another session",
    "one of two enrolled sessions",
    "another session, two enrolled",
    "another person",
    "another person, two enrolled",
)


@dataclass
class Count:
    """Errors of so many trials."""

    errors: int = 0
    trials: int = 0

    def add(self, is_error: bool) -> None:
        """Count one trial."""
        self.trials += 1
        self.errors += is_error

    def as_json(self) -> dict[str, float]:
        """Return both and the 95 % upper bound."""
        bound = upper_bound(self.errors, self.trials) if self.trials else 1.0
        return {"errors": self.errors, "trials": self.trials, "bound": bound}


Proving = Callable[[int], float | None]
"""Threshold for one person, from people who are not that person."""

Deciding = Callable[[int, int], float | None]
"""The same for a reference of so many captures."""


class SignIns:
    """Enrols everybody from the first half of each occasion and lets everybody try.

    Parameters
    ----------
    folder : Folder
    engine : Engine
    proving : callable
        Threshold of plain scores, which an enrolment is proved with.
    deciding : callable
        Threshold of the scores that decide.
    """

    def __init__(
        self, folder: Folder, engine: Engine, proving: Proving, deciding: Deciding
    ) -> None:
        self._folder, self._engine = folder, engine
        self._proving, self._deciding = proving, deciding
        self.not_enrolled = Count()
        self.counts = {
            kind: Count() for kind in (SAME, ANOTHER, AGAIN, TWO, IMPOSTOR, IMPOSTOR_TWO)
        }
        self.refused: dict[str, int] = {}

    def run(self) -> "SignIns":
        """Do all of it."""
        enrolled = {}
        for number, (person, _) in enumerate(self._folder.sessions):
            rows = self._folder.rows[number]
            threshold = self._proving(person)
            if len(rows) < 2 * WANTED_SAMPLES or threshold is None:
                continue
            samples = self._enrol(rows[: len(rows) // 2], threshold)
            self.not_enrolled.add(samples is None)
            if samples is not None:
                enrolled[number] = samples
        for number, samples in enrolled.items():
            self._try_all([number], Claim.of(self._folder.sessions[number][0], [samples], 99))
        for one, other in self._pairs_of_one_person(enrolled):
            person = self._folder.sessions[one][0]
            both = Claim.of(person, [enrolled[one], enrolled[other]], 99)
            self._try_all([one, other], both)
        return self

    def _pairs_of_one_person(self, enrolled: dict[int, Indices]) -> Iterator[tuple[int, int]]:
        sessions = self._folder.sessions
        for one in enrolled:
            for other in enrolled:
                if one < other and sessions[one][0] == sessions[other][0]:
                    yield one, other

    def _enrol(self, rows: Indices, threshold: float) -> Indices | None:
        enrolment = Enrolment()
        for row in rows:
            enrolment.add(self._folder.samples[row])
        try:
            reference = enrolment.finish(
                self._engine.name,
                lambda probe, reference: dissimilarity(self._engine, probe, reference),
                threshold,
            )
        except (EnrolmentRefused, ValueError):
            return None
        # The product's own choice of samples, as rows of the matrix.
        kept = {sample.tobytes() for sample in reference.templates}
        return rows[[self._folder.samples[row].tobytes() in kept for row in rows]][
            : len(reference.templates)
        ]

    def _try_all(self, enrolled: list[int], claim: Claim) -> None:
        threshold = self._deciding(claim.person, len(enrolled))
        if threshold is None:
            return
        for number, (person, _) in enumerate(self._folder.sessions):
            rows = self._folder.rows[number]
            if len(rows) < 2 * WANTED_SAMPLES:
                continue
            if person != claim.person:
                kind = IMPOSTOR if len(enrolled) == 1 else IMPOSTOR_TWO
            elif number in enrolled:
                kind = SAME if len(enrolled) == 1 else AGAIN
            else:
                kind = ANOTHER if len(enrolled) == 1 else TWO
            # The first half of an own session is what was enrolled.
            probes = rows[len(rows) // 2 :]
            for start in range(0, len(probes) - FRAMES_WANTED + 1, FRAMES_WANTED):
                tried = probes[start : start + FRAMES_WANTED]
                matched = self._matches(claim, tried, person, threshold)
                is_own = person == claim.person
                self.counts[kind].add(matched != is_own)
                if is_own and not matched:
                    name = self._folder.people[person]
                    self.refused[name] = self.refused.get(name, 0) + 1

    def _matches(self, claim: Claim, probes: Indices, person: int, threshold: float) -> bool:
        verification = Verification(threshold)
        for score in self._folder.scores(claim, probes, person):
            if verification.verdict is None:
                verification.add(float(score))
        return verification.verdict is Verdict.MATCH
