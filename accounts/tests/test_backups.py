"""A backup brings people back as they were; what was used up, removed or locked since stays so."""

import gzip
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts import backups, codes
from accounts.factors import recovery_codes
from accounts.models import (
    Event,
    FaceFactor,
    FaceTicket,
    Invitation,
    OwedErasure,
    RecoveryCode,
    Session,
    SpentToken,
    Tombstone,
    TotpFactor,
    TryCounter,
    User,
)
from accounts.services import administration, enrolment, invitations
from accounts.tests.conftest import PASSWORD, Api, Facelogin, enrol
from accounts.tests.test_totp import add as add_app
from accounts.tests.test_totp import code, show, sign_in
from kubevision.backups import readiness as restores
from kubevision.backups import rows
from kubevision.backups.rows import Sums
from kubevision.readiness import NotReady
from kubevision.tests.backups import every_table_is_planned, made_in, restored

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", PASSWORD)


def the(username: str) -> User:
    return User.objects.get(username=username)


def test_every_table_is_in_the_plan() -> None:
    every_table_is_planned(backups.PLAN)


def test_everybody_comes_back_as_they_were(ada: Api, facelogin: Facelogin, folder: Path) -> None:
    enrol(ada, facelogin)
    add_app(ada)
    group = Group.objects.create(name="operators")
    group.permissions.add(Permission.objects.get(codename="add_user"))
    the("ada").groups.add(group)
    the("ada").user_permissions.add(Permission.objects.get(codename="view_event"))
    LogEntry.objects.create(
        user=the("ada"),
        content_type=ContentType.objects.get_for_model(User),
        object_id="1",
        object_repr="ada",
        action_flag=CHANGE,
    )
    before = Sums.of(backups.PLAN.kept, "default").as_json()
    assert set(before) >= {"auth.group_permissions", "accounts.user_groups", "admin.logentry"}
    backup = made_in(folder)
    User.objects.update(display_name="changed since")
    User.objects.create_user("newer")
    Group.objects.all().delete()
    restored(backup)
    after = Sums.of(backups.PLAN.kept, "default").as_json()
    # No code of the app that was shown before is good: the step it counts from has moved.
    before.pop("accounts.totpfactor")
    after.pop("accounts.totpfactor")
    assert after == before
    assert the("ada").has_perm("accounts.add_user") and the("ada").has_perm("accounts.view_event")
    answer = Api().call("POST", "/sessions", {"username": "ada", "password": PASSWORD})
    assert answer.json()["state"] == "awaiting_second_factor"
    assert (
        Api().call("POST", "/sessions", {"username": "newer", "password": PASSWORD}).status_code
        == 401
    )


def test_everybody_is_signed_out(ada: Api, folder: Path) -> None:
    backup = made_in(folder)
    assert Session.objects.get().token_hash.encode() not in gzip.decompress(backup.read_bytes())
    assert "Everybody is signed out" in restored(backup)
    assert ada.call("GET", "/session").status_code == 401
    assert not Session.objects.exists()


