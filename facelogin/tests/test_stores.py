import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import pytest
from django.db.models import signals
from django.utils import timezone

from facelogin import crypto, spent_tickets, stores
from facelogin.models import OpenAttempt, Person, Reference, SpentTicket
from facelogin.recognition import Reference as FaceReference

pytestmark = pytest.mark.django_db


def a_reference(seed: int = 0) -> FaceReference:
    random = np.random.default_rng(seed)
    return FaceReference("lbph", random.integers(0, 9, (10, 64, 256), dtype=np.uint8))


def enrol(user_id: uuid.UUID, jti: str, seed: int = 0) -> FaceReference:
    reference = a_reference(seed)
    stores.store_pending(user_id, reference, jti)
    assert stores.activate(user_id, jti)
    return reference


def test_a_reference_counts_once_activated(user_id: uuid.UUID) -> None:
    stores.store_pending(user_id, a_reference(), "one")
    assert stores.current_reference(user_id) is None
    assert stores.reference_status(user_id) is None
    assert stores.activate(user_id, "one")
    assert stores.activate(user_id, "one")  # doing it twice is doing it once
    current = stores.current_reference(user_id)
    assert current is not None
    assert np.array_equal(current.templates, a_reference().templates)
    status = stores.reference_status(user_id)
    assert status is not None and (status.engine, status.samples) == ("lbph", 10)


def test_the_old_reference_counts_until_the_new_one_is_activated(user_id: uuid.UUID) -> None:
    old = enrol(user_id, "old")
    stores.store_pending(user_id, a_reference(1), "new")
    current = stores.current_reference(user_id)
    assert current is not None and np.array_equal(current.templates, old.templates)
    assert stores.activate(user_id, "new")
    current = stores.current_reference(user_id)
    assert current is not None
    assert np.array_equal(current.templates, a_reference(1).templates)
    assert Reference.objects.count() == 1


def test_nobody_activates_another_persons_reference(user_id: uuid.UUID) -> None:
    stores.store_pending(user_id, a_reference(), "one")
    thief = uuid.uuid4()
    enrol(thief, "two", seed=1)
    assert not stores.activate(thief, "one")
    assert not stores.activate(user_id, "other")
    current = stores.current_reference(thief)
    assert current is not None and np.array_equal(current.templates, a_reference(1).templates)


def test_a_pending_reference_dies(user_id: uuid.UUID) -> None:
    stores.store_pending(user_id, a_reference(), "one")
    Reference.objects.update(created_at=timezone.now() - timedelta(minutes=10, seconds=1))
    assert not stores.activate(user_id, "one")
    assert stores.remove_expired()["references"] == 1


def test_an_expired_reference_does_not_count(user_id: uuid.UUID) -> None:
    enrol(user_id, "one")
    Reference.objects.update(expires_at=timezone.now())
    assert stores.current_reference(user_id) is None


def test_housekeeping_keeps_what_counts(user_id: uuid.UUID) -> None:
    enrol(user_id, "one")
    old = timezone.now() - timedelta(days=30)
    Reference.objects.update(created_at=old)
    SpentTicket.objects.create(jti="old", expires_at=old)
    OpenAttempt.objects.create(
        user_id=user_id, attempt_id=uuid.uuid4(), session_hash="x", started_at=old
    )
    removed = stores.remove_expired()
    gone = {name: count for name, count in removed.items() if count}
    assert gone == {"spent tickets": 1, "attempts": 1}
    assert stores.current_reference(user_id) is not None


def test_a_key_that_opens_nothing_is_removed(user_id: uuid.UUID) -> None:
    """Whoever is erased while a copy stores their enrolment and dies has nobody else to do it."""
    stores.store_pending(user_id, a_reference(), "one")
    assert stores.remove_expired()["unused keys"] == 0
    Reference.objects.update(created_at=timezone.now() - timedelta(minutes=10, seconds=1))
    enrolled = uuid.uuid4()
    enrol(enrolled, "two")
    before_the_camera = uuid.uuid4()  # the key is stored before the reference
    Person.objects.create(user_id=before_the_camera, wrapped_key=b"key")
    stores.open_attempt(before_the_camera, "session")
    removed = stores.remove_expired()
    assert (removed["references"], removed["unused keys"]) == (1, 1)
    kept = set(Person.objects.values_list("user_id", flat=True))
    assert kept == {enrolled, before_the_camera}


