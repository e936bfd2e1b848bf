"""Part `live`: five hundred open pages listen, and nothing happens.

The same process before anybody listens and while all do: what idle sockets cost in memory, and in
CPU by their pings and by the one look a second for all of them. Then every session ends, one after
another: how soon its pages hear it.
"""

import asyncio
import json
import time
from contextlib import AsyncExitStack
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from bench.options import Options
from bench.processes import cpu_seconds
from bench.product import close, cores_used, product_apart
from bench.report import Report, Table, percentile
from bench.visitor import ANSWER_WITHIN_SECONDS, Visitor
from tests.product import Product

SOCKETS, SOCKETS_A_SESSION, SECONDS = 500, 10, 60.0
SETTLE_SECONDS = 5.0


def run(options: Options) -> Report:
    """Measure and report."""
    sockets, seconds, settle = SOCKETS, SECONDS, SETTLE_SECONDS
    if options.is_tiny:
        sockets, seconds, settle = 4, 1.0, 0.0
    report = Report(
        "live",
        {
            "product's cores": cores_used(),
            "sockets": sockets,
            "sessions": _sessions(sockets),
            "seconds": seconds,
            "tiny": options.is_tiny,
        },
    )
    with product_apart() as product:
        asyncio.run(_measure(product, report, sockets, seconds, settle))
    return report


def _sessions(sockets: int) -> int:
    """Return how many sessions so many pages belong to."""
    return max(1, sockets // SOCKETS_A_SESSION)


def _resident_mib(pid: int) -> float:
    """Return what a process holds in memory now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def _cores_busy(pid: int, seconds: float) -> float:
    before, began = cpu_seconds(pid), time.monotonic()
    await asyncio.sleep(seconds)
    return (cpu_seconds(pid) - before) / (time.monotonic() - began)


async def _measure(
    product: Product, report: Report, sockets: int, seconds: float, settle: float
) -> None:
    sessions = _sessions(sockets)
    pid = product.process.pid
    people = [
        Visitor(product.origin, f"live{time.monotonic_ns()}x{number}", [])
        for number in range(sessions)
    ]
    for person in people:
        await person.register()
        await person.show_password()
    await asyncio.sleep(settle)
    memory, idle = _resident_mib(pid), await _cores_busy(pid, seconds)
    async with AsyncExitStack() as stack:
        pages: dict[Visitor, list[ClientConnection]] = {person: [] for person in people}
        for number in range(sockets):
            person = people[number % sessions]
            pages[person].append(await _page(person, stack))
        await asyncio.sleep(settle)
        grown, busy = _resident_mib(pid) - memory, await _cores_busy(pid, seconds)
        heard = [after for person in people for after in await _end(person, pages[person])]
    await close(people)
    report.errors = sockets - len(heard)
    report.figures = {
        "CPU of one core, nobody": idle,
        "CPU of one core, all listen": busy,
        "memory of all sockets, MiB": grown,
        "signed out to heard p95, ms": 1000 * percentile(heard, 95) if heard else 0.0,
    }
    rows = [
        ("CPU, share of one core: nobody listens", f"{idle:.1%}"),
        (f"CPU, share of one core: {sockets} listen", f"{busy:.1%}"),
        (f"memory of {sockets} sockets", f"{grown:.1f} MiB"),
        ("sign-out to the page's hearing it, p95", f"{1000 * percentile(heard, 95):.0f} ms"),
    ]
    report.tables.append(Table("Idle live sockets", ("what", "measured"), rows))


async def _page(person: Visitor, stack: AsyncExitStack) -> ClientConnection:
    """Return the live socket of an open page, which said what it has to say."""
    ticket = await person.call("POST", "/session/face-ticket", purpose="watch")
    opened = await stack.enter_async_context(
        connect(
            ticket["websocket_url"],
            subprotocols=[ticket["websocket_subprotocol"]],
            compression=None,
            proxy=None,
            ping_interval=None,  # as browsers: they answer pings and send none
            open_timeout=ANSWER_WITHIN_SECONDS,
        )
    )
    await opened.send(json.dumps({"type": "live.start", "ticket": ticket["ticket"]}))
    return opened


async def _end(person: Visitor, pages: list[ClientConnection]) -> list[float]:
    """Sign a person out; return after how many seconds each page heard it."""
    began = time.monotonic()

    async def hear(page: ClientConnection) -> float | None:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                message = json.loads(await page.recv())
        except (TimeoutError, ConnectionClosed) as error:
            print(f"live: {person.name}: {type(error).__name__}")
            return None
        return time.monotonic() - began if message["type"] == "session.ended" else None

    hearing = [asyncio.create_task(hear(page)) for page in pages]
    await person.call("DELETE", "/session")
    return [after for after in await asyncio.gather(*hearing) if after is not None]
