"""Comparisons and whole sign-ins of people who are numbers: what must come out is plain."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest

from facelogin.evaluation import measuring
from facelogin.evaluation.capturing import FIND, READ, TEMPLATE, Capture
from facelogin.evaluation.people import CannotEvaluate, Occasion
from facelogin.evaluation.scoring import Claim, Folder
from facelogin.evaluation.sign_ins import ANOTHER, IMPOSTOR, SAME, TWO, SignIns
from facelogin.recognition import Face, Frame, Template, pool

SAMPLES = 52  # of an occasion: two sign-ins of twelve in its second half
ANOTHER_DAY = 3.0


class Ruler:
    """An engine of numbers on a line."""

    name = "ruler"

    def template(self, _frame: Frame, _face: Face) -> Template:
        raise AssertionError("nobody looks at pictures here")

    def dissimilarities(
        self, probe: Template, templates: npt.NDArray[np.generic]
    ) -> npt.NDArray[np.float32]:
        return np.abs(templates.astype(np.float32) - probe)[:, 0]


def capture(person: int, session: int = 0, samples: int = SAMPLES) -> Capture:
    """Somebody who is always the same on one day: ten from the next person, three a day."""
    at = 10.0 * person + ANOTHER_DAY * session + np.linspace(0, 0.5, samples)
    occasion = Occasion("plant", f"person {person}", f"day {session}", ("a.jpg",) * samples)
    seconds = {READ: 0.1, FIND: 0.2, TEMPLATE: 0.3}
    return Capture(occasion, at[:, None], samples + 2, Counter(blurred=2), (), seconds)


def days(count: int, people: int = 4) -> list[Capture]:
    return [capture(person, day) for person in range(people) for day in range(count)]


def test_every_comparison_is_made_once() -> None:
    folder = Folder(days(3), Ruler())
    assert folder.people == [f"person {n}" for n in range(4)]
    same, another, two, non_mated = (
        folder.comparisons(kind)
        for kind in ("same_session", "another_session", "two_sessions", "non_mated")
    )
    assert len(same.scores) == 12 * SAMPLES // 2 and same.scores.max() < 0.5
    # Each day enrolled, each other day compared; each two days enrolled, the third compared.
    assert len(another.scores) == 4 * 3 * 2 * SAMPLES and another.scores.min() > 2
    assert len(two.scores) == 4 * 3 * SAMPLES
    assert len(non_mated.scores) == 12 * 9 * SAMPLES and non_mated.scores.min() > 3
    assert np.all(non_mated.references != non_mated.probes)
    assert np.all(another.references == another.probes)


def test_a_score_is_the_products_own() -> None:
    folder = Folder(days(2), Ruler())
    claim = Claim.of(0, [folder.rows[0], folder.rows[1]], 10)
    assert claim.samples.size == 20 and Counter(claim.groups.tolist()) == {0: 10, 1: 10}
    probe = folder.rows[2][0]
    distances = Ruler().dissimilarities(folder.samples[probe], folder.samples[claim.samples])
    assert folder.scores(claim, np.array([probe]), 1)[0] == pool(distances, claim.groups)


def test_occasions_of_few_samples_take_no_part() -> None:
    folder = Folder([*days(1), capture(9, samples=4)], Ruler())
    assert "person 9" not in folder.people


def sign_ins(threshold: float, days_each: int = 3) -> SignIns:
    return SignIns(
        Folder(days(days_each), Ruler()),
        Ruler(),
        lambda _person: threshold,
        lambda _person, _captures: threshold,
    ).run()


def test_sign_ins_are_counted_as_what_they_are() -> None:
    """At a threshold between the frames of a day and those of the next, days are strangers."""
    tried = sign_ins(1.0)
    assert (tried.not_enrolled.errors, tried.not_enrolled.trials) == (0, 12)
    assert (tried.counts[SAME].errors, tried.counts[SAME].trials) == (0, 24)
    assert (tried.counts[ANOTHER].errors, tried.counts[ANOTHER].trials) == (48, 48)
    assert (tried.counts[IMPOSTOR].errors, tried.counts[IMPOSTOR].trials) == (0, 12 * 9 * 2)
    assert tried.refused.keys() == {f"person {n}" for n in range(4)}


def test_a_rate_that_cannot_be_shown_is_no_failure_to_enrol() -> None:
    tried = SignIns(
        Folder(days(2), Ruler()), Ruler(), lambda _person: None, lambda _person, _captures: None
    ).run()
    assert tried.not_enrolled.trials == 0


def test_who_gave_too_few_samples_is_not_enrolled_and_named() -> None:
    hidden = capture(9, samples=3)
    hidden = Capture(hidden.occasion, hidden.samples, 50, Counter(no_face=47), (), hidden.seconds)
    (found,) = measuring.measure([*days(1), hidden], Ruler(), limit=None, seed=1)
    assert found["left_out"] == ["person 9"]
    not_enrolled = found["sign_ins"][0]["not_enrolled"]
    assert (not_enrolled["errors"], not_enrolled["trials"]) == (1, 5)


def test_a_lax_threshold_lets_everybody_in() -> None:
    tried = sign_ins(1000.0)
    assert tried.counts[ANOTHER].errors == tried.counts[TWO].errors == 0
    assert tried.counts[IMPOSTOR].errors == tried.counts[IMPOSTOR].trials


def test_who_is_not_like_themselves_is_not_enrolled() -> None:
    tried = sign_ins(0.000_001)
    assert tried.not_enrolled.errors == 12
    assert all(count.trials == 0 for count in tried.counts.values())


def test_figures_of_a_folder() -> None:
    (found,) = measuring.measure(days(3), Ruler(), limit=None, seed=1)
    assert (found["people"], found["occasions"], found["pictures"]) == (4, 12, 12 * 54)
    acquired = found["failure_to_acquire"]
    assert (acquired["errors"], acquired["reasons"]) == (24, {"blurred": 24})
    same = found["single_frames"]["same_session"]
    assert same["equal_error_rate"] == 0 and sum(same["histogram"]) == same["trials"]
    at_one_percent, at_one_in_ten_thousand = same["points"][0], same["points"][2]
    assert (at_one_percent["errors"], at_one_percent["trials"]) == (0, 12 * 26)
    assert at_one_in_ten_thousand == {"false_match_rate": 0.0001, "is_shown": False}
    assert found["seconds_by_step"][READ] == pytest.approx(1.2 / 648)


def test_nobody_helps_to_set_their_own_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    without = measuring.Comparisons.without

    def noted(found: measuring.Comparisons, person: int) -> measuring.Comparisons:
        kept = without(found, person)
        asked.append(person)
        assert person not in {*kept.references.tolist(), *kept.probes.tolist()}
        return kept

    monkeypatch.setattr(measuring.Comparisons, "without", noted)
    measuring.measure(days(2), Ruler(), limit=None, seed=1)
    assert set(asked) == {0, 1, 2, 3}


def test_normalised_scores_and_their_limit() -> None:
    """Against people who are all alike far away, one's own are far below; too far is nobody."""
    people = days(1, people=8)
    normalised = Folder(people, Ruler(), limit=15.0)
    same, others = normalised.comparisons("same_session"), normalised.comparisons("non_mated")
    assert np.median(same.scores) < others.scores.min()
    assert np.isinf(others.scores).any() and not np.isinf(same.scores).any()
    table = measuring.table(people, Ruler(), "a test", limit=15.0)
    assert table["points"] and table["people"] == 8


def test_a_cohort_of_too_few_is_refused() -> None:
    with pytest.raises(CannotEvaluate, match="5 people are too few for a cohort"):
        measuring.measure(days(1, people=5), Ruler(), limit=1.0, seed=1)


def test_too_few_samples_are_refused_with_what_helps() -> None:
    with pytest.raises(CannotEvaluate, match="plant: fewer than two people gave five samples"):
        measuring.measure([capture(0), capture(1, samples=3)], Ruler(), limit=None, seed=1)
