"""Part `mongodb_away`: how soon people are told that MongoDB is gone, and how soon all is well.

The rooms run apart behind nginx, on a server that first stands still and then is killed, each time
for 20 s. Every answer in that time must be 503, `temporarily_unavailable`.
"""

import json
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from websockets.sync.client import connect

from bench.options import Options
from bench.report import Report, Table
from tests.mongod import Mongod, running_mongod
from tests.three_rooms import ThreeRooms, running_rooms, wait_until

AWAY_SECONDS, TINY_SECONDS = 20.0, 1.0
PASSWORD = "a sentence nobody guesses"
ROOMS = ("accounts", "facelogin")


def run(options: Options) -> Report:
    """Measure and report."""
    seconds = TINY_SECONDS if options.is_tiny else AWAY_SECONDS
    report = Report("mongodb_away", {"seconds away": seconds, "tiny": options.is_tiny})
    table = []
    with tempfile.TemporaryDirectory(prefix="kubevision-away-") as made:
        folder = Path(made)
        with running_mongod(folder / "server") as mongod:
            less = "&timeoutMS=1000" if options.is_tiny else ""  # tests are impatient
            settings = {name: {"DATABASE_URL": mongod.url(name) + less} for name in ROOMS}
            with running_rooms(folder / "rooms", **settings) as rooms:
                for how in ("frozen", "killed"):
                    table.append(_measure(report, rooms, mongod, how, seconds))
    columns = ["MongoDB", "answers 503", "slowest", "ready again after"]
    report.tables = [Table("while MongoDB is away", columns, table)]
    return report


def _measure(
    report: Report, rooms: ThreeRooms, mongod: Mongod, how: str, seconds: float
) -> list[str]:
    api = httpx.Client(base_url=f"{rooms.origin}/auth/v1", timeout=60, trust_env=False)
    with api:
        asked = _questions(api, how)
        taken = _ask_while_away(report, mongod, asked, how, seconds)
    back_at = time.monotonic()
    if how == "frozen":
        assert mongod.process is not None
        mongod.process.send_signal(signal.SIGCONT)
    else:
        mongod.start()
    for name in ROOMS:
        wait_until(lambda name=name: rooms.rooms[name].ready()[0] == 200, f"{name} to be ready")
    back_after = time.monotonic() - back_at
    report.figures[f"{how}: answers"] = len(taken)
    report.figures[f"{how}: slowest answer, s"] = max(taken)
    report.figures[f"{how}: ready again after, s"] = back_after
    return [how, str(len(taken)), f"{max(taken):.1f} s", f"{back_after:.1f} s"]


def _ask_while_away(
    report: Report, mongod: Mongod, asked: list[Callable[[], str]], how: str, seconds: float
) -> list[float]:
    """Take the server away and return how long each answer took, in seconds."""
    assert mongod.process is not None
    if how == "frozen":
        mongod.process.send_signal(signal.SIGSTOP)
    else:
        mongod.kill()
    taken, ends_at = [], time.monotonic() + seconds
    while time.monotonic() < ends_at:
        for ask in asked:
            started = time.monotonic()
            if ask() != "temporarily_unavailable":
                report.errors += 1
            taken.append(time.monotonic() - started)
    return taken


def _questions(api: httpx.Client, name: str) -> list[Callable[[], str]]:
    """Return calls that people wait for; each returns the code of its answer."""
    who = {"username": name, "password": PASSWORD}
    api.post("/users", json=who)
    token = api.post("/sessions", json=who).json()["token"]
    enrol = {"purpose": "enrol", "consent_version": "2026-11.2"}
    signed_in = {"Authorization": f"Bearer {token}"}
    tickets = [
        api.post("/session/face-ticket", json=enrol, headers=signed_in).json() for _ in range(5)
    ]

    def code(answer: httpx.Response) -> str:
        return str(answer.json().get("code", answer.status_code))

    def capture() -> str:
        ticket = tickets[0] if len(tickets) == 1 else tickets.pop()
        protocols = [ticket["websocket_subprotocol"]]
        with connect(ticket["websocket_url"], subprotocols=protocols, proxy=None) as socket:
            socket.send(json.dumps({"type": "attempt.start", "ticket": ticket["ticket"]}))
            return str(json.loads(socket.recv()).get("code", "started"))

    return [
        lambda: code(api.get("/session", headers=signed_in)),
        lambda: code(api.post("/sessions", json=who)),
        capture,
    ]
