"""Part `people`: signing in and the administration with few and with many accounts.

Two products run side by side on the same cores; one database gets a hundred accounts with factors,
sessions and events, the other as many as `--rows` says. Calls are made in turns.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

import httpx

from bench.options import Options
from bench.processes import cpu_seconds
from bench.product import cores_used, products_apart, rows
from bench.report import Report, Table, percentile
from bench.visitor import PASSWORD, fresh_address
from tests.product import Product

FEW, TINY_MANY = 100, 200
TIMINGS, TINY_TIMINGS = 30, 2
CHIEF = "chief"
SIGN_IN = "sign in by password"
PAGES = {
    "list of users": "/auth/admin/accounts/user/",
    "list of users, searched": "/auth/admin/accounts/user/?q=person42",
    "list of users, last page": "/auth/admin/accounts/user/?p={last}",
    "list of sessions": "/auth/admin/accounts/session/",
    "list of events": "/auth/admin/accounts/event/",
    "list of events of one": "/auth/admin/accounts/event/?q=person42",
    "list of events of a kind": "/auth/admin/accounts/event/?kind=password_refused",
}
USERS_A_PAGE = 50


@dataclass
class Side:
    """One product, its administrator's browser, and what was measured there, by name."""

    product: Product
    people: int
    browser: httpx.Client
    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    cpu_milliseconds: dict[str, list[float]] = field(default_factory=dict)


def run(options: Options) -> Report:
    """Measure and report."""
    many, timings = options.rows, TIMINGS
    if options.is_tiny:
        many, timings = TINY_MANY, TINY_TIMINGS
    report = Report(
        "people",
        {
            "product's cores": cores_used(),
            "accounts": [FEW, many],
            "timings of each": timings,
            "tiny": options.is_tiny,
        },
    )
    with ExitStack() as running:
        products = running.enter_context(products_apart(2))
        sides = [
            _prepare(running, product, people)
            for product, people in zip(products, (FEW, many), strict=True)
        ]
        for turn in range(-1, timings):
            for side in sides if turn % 2 else sides[::-1]:
                _round(side, turn, report)
    return _report(report, *sides)


def _prepare(running: ExitStack, product: Product, people: int) -> Side:
    rows(product, "people", str(people), CHIEF, PASSWORD)
    browser = running.enter_context(
        httpx.Client(base_url=product.origin, timeout=60, trust_env=False)
    )
    body = {"username": CHIEF, "password": PASSWORD}
    opened = browser.post("/auth/v1/sessions", json=body).raise_for_status().json()
    browser.cookies.set("kv_pass", opened["pass_token"])
    browser.get("/auth/admin/")
    return Side(product, people, browser)


def _round(side: Side, turn: int, report: Report) -> None:
    def sign_in() -> bool:
        headers = {"X-Forwarded-For": fresh_address()}
        body = {"username": CHIEF, "password": PASSWORD}
        answer = side.browser.post("/auth/v1/sessions", json=body, headers=headers)
        return answer.status_code == httpx.codes.CREATED

    def read(path: str) -> Callable[[], bool]:
        address = path.format(last=max(1, side.people // USERS_A_PAGE - 1))
        return lambda: side.browser.get(address).status_code == httpx.codes.OK

    calls = {SIGN_IN: sign_in} | {name: read(path) for name, path in PAGES.items()}
    for name, call in calls.items():
        cpu, started = cpu_seconds(side.product.process.pid), time.perf_counter()
        report.errors += not call()
        taken = (time.perf_counter() - started) * 1000
        used = (cpu_seconds(side.product.process.pid) - cpu) * 1000
        if turn >= 0:
            side.milliseconds.setdefault(name, []).append(taken)
            side.cpu_milliseconds.setdefault(name, []).append(used)


def _report(report: Report, few: Side, many: Side) -> Report:
    table = []
    for name in few.milliseconds:
        small, large = median(few.milliseconds[name]), median(many.milliseconds[name])
        p95 = percentile(many.milliseconds[name], 0.95)
        table.append([name, f"{small:.1f}", f"{large:.1f}", f"{p95:.1f}", f"{large / small:.2f}"])
        report.figures[f"{name}: {many.people} / {few.people} accounts"] = large / small
        report.figures[f"{name}: {many.people} accounts p50, ms"] = large
    report.tables.append(
        Table(
            f"{len(few.milliseconds[SIGN_IN])} calls each in turns, p50",
            ["call", f"{few.people} ms", f"{many.people} ms", f"p95 of {many.people}", "ratio"],
            table,
        )
    )
    return report
