"""Part `doors`: the password check, a page of the dashboard, and starting up."""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx

from bench.argon2id import bare_argon2id
from bench.options import Options
from bench.processes import cpu_seconds
from bench.product import CORES, cores_used, product_apart, rows
from bench.report import Report, Table, percentile
from bench.visitor import PASSWORD, fresh_address
from tests.product import UNCHECKED, Product, running_product

TIMINGS, PAGES, STARTS = 200, 100, 3
# A name may be wrong 100 times in a row before it waits: enough names for all the timings.
NAMES = 4
WRONG = "not the right passphrase"
RIGHT, BARE = "right", "bare Argon2id verification"
REFUSED = ("wrong password", "unknown name", "disabled account")
UNAUTHORISED = 401
HOME_CALL = "/auth/v1/user?include=factors,sessions,events"
CREATED = 201


def run(options: Options) -> Report:
    """Measure and report."""
    timings, pages, starts = (3, 3, 1) if options.is_tiny else (TIMINGS, PAGES, STARTS)
    report = Report(
        "doors",
        {
            "product's cores": cores_used(),
            "timings of each": timings,
            "pages of each": pages,
            "starts": starts,
            "tiny": options.is_tiny,
        },
    )
    with (
        product_apart() as product,
        httpx.Client(base_url=product.origin, timeout=30, trust_env=False) as http,
    ):
        _register(product, http)
        report.tables.append(_passwords(product, http, timings, report))
        report.tables.append(_pages(http, pages, report))
    report.tables.append(_starts(starts, report))
    return report


def _register(product: Product, http: httpx.Client) -> None:
    for kind in ("known", "disabled"):
        for number in range(NAMES):
            body = {"username": f"{kind}{number}", "password": PASSWORD}
            address = {"X-Forwarded-For": fresh_address()}
            http.post("/auth/v1/users", json=body, headers=address).raise_for_status()
    rows(product, "disable", *(f"disabled{number}" for number in range(NAMES)))


@dataclass(frozen=True)
class Timed:
    """One call: how long it took on the wall clock, and whether its answer was the right one."""

    milliseconds: float
    is_right: bool = True


def _timed(call: Callable[[], bool]) -> Timed:
    started = time.perf_counter()
    is_right = call()
    return Timed((time.perf_counter() - started) * 1000, is_right)


def _in_turns(
    calls: Mapping[str, Callable[[int], Timed]], times: int
) -> tuple[dict[str, list[float]], int]:
    """Return milliseconds by name, and how many calls went wrong."""
    names = list(calls)
    taken: dict[str, list[float]] = {name: [] for name in names}
    wrong = 0
    for turn in range(-1, times):
        at = turn % len(names)
        for name in names[at:] + names[:at]:
            timed = calls[name](turn)
            wrong += not timed.is_right
            if turn >= 0:
                taken[name].append(timed.milliseconds)
    return taken, wrong


