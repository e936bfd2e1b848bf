"""More light: an extension counts beside one reference, for a while, until it is undone."""

import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from facelogin import crypto, extensions, lives, stores
from facelogin.models import Extension, Person, Reference
from facelogin.recognition import Reference as FaceReference
from facelogin.tests.test_stores import a_reference, enrol

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def a_light(seed: int, engine: str = "lbph") -> FaceReference:
    random = np.random.default_rng(seed)
    return FaceReference(engine, random.integers(0, 9, (5, 64, 256), dtype=np.uint8))


def extend(user_id: uuid.UUID, jti: str, seed: int = 7) -> FaceReference:
    light = a_light(seed)
    assert stores.store_pending_extension(user_id, light, jti)
    assert stores.activate(user_id, jti)
    return light


def current(user_id: uuid.UUID) -> FaceReference:
    reference = stores.current_reference(user_id)
    assert reference is not None
    return reference


def names(user_id: uuid.UUID) -> list[str]:
    status = stores.reference_status(user_id)
    assert status is not None
    return [extension.id for extension in status.extensions]


def test_a_light_counts_once_activated_as_a_group_of_its_own(user_id: uuid.UUID) -> None:
    first = enrol(user_id, "face")
    light = a_light(7)
    assert stores.store_pending_extension(user_id, light, "light")
    assert len(current(user_id).templates) == 10
    assert names(user_id) == []
    assert stores.activate(user_id, "light")
    assert stores.activate(user_id, "light")  # doing it twice is doing it once
    joined = current(user_id)
    assert np.array_equal(joined.templates, np.concatenate([first.templates, light.templates]))
    assert joined.groups.tolist() == [0] * 10 + [1] * 5
    status = stores.reference_status(user_id)
    assert status is not None and status.samples == 15
    assert names(user_id) == ["light"]


