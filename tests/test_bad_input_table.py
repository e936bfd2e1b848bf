"""The table in the documentation is what the tests hold the product to."""

from tests.bad_input.table import FINE, PAGE, SECTIONS, Row, expected, rows

CASES = [case for cases in SECTIONS.values() for case in cases]


def test_every_case_is_in_it_as_the_tests_expect_it() -> None:
    written = rows(PAGE.read_text())
    asked = {case.name: (expected(case), FINE) for case in CASES}
    assert len(asked) == len(CASES), "two cases have one name"
    assert written == asked, "run `make bad-input`"


def test_no_case_leaves_a_fault_in_the_log() -> None:
    page = PAGE.read_text()
    assert "Traceback" not in page and "`ERROR " not in page and "a worker was lost" not in page


def test_rows_are_read_as_they_are_written() -> None:
    row = Row("a | b", "c, d", "`x | y`<br>`z`", "**failed**")
    assert rows(f"| case | x | y | z |\n|---|---|---|---|\n{row}\n") == {
        "a | b": ("c, d", "**failed**")
    }
