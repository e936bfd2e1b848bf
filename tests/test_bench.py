"""Every part of the benchmarks runs in a tiny form; no time is asserted anywhere."""

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from bench import doors, onnx_device
from bench import product as bench_product
from bench.__main__ import PARTS, main
from bench.measure import Timing, in_turns
from bench.processes import can_keep_apart, off_cores, on_cores
from bench.report import Report, Table, percentile
from tests.product import Product

# A few figures of each part that others rely on (docs/benchmarks.md).
PROMISED = {
    "frame": {
        "drawn person, mid-attempt: find the face near the last one, CPU ms",
        "drawn person, mid-attempt: find the face anywhere, CPU ms",
        "drawn person, first frame: open the reference, CPU ms",
        "no face: second look for a turned head, CPU ms",
        "drawn person: product / bare loop",
        "drawn person: product / product, always searching the whole frame",
        "astronaut: product / bare loop",
        "no face: product / bare loop",
        "prototype, 1 enrolled / product",
        "prototype, 10 enrolled / product",
    },
    "throughput": {
        "direct, frames a second",
        "sockets, frames a second",
        "sockets / direct",
        "worker CPU ms a frame",
        "server CPU ms a frame",
    },
    "sign_in": {
        *(
            f"{crowd}: {leg} {point}, ms"
            for crowd in ("alone", "together")
            for leg in (
                "password",
                "ticket",
                "socket open to ready",
                "first frame to verdict",
                "frame to answer",
                "assertion",
                "whole sign-in",
            )
            for point in ("p50", "p95")
        ),
        "cost: password: Argon2id, share",
    },
    "load": {
        "frame to answer p95, ms",
        "first frame to verdict p95, ms",
        "cores busy",
        "sign-ins",
    },
    "overload": {
        "all at once: turned away after, longest, ms",
        "all at once: livez p99, ms",
        "peak / normal",
        "after / normal",
    },
    "live": {
        "CPU of one core, nobody",
        "CPU of one core, all listen",
        "memory of all sockets, MiB",
        "signed out to heard p95, ms",
    },
    "doors": {
        "password: all but Argon2id, ms",
        "password: spread of refusals, share",
        "page: / signed out: no call p95, ms",
        "page: / signed in: one call to accounts p95, ms",
        "start to ready p50, s",
    },
    "people": {
        "sign in by password: 200 / 100 accounts",
        "list of users: 200 / 100 accounts",
        "list of users: 200 accounts p50, ms",
    },
    "enrolled": {
        "frame, CPU ms, many / few",
        "sign-in, CPU ms, many / few",
    },
    "draining": {
        *("finished", "came back", "failed"),
        *("last one in after the signal, s", "copy gone after the signal, s"),
    },
    "renewal": {"sign-ins", "enrolments", "failed", "renewal, s"},
    "mongodb_away": {
        "frozen: slowest answer, s",
        "killed: slowest answer, s",
        "killed: ready again after, s",
    },
    "enrolled_mongodb": {
        "frame, CPU ms, many / few",
        "sign-in, CPU ms, many / few",
    },
}
MEMBERS = {"part", "made_by", "cores", "python", "settings", "figures", "errors", "tables"}


@pytest.fixture
def one_product(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the parts use the product that all tests share, instead of starting their own."""
    for module in (bench_product, doors):
        monkeypatch.setattr(
            module, "running_product", lambda _folder, **_settings: nullcontext(product)
        )


@pytest.mark.usefixtures("one_product")
@pytest.mark.parametrize("part", PARTS)
def test_a_part_prints_its_tables_and_writes_what_it_promises(
    part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main([part, "--tiny", "--output", str(tmp_path)])
    printed = capsys.readouterr().out
    assert status == 0, printed
    body: dict[str, Any] = json.loads((tmp_path / f"{part}.json").read_text())
    assert set(body) == MEMBERS
    assert body["part"] == part
    assert body["errors"] == 0
    assert body["settings"]["tiny"] is True
    assert PROMISED[part] <= set(body["figures"]), PROMISED[part] - set(body["figures"])
    assert all(isinstance(figure, int | float) for figure in body["figures"].values())
    assert body["tables"]
    for table in body["tables"]:
        assert table["title"] in printed
        assert table["rows"] and all(len(row) == len(table["columns"]) for row in table["rows"])


def test_every_part_promises_something() -> None:
    assert set(PROMISED) == set(PARTS)


def test_a_part_that_does_not_exist_is_named_with_those_that_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["speed"])
    assert stopped.value.code == 2
    assert "no part speed; there are frame, throughput" in capsys.readouterr().err


def test_errors_end_in_a_status_that_is_not_zero(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bench.__main__.run", lambda part, _: Report(part, {}, errors=1))
    assert main(["frame", "--output", str(tmp_path)]) == 1


def test_an_error_is_counted_written_and_told(tmp_path: Path) -> None:
    report = Report("frame", {}, errors=3)
    assert json.loads(report.write(tmp_path).read_text())["errors"] == 3
    assert "errors: 3" in str(report)


def test_every_variant_runs_once_a_round_and_the_first_round_does_not_count() -> None:
    ran: list[str] = []
    timings = in_turns({"a": lambda: ran.append("a"), "b": lambda: ran.append("b")}, 4)
    assert sorted(ran) == ["a"] * 5 + ["b"] * 5
    assert {ran[0], ran[2]} == {"a", "b"}  # they take turns at being first
    assert [len(timing.rounds) for timing in timings.values()] == [4, 4]


def test_a_ratio_is_taken_within_each_round() -> None:
    """A round that a busy machine made three times as slow says the same as the others."""
    ours, other = Timing([10, 30, 10]), Timing([20, 60, 20])
    assert ours.over(other) == 0.5
    assert ours.median == 10


def test_devices_are_compared_where_there_are_two(capsys: pytest.CaptureFixture[str]) -> None:
    onnx_device.main(["--frames", "3"])
    cpu, gpu = capsys.readouterr().out.splitlines()
    assert cpu.startswith("CPU, one thread: ") and cpu.endswith(" frames/s")
    assert gpu.startswith("GPU: ") and ("not measured: no GPU" in gpu or " times the CPU" in gpu)


def test_a_model_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "none.onnx").write_bytes(b"none")
    with pytest.raises(SystemExit, match=r"docs/engines\.md"):
        onnx_device.main(["--model", str(tmp_path / "none.onnx")])


def test_percentiles() -> None:
    assert percentile([7.0], 0.95) == 7.0
    assert percentile(range(101), 0.95) == 95
    assert percentile(range(101), 0.5) == 50


def test_a_table_is_markdown() -> None:
    table = Table("what", ["a", "b"], [["1", "2"]])
    assert str(table).splitlines() == ["what", "", "| a | b |", "| --- | --- |", "| 1 | 2 |"]


def test_a_process_started_on_the_products_cores_is_there_even_from_off_them() -> None:
    """The pipeline called directly must have the cores that the product has, not the clients'."""
    ask = [sys.executable, "-c", "import os; print(sorted(os.sched_getaffinity(0)))"]
    before = os.sched_getaffinity(0)
    with off_cores(1):
        ours = os.sched_getaffinity(0)
        with on_cores(1):
            theirs = json.loads(subprocess.check_output(ask))
    assert os.sched_getaffinity(0) == before
    if can_keep_apart(1):
        assert len(theirs) == 1 and not set(theirs) & ours
