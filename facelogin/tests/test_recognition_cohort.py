"""Normalising a score against other people: never closer by accident, and the same every time."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from facelogin.recognition import COHORT_LEAST, COHORT_PEOPLE, Cohort, Reference
from facelogin.recognition.engines import LbphEngine
from facelogin.recognition.scoring import background, normalised, s_norm
from facelogin.tests.pictures import frames, portrait, recognizer, stranger, template_of

# What distances of any engine look like: dlib's lie around 0.4, LBPH's around 110.
scores = st.floats(0.0, 256.0)
spreads = st.floats(0.01, 50.0)
# More than rounding apart.
cohorts = st.lists(scores, min_size=COHORT_LEAST, max_size=COHORT_PEOPLE).filter(
    lambda values: float(np.std(values)) > 0.01
)


@given(scores, cohorts, scores, spreads, st.tuples(st.floats(0.05, 20), st.floats(0, 100)))
def test_another_scale_or_zero_of_all_scores_changes_nothing(
    score: float, others: list[float], mean: float, spread: float, move: tuple[float, float]
) -> None:
    scale, shift = move
    before = s_norm(score, np.array(others), mean, spread)
    moved = np.array(others) * scale + shift
    after = s_norm(score * scale + shift, moved, mean * scale + shift, spread * scale)
    assert after == pytest.approx(before, rel=1e-6, abs=1e-6)


@given(scores, cohorts, scores, spreads, st.randoms())
def test_the_order_of_the_people_changes_nothing(
    score: float, others: list[float], mean: float, spread: float, random: Random
) -> None:
    mixed = random.sample(others, len(others))
    assert s_norm(score, np.array(mixed), mean, spread) == pytest.approx(
        s_norm(score, np.array(others), mean, spread), rel=1e-9, abs=1e-9
    )


@given(scores, scores, cohorts, scores, spreads)
def test_nearer_is_never_scored_further(
    one: float, other: float, others: list[float], mean: float, spread: float
) -> None:
    near, far = sorted([one, other])
    assert s_norm(near, np.array(others), mean, spread) <= s_norm(
        far, np.array(others), mean, spread
    )


@given(scores, cohorts, scores, spreads)
def test_it_is_bounded_by_the_larger_spread(
    score: float, others: list[float], mean: float, spread: float
) -> None:
    """However alike the others are to the probe, a small difference stays a small difference."""
    normal = s_norm(score, np.array(others), mean, spread)
    largest = max(float(np.std(others)), spread)
    furthest = max(abs(score - float(np.mean(others))), abs(score - mean))
    assert abs(normal) <= furthest / (0.5 * largest) * (1 + 1e-9)


@given(scores, scores, st.integers(COHORT_LEAST, COHORT_PEOPLE))
def test_people_who_do_not_differ_are_no_ground_for_a_match(
    score: float, mean: float, people: int
) -> None:
    assert s_norm(score, np.full(people, mean), mean, 0.0) == math.inf


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
@given(cohorts, scores, spreads)
def test_a_score_that_is_no_number_is_no_match(
    score: float, others: list[float], mean: float, spread: float
) -> None:
    assert s_norm(score, np.array(others), mean, spread) == math.inf
    assume(math.isfinite(mean))
    assert s_norm(mean, np.array([*others, score]), mean, spread) == math.inf
    assert s_norm(mean, np.array(others), score, spread) == math.inf


def test_an_ordinary_score_in_figures() -> None:
    """By hand: T (60 - 100) / 10 = -4, Z (60 - 90) / 15 = -2."""
    others = np.array([90.0, 110.0] * 4)
    assert s_norm(60.0, others, 90.0, 15.0) == pytest.approx(-3.0)


def people(count: int) -> list[Reference]:
    still = portrait()
    return [
        Reference("lbph", np.stack([template_of(stranger(still, seed))] * 3))
        for seed in range(1, count + 1)
    ]


def test_one_face_is_far_below_the_others_and_another_one_is_not() -> None:
    engine = LbphEngine()
    shown = [template_of(image) for image in frames(8)]
    mine = Reference("lbph", np.stack(shown[:6]))
    seen = background(engine, mine, Cohort.of(people(10)))
    own = [normalised(engine, probe, mine, seen) for probe in shown[6:]]
    another = normalised(engine, template_of(stranger(portrait(), 99)), mine, seen)
    equal = normalised(engine, shown[0], mine, seen)
    assert max([equal, *own]) < -2.5 < another
    # The recognizer does the same, and the same again.
    assert recognizer().dissimilarity(shown[0], mine, seen) == equal
    again = recognizer().background(mine, Cohort.of(people(10)), math.inf)
    assert (again.mean, again.spread) == (seen.mean, seen.spread)


def test_over_the_limit_nothing_matches_however_far_the_others_are() -> None:
    engine = LbphEngine()
    shown = [template_of(image) for image in frames(7)]
    mine = Reference("lbph", np.stack(shown[:6]))
    plain = recognizer().dissimilarity(shown[6], mine)
    cohort = Cohort.of(people(10))
    at = [background(engine, mine, cohort, limit) for limit in (plain, plain - 0.01, math.nan)]
    found = [normalised(engine, shown[6], mine, each) for each in at]
    assert found[0] < -2.5 and found[1:] == [math.inf, math.inf]


def test_a_cohort_has_one_sample_of_each_person() -> None:
    cohort = Cohort.of(people(COHORT_LEAST))
    assert cohort.templates.shape == (COHORT_LEAST, *template_of(portrait()).shape)
    assert cohort.engine == "lbph"


@pytest.mark.parametrize("count", [0, 1, COHORT_LEAST - 1, COHORT_PEOPLE + 1])
def test_too_few_people_or_too_many_are_no_cohort(count: int) -> None:
    with pytest.raises(ValueError, match="a cohort has 8 to 24 people"):
        Cohort.of(people(1) * count)


def test_templates_of_two_engines_are_no_cohort() -> None:
    mixed = [*people(1) * 8, Reference("other", np.zeros((1, 64, 256), np.uint8))]
    with pytest.raises(ValueError, match="2 engines"):
        Cohort.of(mixed)
    others = Cohort("other", np.zeros((8, 64, 256), np.uint8))
    with pytest.raises(ValueError, match="lbph cannot compare other templates"):
        background(LbphEngine(), people(1)[0], others)