def test_erasing_leaves_no_row(user_id: uuid.UUID) -> None:
    enrol(user_id, "one")
    stores.store_pending(user_id, a_reference(1), "two")
    stores.open_attempt(user_id, "session")
    stores.erase(user_id)
    stores.erase(user_id)
    for model in (Person, Reference, OpenAttempt):
        assert not model.objects.exists()


@contextmanager
def just_before_the_row_goes(act: Callable[[], None]) -> Iterator[None]:
    """Do something when an attempt's row is about to be removed, as another copy may."""

    def receive(**_more: object) -> None:
        act()

    signals.pre_delete.connect(receive, sender=OpenAttempt)
    try:
        yield
    finally:
        signals.pre_delete.disconnect(receive, sender=OpenAttempt)


def test_erasing_takes_what_is_stored_while_it_works(user_id: uuid.UUID) -> None:
    enrol(user_id, "one")
    stores.open_attempt(user_id, "session")
    found: list[FaceReference | None] = []

    def verify_and_enrol() -> None:
        found.append(stores.current_reference(user_id))
        stores.store_pending(user_id, a_reference(1), "two")

    with just_before_the_row_goes(verify_and_enrol):
        stores.erase(user_id)
    # Whoever begins now reads nothing; whoever read it before loses the row.
    assert found == [None]
    for model in (Person, Reference, OpenAttempt):
        assert not model.objects.exists()


def test_a_session_is_known_as_ended_before_its_attempts_go(user_id: uuid.UUID) -> None:
    stores.open_attempt(user_id, "session")
    found: list[bool] = []
    with just_before_the_row_goes(lambda: found.append(stores.is_ended("session"))):
        stores.end_session("session")
    assert found == [True]
    assert not OpenAttempt.objects.exists()


def test_a_row_moved_to_another_person_does_not_open(user_id: uuid.UUID) -> None:
    enrol(user_id, "one")
    thief = uuid.uuid4()
    enrol(thief, "two", seed=1)
    mine = Reference.objects.get(user_id=user_id)
    Reference.objects.filter(user_id=thief).update(ciphertext=mine.ciphertext)
    with pytest.raises(crypto.CannotOpen):
        stores.current_reference(thief)


def test_a_key_moved_to_another_person_does_not_open(user_id: uuid.UUID) -> None:
    enrol(user_id, "one")
    thief = uuid.uuid4()
    enrol(thief, "two", seed=1)
    key = Person.objects.get(user_id=user_id).wrapped_key
    Person.objects.filter(user_id=thief).update(wrapped_key=key)
    with pytest.raises(crypto.CannotOpen):
        stores.current_reference(thief)


def test_the_old_ciphertext_fails_after_re_enrolment(user_id: uuid.UUID) -> None:
    enrol(user_id, "one")
    old = bytes(Reference.objects.get().ciphertext)
    enrol(user_id, "two", seed=1)
    Reference.objects.update(ciphertext=old)
    with pytest.raises(crypto.CannotOpen):
        stores.current_reference(user_id)


@pytest.mark.parametrize("at", [0, 11, 12, 500, -1])
def test_altered_ciphertext_does_not_open(user_id: uuid.UUID, at: int) -> None:
    enrol(user_id, "one")
    altered = bytearray(Reference.objects.get().ciphertext)
    altered[at] ^= 1
    Reference.objects.update(ciphertext=bytes(altered))
    with pytest.raises(crypto.CannotOpen):
        stores.current_reference(user_id)


def test_two_rows_of_one_person_share_no_bytes(user_id: uuid.UUID) -> None:
    stores.store_pending(user_id, a_reference(), "one")
    stores.store_pending(user_id, a_reference(), "two")
    one, two = (bytes(row.ciphertext) for row in Reference.objects.all())
    windows = {one[at : at + 8] for at in range(len(one) - 8)}
    assert not any(two[at : at + 8] in windows for at in range(len(two) - 8))


@pytest.mark.django_db(transaction=True)
def test_a_ticket_is_spent_once() -> None:
    assert spent_tickets.spend("one", timezone.now(), timezone.now())
    assert not spent_tickets.spend("one", timezone.now(), timezone.now())
    assert spent_tickets.spend("two", timezone.now(), timezone.now())
