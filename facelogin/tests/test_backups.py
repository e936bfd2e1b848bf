"""A backup brings back what was there, and nothing that was erased or spent since."""

import base64
import gzip
import os
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from facelogin import backups, crypto, stores
from facelogin.models import (
    EndedSession,
    OpenAttempt,
    Person,
    Reference,
    Restore,
    SpentTicket,
    Tombstone,
)
from facelogin.services import key_renewal, references
from facelogin.tests.conftest import Accounts
from facelogin.tests.test_extensions import extend
from facelogin.tests.test_stores import a_reference, enrol
from kubevision.backups import making, rows
from kubevision.backups import readiness as restores
from kubevision.backups.models import TOMBSTONE_LIFE
from kubevision.readiness import NotReady
from kubevision.tests.backups import every_table_is_planned, made_in, restored
from kubevision.tokens import TokenRefused

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def templates_of(user_id: uuid.UUID) -> np.ndarray | None:
    current = stores.current_reference(user_id)
    return None if current is None else current.templates


def test_every_table_is_in_the_plan() -> None:
    every_table_is_planned(backups.PLAN)


def test_what_was_backed_up_comes_back_as_it_was(folder: Path, user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    extend(user_id, "light")
    before = templates_of(user_id)
    backup = made_in(folder)
    stores.store_pending(user_id, a_reference(1), "newer")
    assert stores.activate(user_id, "newer")
    Person.objects.filter(user_id=user_id).delete()
    restored(backup)
    assert np.array_equal(templates_of(user_id), before)
    assert Reference.objects.count() == 1


def test_a_backup_holds_no_template_and_is_its_owners_alone(
    folder: Path, user_id: uuid.UUID
) -> None:
    enrol(user_id, "face")
    backup = made_in(folder)
    assert backup.stat().st_mode & 0o777 == 0o600
    plain = a_reference().to_bytes()
    content = gzip.decompress(backup.read_bytes())
    for at in range(0, len(plain) - 30, 3):
        assert base64.b64encode(plain[at : at + 30]) not in content


def test_an_erased_face_stays_erased(folder: Path, user_id: uuid.UUID) -> None:
    other = uuid.uuid4()
    enrol(user_id, "face")
    extend(user_id, "light of the erased")
    enrol(other, "other")
    extend(other, "light")
    backup = made_in(folder)
    stores.erase(user_id)
    stores.remove_extension(other, "light")
    said = restored(backup)
    assert "faces erased since: 1" in said
    assert templates_of(user_id) is None
    assert not Person.objects.filter(user_id=user_id).exists()
    found = templates_of(other)
    assert found is not None and len(found) == 10  # without the light


def test_a_face_enrolled_after_the_erasure_is_another_one(folder: Path, user_id: uuid.UUID) -> None:
    enrol(user_id, "first")
    stores.erase(user_id)
    enrol(user_id, "second", seed=1)
    backup = made_in(folder)
    restored(backup)
    assert np.array_equal(templates_of(user_id), a_reference(1).templates)


def test_the_file_beside_the_backup_remembers_what_a_lost_database_knew(
    folder: Path, user_id: uuid.UUID
) -> None:
    enrol(user_id, "face")
    backup = made_in(folder)
    stores.erase(user_id)
    call_command("backup", folder, "--tombstones-only")
    Tombstone.objects.all().delete()  # the disk is lost, and a new database made
    assert "faces erased since: 1" in restored(backup)
    assert templates_of(user_id) is None
    # The next export forgets nothing of it.
    Tombstone.objects.all().delete()
    call_command("backup", folder, "--tombstones-only")
    Person.objects.all().delete()
    assert "faces erased since: 1" in restored(backup)


def test_without_the_tombstones_nothing_is_restored_unless_said(
    folder: Path, user_id: uuid.UUID
) -> None:
    enrol(user_id, "face")
    backup = made_in(folder)
    stores.erase(user_id)
    Tombstone.objects.all().delete()
    (folder / "facelogin-tombstones.json").rename(folder / "elsewhere.json")
    with pytest.raises(CommandError, match=r"tombstones\.json cannot be read"):
        restored(backup)
    assert templates_of(user_id) is None and not Restore.objects.exists()
    restored(backup, "--tombstones", folder / "elsewhere.json")
    restored(backup, "--without-tombstones")
    assert templates_of(user_id) is not None


def test_what_runs_ends_and_what_ended_stays_so(folder: Path, user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    backup = made_in(folder)
    stores.end_session("ended")
    stores.open_attempt(user_id, "running")
    restored(backup)
    assert not OpenAttempt.objects.exists()
    assert EndedSession.objects.get().session_hash == "ended"


def test_tickets_of_before_the_restore_are_good_no_more(
    folder: Path, user_id: uuid.UUID, accounts: Accounts
) -> None:
    enrol(user_id, "face")
    backup = made_in(folder)
    spent, kept = (accounts.ticket("status", user_id) for _ in range(2))
    references.take_ticket(spent, "status")
    restored(backup)
    SpentTicket.objects.all().delete()  # the database that knew it is the one that was lost
    for ticket in (spent, kept):
        with pytest.raises(TokenRefused):
            references.take_ticket(ticket, "status")
    Restore.objects.update(finished_at=timezone.now() - timedelta(seconds=10))
    references.take_ticket(accounts.ticket("status", user_id), "status")


def test_faces_whose_service_key_is_retired_do_not_come_back(
    folder: Path, user_id: uuid.UUID, template_key: Path
) -> None:
    enrol(user_id, "face")
    old = made_in(folder)
    key_renewal.renew()
    assert "faces that no service key opens any more: 1" in restored(old)
    assert templates_of(user_id) is None
    assert not Reference.objects.exists() and not Person.objects.exists()


def test_a_restore_that_fails_lets_nobody_in_until_it_is_done(
    folder: Path, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(user_id, "face")
    backup = made_in(folder)
    write = rows.write

    def fail(name: str, some: list[rows.Row], alias: str) -> None:
        if name == "facelogin.person":
            raise OSError(28, "No space left on device", "database")
        write(name, some, alias)

    monkeypatch.setattr(rows, "write", fail)
    with pytest.raises(CommandError, match="No space left"):
        restored(backup)
    if connection.vendor == "sqlite":  # nothing happened
        restores.check_databases()
        assert templates_of(user_id) is not None
    else:
        with pytest.raises(NotReady, match="did not come to its end"):
            restores.check_databases()
        assert templates_of(user_id) is None
    monkeypatch.undo()
    restored(backup)
    restores.check_databases()
    assert templates_of(user_id) is not None


@pytest.mark.parametrize("damage", ["cut", "flipped", "no backup", "empty", "another row"])
def test_a_damaged_backup_is_refused_and_nothing_changes(
    folder: Path, user_id: uuid.UUID, damage: str
) -> None:
    enrol(user_id, "face")
    backup = made_in(folder)
    whole = backup.read_bytes()
    lines = gzip.decompress(whole).splitlines(keepends=True)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    backup.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "flipped": bytes(flipped),
            "no backup": b"a letter to somebody",
            "empty": b"",
            "another row": gzip.compress(b"".join([lines[0], lines[1], *lines[1:]])),
        }[damage]
    )
    before = templates_of(user_id)
    with pytest.raises(CommandError, match=backup.name):
        restored(backup)
    assert np.array_equal(templates_of(user_id), before)
    assert not Restore.objects.exists()


def test_a_backup_of_long_ago_is_refused(
    folder: Path, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(user_id, "face")
    backup = made_in(folder)
    later = timezone.now() + TOMBSTONE_LIFE + timedelta(hours=1)
    monkeypatch.setattr("kubevision.backups.restoring.timezone.now", lambda: later)
    with pytest.raises(CommandError, match="older than 90 days"):
        restored(backup)


def test_a_backup_of_another_version_is_refused(
    folder: Path, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(user_id, "face")
    monkeypatch.setattr("kubevision.backups.making.newest_migration", lambda *_: "0001_initial")
    backup = made_in(folder)
    with pytest.raises(CommandError, match=r"0001_initial.*[0-9]{4}_\w+\. Restore it with that"):
        restored(backup)


def test_old_tombstones_are_forgotten() -> None:
    Tombstone.objects.create(kind="face", key="old", at=timezone.now() - TOMBSTONE_LIFE)
    Tombstone.objects.create(kind="face", key="new")
    assert stores.remove_expired()["tombstones"] == 1
    assert Tombstone.objects.get().key == "new"


def test_old_backups_go_but_never_the_last(folder: Path, user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    made = []
    for day in (1, 2, 3):
        path = made_in(folder)
        made.append(path.rename(folder / f"facelogin-2020010{day}T000000Z.backup"))
        os.utime(made[-1], (0, 0))
    call_command("backup", folder, "--keep-days", "30")
    assert [path.exists() for path in made] == [False, False, False]
    (newest,) = folder.glob("*.backup")
    os.utime(newest, (0, 0))
    assert making.remove_old(folder, "facelogin", timedelta(days=1)) == []


def test_a_backup_is_of_one_moment_while_people_enrol(
    folder: Path, user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(user_id, "before")
    read = rows.read
    meanwhile = uuid.uuid4()

    def read_slowly(name: str, alias: str) -> Iterator[rows.Row]:
        yield from read(name, alias)
        if name == "facelogin.reference":  # read, but the people not yet

            def somebody() -> None:
                enrol(meanwhile, "meanwhile")
                connection.close()

            thread = threading.Thread(target=somebody)
            thread.start()
            thread.join()

    monkeypatch.setattr(rows, "read", read_slowly)
    backup = made_in(folder)
    assert templates_of(meanwhile) is not None
    restored(backup)
    assert list(Person.objects.values_list("user_id", flat=True)) == [user_id]
    assert crypto.has_service_key(bytes(Person.objects.get().wrapped_key))