def test_nobody_stays_in_who_came_in_meanwhile(
    ada: Api, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = made_in(folder)
    write, before = rows.write, []

    def write_and_let_in(name: str, some: list[rows.Row], alias: str) -> None:
        write(name, some, alias)
        if name == backups.PLAN.gate:
            before.extend(Session.objects.all())
            Session.objects.create(user=the("ada"), token_hash="meanwhile")

    monkeypatch.setattr(rows, "write", write_and_let_in)
    restored(backup)
    assert before == []  # whoever was in is out before anybody is back
    assert not Session.objects.exists()


def test_spent_tokens_and_counters_stay(ada: Api, folder: Path) -> None:
    backup = made_in(folder)
    SpentToken.objects.create(jti="spent", expires_at=timezone.now() + timedelta(minutes=1))
    for _ in range(6):
        wrong = Api().call("POST", "/sessions", {"username": "ada", "password": "wrong" * 3})
    assert wrong.status_code == 429
    counters = set(TryCounter.objects.values_list("key", "count"))
    restored(backup)
    assert SpentToken.objects.get().jti == "spent"
    assert set(TryCounter.objects.values_list("key", "count")) == counters
    right = Api().call("POST", "/sessions", {"username": "ada", "password": PASSWORD})
    assert right.status_code == 429


def test_codes_used_or_replaced_since_stay_so(enrolled_ada: Api, folder: Path) -> None:
    first, second, *_ = enrolled_ada.codes  # type: ignore[attr-defined]
    backup = made_in(folder)

    def shown(typed: str) -> int:
        answer = sign_in().call("POST", "/session/factors/recovery-code", {"code": typed})
        return int(answer.status_code)

    assert shown(first) == 200
    assert "codes used or replaced since: 1" in restored(backup)
    assert shown(first) == 401
    assert shown(second) == 200
    recovery_codes.replace(the("ada"), proves_beside_face=False)
    assert "codes used or replaced since: 10" in restored(backup)
    assert RecoveryCode.objects.count() == 0


def test_a_code_of_the_app_that_was_shown_stays_used(ada: Api, folder: Path) -> None:
    secret, _ = add_app(ada)
    backup = made_in(folder)
    shown = code(secret)
    assert show(sign_in(), shown).status_code == 200
    restored(backup)
    assert show(sign_in(), shown).status_code == 401


def test_factors_removed_since_stay_removed(ada: Api, facelogin: Facelogin, folder: Path) -> None:
    facelogin.lights = ["light-" + "x" * 20]
    enrol(ada, facelogin)
    add_app(ada)
    backup = made_in(folder)
    enrolment.drop_face(the("ada"))
    enrolment.drop_totp(the("ada"))
    said = restored(backup)
    assert "faces removed since: 1" in said and "apps removed since: 1" in said
    assert not FaceFactor.objects.exists() and not TotpFactor.objects.exists()
    # Facelogin may be restored as well, and is told again.
    assert OwedErasure.objects.get().user_id == the("ada").pk
    assert sign_in().call("GET", "/session").json()["state"] == "active"


def test_factors_made_after_a_removal_are_kept(
    ada: Api, facelogin: Facelogin, folder: Path
) -> None:
    add_app(ada)
    enrolment.drop_totp(the("ada"))
    ada = sign_in()
    add_app(ada)
    backup = made_in(folder)
    assert "apps removed since: 0" in restored(backup)
    assert TotpFactor.objects.exists()


def test_who_was_locked_down_since_stays_locked(ada: Api, root: User, folder: Path) -> None:
    backup = made_in(folder)
    administration.lock_down(root, the("ada"))
    assert "people locked down since: 1" in restored(backup)
    assert (
        Api().call("POST", "/sessions", {"username": "ada", "password": PASSWORD}).status_code
        == 401
    )
    administration.release(root, the("ada"))
    # Locked and released long before the backup is made: that is as it was.
    Tombstone.objects.update(at=timezone.now() - timedelta(hours=1))
    restored(made_in(folder / "later"))
    assert the("ada").is_active


def test_invitations_used_or_withdrawn_since_open_nothing(root: User, folder: Path) -> None:
    used, withdrawn, good = (invitations.invite(root) for _ in range(3))
    backup = made_in(folder)

    def accepted(typed: str, name: str) -> int:
        body = {"code": typed, "username": name, "password": PASSWORD}
        return int(Api().call("POST", "/invitations/accept", body).status_code)

    assert accepted(used, "first") == 201
    code_hash = codes.hash_of("invitation", withdrawn)
    invitations.withdraw(Invitation.objects.filter(code_hash=code_hash))
    restored(backup)
    assert [accepted(each, "again") for each in (used, withdrawn)] == [401, 401]
    assert accepted(good, "again") == 201


def test_a_backup_of_the_other_room_is_refused(ada: Api, folder: Path) -> None:
    backup = made_in(folder)
    lines = gzip.decompress(backup.read_bytes()).splitlines(keepends=True)
    other = lines[0].replace(b'"accounts"', b'"facelogin"')
    backup.write_bytes(gzip.compress(b"".join([other, *lines[1:]])))
    with pytest.raises(CommandError, match="these settings have no such room"):
        restored(backup)
    assert Session.objects.exists()


def test_rows_that_do_not_fit_let_nobody_in(
    ada: Api, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = made_in(folder / "good")
    read = rows.read

    def read_wrongly(name: str, alias: str) -> Any:
        for row in read(name, alias):
            yield row | {"fields": row["fields"] | {"no_such_field": 1}}

    monkeypatch.setattr(rows, "read", read_wrongly)
    backup = made_in(folder)
    monkeypatch.undo()
    with pytest.raises(CommandError, match=r"rows of .* do not fit"):
        restored(backup)
    if connection.vendor == "sqlite":  # all of it is undone
        assert ada.call("GET", "/session").status_code == 200
    else:  # nobody gets in by half of it
        assert not User.objects.exists()
        with pytest.raises(NotReady, match="run it again"):
            restores.check_databases()
    restored(good)
    assert the("ada").username == "ada"


def test_a_folder_that_cannot_be_written_is_said(ada: Api, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot be used"):
        call_command("backup", tmp_path / "file")


def test_events_come_back_with_whom_they_are_about(ada: Api, folder: Path) -> None:
    before = set(Event.objects.values_list("pk", "user_id", "kind"))
    assert before
    backup = made_in(folder)
    FaceTicket.objects.create(jti="on its way", user=the("ada"), purpose="verify")
    restored(backup)
    assert set(Event.objects.values_list("pk", "user_id", "kind")) == before
    assert not FaceTicket.objects.exists()
