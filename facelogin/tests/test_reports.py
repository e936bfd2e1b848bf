"""What accounts is told of attempts: each once, kept and told again while accounts is away."""

import asyncio
import signal
import threading
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from django.utils import timezone

from facelogin import lives, models, spent_tickets, stores
from facelogin.models import SpentTicket
from facelogin.services import capture, reports
from facelogin.spent_tickets import AttemptReport
from facelogin.tests.conftest import Accounts, empty_frame, face_frames, other_face_frames
from facelogin.tests.test_capture import Browser, _signal_workers, enrol
from kubevision import databases
from kubevision.contracts.checking import check

pytestmark = pytest.mark.django_db(transaction=True)


async def told(accounts: Accounts) -> list[dict[str, Any]]:
    """Deliver what is due; return all that accounts has heard."""
    await stores.in_thread(reports.deliver_due)
    for report in accounts.reports:
        check("tokens/report", report, "a report")
    return accounts.reports


async def leave(browser: Browser) -> None:
    await browser.socket.disconnect()
    await browser.socket.wait()


async def show_a_face(browser: Browser) -> None:
    await browser.show(face_frames(12, seed=1))


async def show_a_stranger(browser: Browser) -> None:
    await browser.show(other_face_frames(20))


async def show_an_empty_room(browser: Browser) -> None:
    await browser.say(empty_frame())
    await browser.hear()
    await browser.hear()


async def show_nothing(browser: Browser) -> None:
    await browser.hear()


async def give_up_at_once(browser: Browser) -> None:
    await browser.say({"type": "attempt.cancel"})
    await browser.hear()


async def give_up_after_a_sample(browser: Browser) -> None:
    await browser.say(face_frames(1)[0])
    await browser.hear()
    await give_up_at_once(browser)


async def leave_after_a_sample(browser: Browser) -> None:
    await browser.say(face_frames(1)[0])
    await browser.hear()
    await leave(browser)


async def send_nonsense(browser: Browser) -> None:
    await browser.say("nonsense")
    await browser.hear()


async def send_too_much(browser: Browser) -> None:
    await browser.say(b"\xff\xd8\xff" + bytes(200_000))
    await browser.hear()


async def lose_the_workers(browser: Browser) -> None:
    _signal_workers(signal.SIGSTOP)  # so that the frame is surely on its way when they die
    await browser.say(face_frames(1)[0])
    await asyncio.sleep(0.3)
    _signal_workers(signal.SIGKILL)
    await browser.hear()