def _passwords(product: Product, http: httpx.Client, times: int, report: Report) -> Table:
    def sign_in(kind: str, password: str, expected: int) -> Callable[[int], Timed]:
        def call(turn: int) -> Timed:
            body = {"username": f"{kind}{turn % NAMES}", "password": password}
            # Each from a new address: a limit's answer would be fast and is not measured here.
            headers = {"X-Forwarded-For": fresh_address()}
            return _timed(
                lambda: (
                    http.post("/auth/v1/sessions", json=body, headers=headers).status_code
                    == expected
                )
            )

        return call

    calls = {
        RIGHT: sign_in("known", PASSWORD, CREATED),
        "wrong password": sign_in("known", WRONG, UNAUTHORISED),
        "unknown name": sign_in("unknown", WRONG, UNAUTHORISED),
        "disabled account": sign_in("disabled", PASSWORD, UNAUTHORISED),
    }
    before = cpu_seconds(product.process.pid)
    argon2_cpu: list[float] = []

    def bare(_: int) -> Timed:
        verified = verify()
        argon2_cpu.append(verified.cpu_milliseconds)
        return Timed(verified.milliseconds)

    with bare_argon2id(CORES) as verify:
        taken, wrong = _in_turns({**calls, BARE: bare}, times)
    server_cpu = (cpu_seconds(product.process.pid) - before) / ((times + 1) * len(calls))
    report.errors += wrong
    medians = {name: median(values) for name, values in taken.items()}
    table = []
    for name, values in taken.items():
        over = medians[name] - medians[BARE]
        p95 = percentile(values, 0.95)
        table.append([name, f"{medians[name]:.1f}", f"{p95:.1f}", f"{over:+.1f}"])
        report.figures[f"password: {name} p50, ms"] = medians[name]
    refused = [medians[name] for name in REFUSED]
    report.figures["password: all but Argon2id, ms"] = medians[RIGHT] - medians[BARE]
    report.figures["password: server CPU a call, ms"] = server_cpu * 1000
    rest = server_cpu * 1000 - median(argon2_cpu)
    report.figures["password: server CPU a call but Argon2id, ms"] = rest
    spread = max(refused) / min(refused) - 1
    report.figures["password: spread of refusals, share"] = spread
    return Table(
        f"POST /auth/v1/sessions, {times} timings each in turns; medians of refusals differ by "
        f"{spread:.1%}; CPU a call {server_cpu * 1000:.0f} ms, {rest:.0f} ms of it not Argon2id",
        ["kind", "p50 ms", "p95 ms", "p50 beyond Argon2id, ms"],
        table,
    )


def _pages(http: httpx.Client, times: int, report: Report) -> Table:
    body = {"username": "known0", "password": PASSWORD}
    headers = {"X-Forwarded-For": fresh_address()}
    token = http.post("/auth/v1/sessions", json=body, headers=headers).json()["token"]

    def get(path: str, expected: str, **request: str) -> Callable[[int], Timed]:
        def is_right() -> bool:
            answer = http.get(path, headers=request)
            return answer.status_code == 200 and expected in answer.text

        return lambda _: _timed(is_right)

    with_call, without, call_alone = (
        "/ signed in: one call to accounts",
        "/ signed out: no call",
        "the call itself: GET /auth/v1/user",
    )
    taken, wrong = _in_turns(
        {
            with_call: get("/", "known0", Cookie=f"kv_session={token}"),
            without: get("/", "</html>"),
            call_alone: get(HOME_CALL, "known0", Authorization=f"Bearer {token}"),
        },
        times,
    )
    report.errors += wrong
    table = []
    for name, values in taken.items():
        p50, p95 = median(values), percentile(values, 0.95)
        table.append([name, f"{p50:.1f}", f"{p95:.1f}"])
        report.figures[f"page: {name} p50, ms"] = p50
        report.figures[f"page: {name} p95, ms"] = p95
    beyond = [page - call for page, call in zip(taken[with_call], taken[call_alone], strict=True)]
    p95 = percentile(beyond, 0.95)
    table.append(
        ["/ signed in, less the call of the same turn", f"{median(beyond):.1f}", f"{p95:.1f}"]
    )
    report.figures["page: signed in less the call p95, ms"] = p95
    return Table(
        f"a page of the dashboard, {times} each in turns", ["page", "p50 ms", "p95 ms"], table
    )


def _starts(times: int, report: Report) -> Table:
    seconds = []
    for _ in range(times):
        with (
            tempfile.TemporaryDirectory(prefix="kubevision-bench-") as folder,
            running_product(Path(folder), **UNCHECKED) as product,
        ):
            seconds.append(product.ready_after_seconds)
    report.figures["start to ready p50, s"] = median(seconds)
    report.figures["start to ready, slowest, s"] = max(seconds)
    return Table(
        f"from starting the process to ready, {times} times, databases prepared before",
        ["p50 s", "slowest s"],
        [[f"{median(seconds):.2f}", f"{max(seconds):.2f}"]],
    )
