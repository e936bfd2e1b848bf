"""Dying between two writes leaves no face that counts too long, none that nobody removes."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from facelogin import crypto, spent_tickets, stores
from facelogin.models import (
    EndedSession,
    Extension,
    OpenAttempt,
    Person,
    Reference,
    SpentTicket,
    Tombstone,
)
from facelogin.spent_tickets import AttemptReport
from facelogin.tests.test_extensions import extend
from facelogin.tests.test_stores import a_reference, enrol
from kubevision.tests.killing import deaths

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def seed_of(user_id: uuid.UUID) -> int | None:
    """Say which reference counts, as the sign-in would read it."""
    current = stores.current_reference(user_id)
    if current is None:
        return None
    own = current.templates[:10]
    return next(seed for seed in (0, 1) if np.array_equal(own, a_reference(seed).templates))


def test_the_old_face_counts_until_the_new_one_does(user_id: uuid.UUID) -> None:
    def prepare() -> Callable[[], object]:
        stores.erase(user_id)
        enrol(user_id, f"old {uuid.uuid4()}")
        extend(user_id, f"light {uuid.uuid4()}")
        stores.store_pending(user_id, a_reference(1), "new")
        return lambda: stores.activate(user_id, "new")

    for writes in deaths(prepare):
        before = seed_of(user_id)
        assert before == (0 if writes < 2 else 1)
        Reference.objects.update(created_at=timezone.now() - DAY / 2)
        stores.remove_expired()
        assert seed_of(user_id) == before
        assert Reference.objects.filter(user_id=user_id).count() == 1
        assert Extension.objects.count() == (1 if before == 0 else 0)


def test_a_first_face_is_stored_or_is_not(user_id: uuid.UUID) -> None:
    def prepare() -> Callable[[], object]:
        stores.erase(user_id)
        return lambda: stores.store_pending(user_id, a_reference(), "one")

    for _writes in deaths(prepare):
        assert stores.current_reference(user_id) is None
        stores.remove_expired()
        assert not Person.objects.exists()  # a key that opens nothing goes
        assert not Reference.objects.exists()


def test_an_erased_person_never_comes_back(user_id: uuid.UUID) -> None:
    def prepare() -> Callable[[], object]:
        Tombstone.objects.all().delete()
        enrol(user_id, f"one {uuid.uuid4()}")
        extend(user_id, f"light {uuid.uuid4()}")
        stores.open_attempt(user_id, "s" * 64)
        return lambda: stores.erase(user_id)

    for writes in deaths(prepare):
        # First the tombstone: whatever is gone stays gone when a backup is restored.
        assert Tombstone.objects.exists() == (writes > 0)
        if writes > 1:
            assert stores.current_reference(user_id) is None
        stores.erase(user_id)  # accounts asks until it hears that it was done
        for model in (Person, Reference, Extension, OpenAttempt):
            assert not model.objects.filter(user_id=user_id).exists()


def test_a_ticket_is_spent_with_its_report_or_not_at_all(user_id: uuid.UUID) -> None:
    report = AttemptReport(str(user_id), "temporarily_unavailable")
    ends = timezone.now() + DAY

    def prepare() -> Callable[[], object]:
        SpentTicket.objects.all().delete()
        return lambda: spent_tickets.spend("jti", timezone.now(), ends, report)

    for _writes in deaths(prepare):
        assert spent_tickets.spend("jti", timezone.now(), ends, report)
        assert SpentTicket.objects.get().report is not None
        assert not spent_tickets.spend("jti", timezone.now(), ends, report)


def test_a_session_that_ends_lets_nothing_begin(user_id: uuid.UUID) -> None:
    def prepare() -> Callable[[], object]:
        EndedSession.objects.all().delete()
        stores.open_attempt(user_id, "s" * 64)
        return lambda: stores.end_session("s" * 64)

    for writes in deaths(prepare):
        assert stores.is_ended("s" * 64) == (writes > 0)
        assert stores.owner_of_attempt(user_id) is not None  # told again, it goes
        stores.end_session("s" * 64)
        assert stores.owner_of_attempt(user_id) is None


def test_a_reference_opens_whoever_died_while_it_was_replaced(user_id: uuid.UUID) -> None:
    enrol(user_id, "old")

    def prepare() -> Callable[[], object]:
        jti = str(uuid.uuid4())
        return lambda: (
            stores.store_pending(user_id, a_reference(1), jti),
            stores.activate(user_id, jti),
        )

    for _writes in deaths(prepare):
        try:
            assert stores.current_reference(user_id) is not None
        except crypto.CannotOpen:
            pytest.fail("the key does not fit the reference")
