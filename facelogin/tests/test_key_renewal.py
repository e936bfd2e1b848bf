"""The service key is renewed, everybody's face stays, and what was copied before does not open."""

import uuid
from datetime import timedelta
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from facelogin import crypto, stores
from facelogin.models import Person, Reference, TemplateKey
from facelogin.services import key_renewal
from facelogin.tests.test_stores import a_reference, enrol
from kubevision import keys

pytestmark = pytest.mark.django_db


def renewed(*options: str) -> str:
    said = StringIO()
    call_command("renew_template_key", *options, stdout=said)
    return said.getvalue()


def test_faces_stay_and_old_copies_of_the_keys_do_not_open(
    user_id: uuid.UUID, template_key: Path
) -> None:
    enrol(user_id, "face")
    copied = Person.objects.get()
    assert "1 people's keys" in renewed()
    assert len(keys.read_template_keys(template_key)) == 1
    current = stores.current_reference(user_id)
    assert current is not None and np.array_equal(current.templates, a_reference().templates)
    row = Reference.objects.get()
    with pytest.raises(crypto.CannotOpen):
        crypto.open_reference(
            bytes(row.ciphertext),
            bytes(copied.wrapped_key),
            user_id=user_id,
            reference_id=row.id,
            engine=row.engine,
        )


def test_a_renewal_that_was_interrupted_is_gone_on_with(
    user_id: uuid.UUID, template_key: Path
) -> None:
    enrol(user_id, "face")
    keys.renew(template_key)  # and then the process died
    between = uuid.uuid4()
    enrol(between, "between")
    newest = keys.read_template_keys(template_key)[0]
    renewed()
    assert keys.read_template_keys(template_key) == [newest]
    assert stores.current_reference(user_id) is not None
    assert stores.current_reference(between) is not None


def test_who_enrols_with_the_old_key_in_the_last_moment_keeps_the_face(
    user_id: uuid.UUID, template_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = crypto.new_wrapped_key(user_id)

    def enrol_late(_seconds: float) -> None:
        """A copy that read the file before the old key went, and writes only now."""
        Person.objects.create(user_id=user_id, wrapped_key=old)

    monkeypatch.setattr("facelogin.services.key_renewal.sleep", enrol_late)
    assert "1 people's keys" in renewed()
    assert crypto.has_service_key(bytes(Person.objects.get().wrapped_key))
    enrol(user_id, "face")
    assert stores.current_reference(user_id) is not None


def test_nobody_who_was_erased_meanwhile_comes_back(
    user_id: uuid.UUID, template_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(user_id, "face")
    rewrap = crypto.rewrap

    def erase_first(*arguments: object) -> bytes:
        stores.erase(user_id)
        return rewrap(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(crypto, "rewrap", erase_first)
    assert "0 people's keys" in renewed()
    assert not Person.objects.exists()


def test_whose_key_opens_no_more_is_counted_and_left_alone(
    user_id: uuid.UUID, template_key: Path
) -> None:
    enrol(user_id, "face")
    template_key.write_bytes(keys.MAKERS["template.key"]())
    kept = bytes(Person.objects.get().wrapped_key)
    assert "1 opened with none of the keys" in renewed()
    assert bytes(Person.objects.get().wrapped_key) == kept


def test_with_keys_from_elsewhere_only_the_wrappings_change(
    user_id: uuid.UUID, template_key: Path
) -> None:
    enrol(user_id, "face")
    keys.renew(template_key)
    both = template_key.read_bytes()
    assert "take the old key away" in renewed("--rewrap-only")
    assert template_key.read_bytes() == both
    keys.retire(template_key)
    assert stores.current_reference(user_id) is not None


def test_a_file_that_cannot_be_replaced_is_said_and_nothing_changes(
    user_id: uuid.UUID, template_key: Path
) -> None:
    enrol(user_id, "face")
    before = bytes(Person.objects.get().wrapped_key)
    template_key.with_name("template.key.new").mkdir()  # in the way
    with pytest.raises(CommandError, match=r"cannot be replaced.*--rewrap-only"):
        renewed()
    assert bytes(Person.objects.get().wrapped_key) == before


def test_keys_that_are_gone_open_nothing_and_are_back_with_the_file(
    user_id: uuid.UUID, template_key: Path
) -> None:
    enrol(user_id, "face")
    away = template_key.rename(template_key.with_name("away"))
    with pytest.raises(crypto.CannotOpen, match="cannot be read"):
        stores.current_reference(user_id)
    away.rename(template_key)
    assert stores.current_reference(user_id) is not None


def test_an_old_key_is_told_of(template_key: Path) -> None:
    assert key_renewal.note() is None  # nobody knows yet
    assert key_renewal.remember_key() == {"new template keys": 1}
    assert key_renewal.remember_key() == {"new template keys": 0}
    assert key_renewal.note() is None
    TemplateKey.objects.update(first_seen_at=timezone.now() - timedelta(days=31))
    note = key_renewal.note()
    assert note is not None and "31 days old" in note
    renewed()
    assert key_renewal.note() is None


def test_more_people_than_are_held_in_memory_are_all_rewrapped(
    template_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "MOST_AT_ONCE", 3)
    for count in (6, 7):
        Person.objects.all().delete()
        for _ in range(count):
            user_id = uuid.uuid4()
            Person.objects.create(user_id=user_id, wrapped_key=crypto.new_wrapped_key(user_id))
        assert f"{count} people's keys" in renewed()
        newest = crypto.newest_key_id()
        assert all(bytes(one.wrapped_key).startswith(newest) for one in Person.objects.all())
