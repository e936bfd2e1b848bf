"""Error rates against what can be worked out by hand."""

import json
import math

import numpy as np
import pytest

from facelogin.evaluation.statistics import (
    Comparisons,
    equal_error_rate,
    median_of_eight,
    non_match_rate,
    over_people,
    threshold_at,
    trade_off,
    upper_bound,
)
from facelogin.evaluation.table import make_table
from facelogin.recognition import CalibrationTable


@pytest.mark.parametrize("trials", [1, 12, 703])
def test_no_error_leaves_what_a_binomial_says(trials: int) -> None:
    """The rate p at which no error in so many trials still happens once in twenty times."""
    assert (1 - upper_bound(0, trials)) ** trials == pytest.approx(0.05)


def test_the_bound_of_a_few_errors() -> None:
    """Clopper and Pearson's own sum: one error or fewer in ten happens once in twenty times."""
    bound = upper_bound(1, 10)
    assert (1 - bound) ** 10 + 10 * bound * (1 - bound) ** 9 == pytest.approx(0.05)
    assert upper_bound(10, 10) == 1


def test_a_threshold_lets_no_more_through_than_the_rate_says() -> None:
    others = np.array([0.5, 0.1, 0.4, 0.2, 0.3])
    threshold = threshold_at(others, 0.2)
    assert threshold is not None and 0.1 <= threshold < 0.2
    assert np.count_nonzero(others <= threshold) == 1
    assert threshold_at(others, 0.19) is None  # one of five is the least that was measured


def test_equal_scores_all_count() -> None:
    """Two scores at the threshold would be two errors where one is allowed."""
    threshold = threshold_at(np.array([0.1, 0.1, 0.4, 0.5]), 0.25)
    assert threshold is not None and threshold < 0.1


def test_the_rate_of_those_who_are_not_recognised() -> None:
    assert non_match_rate(np.array([0.1, 0.2, 0.3]), 0.2) == (1, 3)
    assert non_match_rate(np.array([0.1, np.nan, np.inf]), 0.2) == (2, 3)


def test_the_equal_error_rate() -> None:
    assert equal_error_rate(np.array([0.1, 0.2]), np.array([0.8, 0.9])) == 0
    assert equal_error_rate(np.array([0.8, 0.9]), np.array([0.1, 0.2])) == 1
    mated, others = np.array([0.1, 0.2, 0.3, 0.6]), np.array([0.4, 0.7, 0.8, 0.9])
    assert equal_error_rate(mated, others) == 0.25


def test_the_curve_falls_from_few_accepted_to_few_refused() -> None:
    random = np.random.default_rng(0)
    accepted, refused = trade_off(random.normal(0, 1, 500), random.normal(2, 1, 2000))
    assert accepted[0] == pytest.approx(1 / 2000) and accepted[-1] == pytest.approx(0.5)
    assert np.all(np.diff(refused) <= 0) and refused[0] > 0.3 and refused[-1] < 0.1


def test_people_are_drawn_not_comparisons() -> None:
    """One person whom nothing recognises is a fifth of the people, however many the frames are."""
    mated = Comparisons.of([(np.full(100, 0.9 if n == 0 else 0.1), n, n) for n in range(5)])
    others = Comparisons.of(
        [(np.full(20, 0.5), a, b) for a in range(5) for b in range(5) if a != b]
    )
    interval = over_people(mated, others, 0.01, 1, 5)
    assert interval is not None
    low, high = interval
    assert low == 0 and high >= 0.4
    assert interval == over_people(mated, others, 0.01, 1, 5), "the same seed, the same interval"
    assert over_people(mated, others, 0.001, 1, 5) is None


def test_a_decision_on_eight_frames_is_their_median() -> None:
    """Each frame counts once: windows over each other would look like more decisions."""
    scores = np.array([0, 0, 0, 0, 0, 9, 9, 9] + [9] * 8 + [0] * 7, float)
    assert median_of_eight(scores).tolist() == [0, 9]
    assert median_of_eight(scores[:7]).tolist() == []


# -- the table ------------------------------------------------------------------------------------


def pairs(scores: list[float], first: int = 0) -> Comparisons:
    """One comparison for each score, all of people of their own."""
    numbers = first + 2 * np.arange(len(scores))
    return Comparisons(np.array(scores), numbers, numbers + 1)


def point(table: dict, rate: float) -> dict:
    (found,) = [each for each in table["points"] if each["false_match_rate"] == rate]
    return found


def test_a_table_says_how_many_people_were_taken_for_each_other() -> None:
    scores = [0.1, 0.2, *np.linspace(0.5, 0.9, 98)]
    table = make_table("lbph", "a test", [pairs(scores)], 200)
    assert CalibrationTable.from_json(json.dumps(table)).people == 200
    one, two = point(table, 0.01), point(table, 0.02)
    assert 0.19 < one["threshold"] < 0.2 and (one["errors"], one["pairs_with_error"]) == (1, 1)
    assert 0.49 < two["threshold"] < 0.5 and (two["errors"], two["pairs_with_error"]) == (2, 2)
    assert one["people_bound"] == pytest.approx(upper_bound(1, 100), abs=1e-5)
    assert min(each["false_match_rate"] for each in table["points"]) == 0.01, "no rate unmeasured"


def test_no_folder_alone_errs_more_than_the_rate() -> None:
    """Thousands of easy comparisons before other cameras must not hide a hard folder."""
    hard, easy = pairs(list(np.linspace(0.1, 0.2, 100))), pairs([0.9] * 9900, first=1000)
    table = make_table("lbph", "a test", [hard, easy], 20_000)
    assert point(table, 0.01)["threshold"] < np.linspace(0.1, 0.2, 100)[1]


def test_a_small_folder_forbids_what_its_nearest_pair_shows() -> None:
    large, small = pairs(list(np.linspace(0.4, 0.9, 1000))), pairs([0.3] * 5, first=5000)
    assert point(make_table("lbph", "a test", [large, small], 99), 0.01)["threshold"] < 0.3


def test_both_ways_between_two_people_are_one_pair() -> None:
    numbers = np.array([0, 1, 2, 3])
    both = Comparisons(np.array([0.1, 0.1, 0.8, 0.8]), numbers, numbers[[1, 0, 3, 2]])
    table = make_table("lbph", "a test", [both], 4)
    assert table["pairs_of_people"] == 2


def test_a_table_ends_where_scores_end_that_could_be_normalised() -> None:
    scores = [*np.linspace(-5, -1, 100), *[math.inf] * 900]
    table = make_table("lbph", "a test", [pairs(scores)], 99)
    assert max(each["false_match_rate"] for each in table["points"]) < 0.1
    assert all(-5 < each["threshold"] < -1 for each in table["points"])
