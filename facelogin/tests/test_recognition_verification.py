"""Five of twelve, decided as soon as it cannot change."""

import itertools

import pytest

from facelogin.recognition import FRAMES_WANTED, Verdict, Verification

THRESHOLD = 98.5
MATCHES_NEEDED = 5


def after(answers: tuple[bool, ...]) -> Verification:
    verification = Verification(THRESHOLD)
    for is_match in answers:
        verification.add(THRESHOLD - 1 if is_match else THRESHOLD + 1)
    return verification


def test_every_sequence_is_decided_as_soon_as_it_cannot_change() -> None:
    """All 4096 sequences of twelve: a verdict stands exactly when every way on leads to it."""
    possible: dict[tuple[bool, ...], set[Verdict]] = {}
    for sequence in itertools.product((False, True), repeat=FRAMES_WANTED):
        verdict = Verdict.MATCH if sum(sequence) >= MATCHES_NEEDED else Verdict.NON_MATCH
        for length in range(FRAMES_WANTED + 1):
            possible.setdefault(sequence[:length], set()).add(verdict)
    assert len(possible) == 2**13 - 1
    for prefix, verdicts in possible.items():
        verification = after(prefix)
        expected = verdicts.copy().pop() if len(verdicts) == 1 else None
        assert verification.verdict is expected, prefix


def test_the_quickest_verdicts() -> None:
    assert after((True,) * 4).verdict is None
    assert after((True,) * 5).verdict is Verdict.MATCH
    assert after((False,) * 7).verdict is None
    assert after((False,) * 8).verdict is Verdict.NON_MATCH


def test_twelve_samples_always_decide() -> None:
    for sequence in itertools.product((False, True), repeat=FRAMES_WANTED):
        assert after(sequence).verdict is not None


@pytest.mark.parametrize(
    ("score", "is_match"),
    [
        (0.0, True),
        (THRESHOLD, True),
        (THRESHOLD + 1e-6, False),
        (float("inf"), False),
        (float("nan"), False),
    ],
)
def test_at_or_under_the_threshold_is_a_match(score: float, is_match: bool) -> None:
    verification = Verification(THRESHOLD)
    for _ in range(8):
        verification.add(score)
    assert verification.verdict is (Verdict.MATCH if is_match else Verdict.NON_MATCH)


def test_a_threshold_that_is_no_number_matches_nobody() -> None:
    verification = Verification(float("nan"))
    for _ in range(8):
        verification.add(0.0)
    assert verification.verdict is Verdict.NON_MATCH


def test_progress_tells_how_near_but_not_which() -> None:
    for length in range(5):
        seen = {after(p).progress for p in itertools.product((False, True), repeat=length)}
        assert seen == {length / 12}
    assert after((True,) * 5).progress == after((False,) * 8).progress == 1.0