ENDS: dict[str, tuple[Any, ...]] = {
    "a match": (show_a_face, "match", 5, []),
    "somebody else": (show_a_stranger, "non_match", None, None),
    "an empty room": (show_an_empty_room, "failure_to_acquire", 0, ["no_face"]),
    "no frame": (show_nothing, "not_started", 0, []),
    "given up at once": (give_up_at_once, "not_started", 0, []),
    "given up later": (give_up_after_a_sample, "cancelled", 1, []),
    "gone at once": (leave, "not_started", 0, []),
    "gone later": (leave_after_a_sample, "cancelled", 1, []),
    "nonsense": (send_nonsense, "not_started", 0, []),
    "too large a frame": (send_too_much, "frame_too_large", 0, []),
    "a lost worker": (lose_the_workers, "temporarily_unavailable", None, []),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_every_end_is_told_once(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch, end: Any
) -> None:
    do, outcome, accepted_frames, reasons = end
    await enrol(accounts, user_id, face_frames(20))
    assert [r["outcome"] for r in await told(accounts)] == ["enrolled"]
    accounts.reports.clear()
    if do in (show_an_empty_room, show_nothing):
        monkeypatch.setattr("facelogin.services.attempts.VerifyClaim.deadline_seconds", 1)
    ticket = accounts.ticket("verify", user_id)
    browser = Browser()
    await browser.open(ticket)
    await do(browser)
    await browser.socket.wait()
    (report,) = await told(accounts)
    assert report["sub"] == str(user_id)
    assert report["nonce"] == jwt.decode(ticket, options={"verify_signature": False})["jti"]
    assert report["outcome"] == outcome
    if accepted_frames is not None:
        assert report["accepted_frames"] == accepted_frames
    if reasons is not None:
        assert report["reasons"] == reasons
    assert report["engine"] == "lbph"
    assert len(await told(accounts)) == 1  # and not again


async def test_whom_another_attempt_supersedes_is_told(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    older, newer = Browser(), Browser()
    await older.open(accounts.ticket("enrol", user_id))
    await newer.open(accounts.ticket("enrol", user_id))
    await older.hear()
    await older.socket.wait()
    assert [r["outcome"] for r in await told(accounts)] == ["not_started"]  # no frame came
    await leave(newer)


async def test_a_full_server_is_told(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "ATTEMPTS_PER_WORKER", 0)
    await Browser().open(accounts.ticket("enrol", user_id))
    assert [r["outcome"] for r in await told(accounts)] == ["server_full"]


async def test_whoever_leaves_while_the_ticket_is_spent_is_told_of(
    accounts: Accounts, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend = spent_tickets.spend

    def spend_slowly(*args: Any) -> bool:
        time.sleep(0.3)
        return spend(*args)

    monkeypatch.setattr(spent_tickets, "spend", spend_slowly)
    browser = Browser()
    await browser.open()
    await browser.say({"type": "attempt.start", "ticket": accounts.ticket("enrol", user_id)})
    await asyncio.sleep(0.1)
    await leave(browser)
    assert [r["outcome"] for r in await told(accounts)] == ["not_started"]


async def test_a_refused_ticket_is_not_told(accounts: Accounts, user_id: uuid.UUID) -> None:
    ticket = accounts.ticket("enrol", user_id)
    browser = Browser()
    await browser.open(ticket)
    await leave(browser)
    await Browser().open(ticket)
    await Browser().open("x.y.z")
    assert len(await told(accounts)) == 1


async def test_reports_wait_for_accounts_to_come_back(
    accounts: Accounts, user_id: uuid.UUID, settings: Any
) -> None:
    url, settings.FACELOGIN_ENGINE = accounts.url, "lbph"
    for is_gone in (False, True):
        browser = Browser()
        await browser.open(accounts.ticket("enrol", user_id))
        await leave(browser)
        accounts.is_away = not is_gone  # it answers 503, then nothing at all
        settings.ACCOUNTS_URL = "http://127.0.0.1:9" if is_gone else url
        assert await told(accounts) == []
        settings.ACCOUNTS_URL = url
    accounts.is_away = False
    assert await told(accounts) == []  # both were tried just now; not due again yet
    await stores.in_thread(SpentTicket.objects.update, report_due_at=timezone.now())
    assert [r["outcome"] for r in await told(accounts)] == ["not_started"] * 2
    assert not await stores.in_thread(
        SpentTicket.objects.exclude(report=None, report_due_at=None).exists
    )


async def test_an_attempt_that_died_with_its_process_is_told_later(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    ticket = await stores.in_thread(capture._spend, accounts.ticket("enrol", user_id))
    assert await told(accounts) == []  # it may be running in another copy
    later = timezone.now() - lives.ATTEMPT
    row = await stores.in_thread(SpentTicket.objects.get, jti=ticket.jti)
    assert row.report_due_at - lives.ATTEMPT > later
    await stores.in_thread(SpentTicket.objects.update, report_due_at=timezone.now())
    assert [r["outcome"] for r in await told(accounts)] == ["temporarily_unavailable"]


def test_a_report_of_a_newer_copy_is_understood(db: None, user_id: uuid.UUID) -> None:
    kept = {"user_id": str(user_id), "outcome": "match", "added_later": 1}
    assert AttemptReport.read(kept) == AttemptReport(str(user_id), "match")


def test_two_copies_never_tell_the_same(db: None, user_id: uuid.UUID) -> None:
    report = AttemptReport(str(user_id), "match")
    ends = timezone.now() + timedelta(minutes=2)
    for number in range(3):
        spent_tickets.spend(f"jti {number}", timezone.now(), ends, report)
        spent_tickets.put_report(f"jti {number}", report)
    taken = [spent_tickets.take_due_report(timedelta(seconds=30)) for _ in range(4)]
    assert [t and t[0] for t in taken] == ["jti 0", "jti 1", "jti 2", None]


async def test_twenty_takers_at_once_take_each_report_once(user_id: uuid.UUID) -> None:
    report = AttemptReport(str(user_id), "match")
    ends = timezone.now() + timedelta(minutes=2)
    for number in range(5):
        await stores.in_thread(spent_tickets.spend, f"jti {number}", timezone.now(), ends, report)
        await stores.in_thread(spent_tickets.put_report, f"jti {number}", report)
    takes = (
        stores.in_thread(spent_tickets.take_due_report, timedelta(seconds=30)) for _ in range(20)
    )
    taken = [found[0] for found in await asyncio.gather(*takes) if found]
    assert sorted(taken) == [f"jti {number}" for number in range(5)]


def test_a_ticket_is_kept_while_its_report_is_due(db: None, user_id: uuid.UUID) -> None:
    now = timezone.now()
    kept = {"expires_at": now - timedelta(hours=1), "report": {}, "report_due_at": now}
    SpentTicket.objects.create(jti="due", **kept)
    SpentTicket.objects.create(jti="told", expires_at=now - timedelta(hours=1))
    SpentTicket.objects.create(jti="hopeless", **kept | {"expires_at": now - lives.REPORT})
    assert stores.remove_expired()["spent tickets"] == 2
    assert models.SpentTicket.objects.get().jti == "due"


def test_the_thread_tells_what_an_earlier_process_left(
    transactional_db: None, accounts: Accounts, user_id: uuid.UUID
) -> None:
    left = AttemptReport(str(user_id), "non_match", accepted_frames=12)
    now = timezone.now()
    spent_tickets.spend("left " + "x" * 20, now, now + timedelta(minutes=2), left)
    spent_tickets.put_report("left " + "x" * 20, left)
    reports.start()
    try:
        for _ in range(100):
            if accounts.reports:
                break
            time.sleep(0.05)
        reports.put("left " + "x" * 20, left)  # wakes it: no waiting for the next round
        for _ in range(100):
            if len(accounts.reports) == 2:
                break
            time.sleep(0.05)
    finally:
        reports.stop()
    assert [r["outcome"] for r in accounts.reports] == ["non_match"] * 2


def test_the_thread_asks_no_database_whose_file_is_gone(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It works by the clock, and SQLite would make an empty file for it."""
    rounds, asked = threading.Event(), threading.Event()
    monkeypatch.setattr(databases, "missing_file", lambda _: tmp_path / "a.sqlite3")
    monkeypatch.setattr(reports, "close_old_connections", rounds.set)
    monkeypatch.setattr(reports, "deliver_due", asked.set)
    reports.start()
    try:
        assert rounds.wait(timeout=10)
    finally:
        reports.stop()
    assert not asked.is_set()