def test_a_pending_light_dies(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    stores.store_pending_extension(user_id, a_light(7), "light")
    Extension.objects.update(created_at=timezone.now() - timedelta(minutes=10, seconds=1))
    assert not stores.activate(user_id, "light")
    assert len(current(user_id).templates) == 10
    assert stores.remove_expired()["extensions"] == 1


def test_nobody_activates_or_removes_another_persons_light(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    thief = uuid.uuid4()
    enrol(thief, "other face", seed=1)
    stores.store_pending_extension(user_id, a_light(7), "light")
    assert not stores.activate(thief, "light")
    assert stores.activate(user_id, "light")
    stores.remove_extension(thief, "light")
    assert names(user_id) == ["light"]
    assert len(current(thief).templates) == 10


def test_without_a_reference_there_is_nothing_to_extend(user_id: uuid.UUID) -> None:
    assert not stores.store_pending_extension(user_id, a_light(7), "light")
    assert not stores.activate(user_id, "light")
    assert not Extension.objects.exists()


def test_a_light_of_another_engine_is_refused(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    assert not stores.store_pending_extension(user_id, a_light(7, "resnet"), "light")


def test_a_light_of_another_shape_is_left_out(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    stores.store_pending_extension(
        user_id, FaceReference("lbph", np.zeros((5, 32, 256), np.uint8)), "light"
    )
    stores.activate(user_id, "light")
    assert len(current(user_id).templates) == 10


def test_a_fourth_light_replaces_the_oldest(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    for number in range(4):
        extend(user_id, f"light {number}", seed=number)
    assert names(user_id) == ["light 3", "light 2", "light 1"]
    assert Extension.objects.count() == 3
    assert current(user_id).groups.max() == 3


def test_no_more_count_than_are_kept_whoever_dies_in_between(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    for number in range(3):
        extend(user_id, f"light {number}", seed=number)
    stores.store_pending_extension(user_id, a_light(3), "light 3")
    Extension.objects.filter(assertion_jti="light 3").update(added_at=timezone.now())
    assert names(user_id) == ["light 3", "light 2", "light 1"]
    assert len(current(user_id).templates) == 25


def test_an_expired_light_does_not_count(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    extend(user_id, "light")
    Extension.objects.update(expires_at=timezone.now())
    assert len(current(user_id).templates) == 10
    assert names(user_id) == []
    assert stores.remove_expired()["extensions"] == 1


def test_a_light_ends_after_half_a_year_and_never_after_its_reference(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    extend(user_id, "light")
    half_a_year = timezone.now() + lives.EXTENSION
    assert half_a_year - DAY < Extension.objects.get().expires_at <= half_a_year
    Reference.objects.update(expires_at=timezone.now() + DAY)
    extend(user_id, "another")
    ends = Extension.objects.get(assertion_jti="another").expires_at
    assert ends == Reference.objects.get().expires_at


def test_undone_is_undone(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    extend(user_id, "light")
    stores.remove_extension(user_id, "light")
    stores.remove_extension(user_id, "light")  # as after a repeat
    assert not stores.activate(user_id, "light")
    assert len(current(user_id).templates) == 10
    assert not Extension.objects.exists()


def test_enrolling_anew_drops_all_lights(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    extend(user_id, "light")
    stores.store_pending_extension(user_id, a_light(8), "pending")
    enrol(user_id, "new face", seed=1)
    assert not stores.activate(user_id, "pending")
    assert len(current(user_id).templates) == 10
    assert names(user_id) == []
    assert not Extension.objects.exists()


def test_the_switch_alone_drops_them_whoever_dies_after_it(
    user_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(user_id, "face")
    extend(user_id, "light")
    stores.store_pending(user_id, a_reference(1), "new face")

    def die(_base: Reference) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying, pytest.raises(KeyboardInterrupt):
        dying.setattr(extensions, "drop_of_others", die)
        stores.activate(user_id, "new face")
    assert len(current(user_id).templates) == 10
    assert names(user_id) == []
    Reference.objects.update(created_at=timezone.now() - DAY)
    assert stores.remove_expired()["references"] == 1  # the old one, and its light with it
    assert not Extension.objects.exists()
    assert len(current(user_id).templates) == 10


def test_housekeeping_keeps_lights_that_count(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    extend(user_id, "light")
    Extension.objects.update(created_at=timezone.now() - 30 * DAY)
    assert stores.remove_expired()["extensions"] == 0
    assert names(user_id) == ["light"]


def test_erasing_leaves_no_light(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    extend(user_id, "light")
    stores.erase(user_id)
    assert not Extension.objects.exists()


# -- at rest --------------------------------------------------------------------------------------


def opened(row: Extension, **changes: object) -> bytes:
    person = Person.objects.get(user_id=row.user_id)
    place = {
        "user_id": row.user_id,
        "reference_id": row.id,
        "engine": row.engine,
        "extends": row.extends,
    }
    return crypto.open_reference(
        bytes(row.ciphertext),
        bytes(person.wrapped_key),
        **(place | changes),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"extends": uuid.uuid4()},
        {"extends": None},
        {"reference_id": uuid.uuid4()},
        {"engine": "resnet"},
    ],
    ids=["another reference's", "no extension", "another row", "another engine"],
)
def test_a_light_opens_in_its_place_only(user_id: uuid.UUID, changes: dict[str, object]) -> None:
    enrol(user_id, "face")
    light = extend(user_id, "light")
    row = Extension.objects.get()
    assert opened(row) == light.to_bytes()
    with pytest.raises(crypto.CannotOpen):
        opened(row, **changes)


def test_a_row_moved_to_another_person_or_reference_counts_for_nobody(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    extend(user_id, "light")
    thief = uuid.uuid4()
    enrol(thief, "other face", seed=1)
    extends = Person.objects.get(user_id=thief).current_reference
    Extension.objects.update(user_id=thief, extends=extends)
    assert len(current(thief).templates) == 10
    assert len(current(user_id).templates) == 10


def test_no_plaintext_is_stored_and_no_two_rows_are_alike(user_id: uuid.UUID) -> None:
    enrol(user_id, "face")
    light = extend(user_id, "light").to_bytes()
    stores.store_pending_extension(user_id, a_light(7), "again")
    one, two = (bytes(row.ciphertext) for row in Extension.objects.all())
    for stored, other in ((one, light), (two, light), (one, two)):
        windows = {stored[at : at + 8] for at in range(len(stored) - 8)}
        assert not any(other[at : at + 8] in windows for at in range(len(other) - 8))
