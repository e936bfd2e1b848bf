"""Other people's references beside an attempt: who is in, who is out, and what they change."""

import uuid
from functools import cache

import numpy as np
import pytest
from django.utils import timezone

from facelogin import checks, lenders, models, operating_point, stores
from facelogin.recognition import COHORT_LEAST, COHORT_PEOPLE, Reference
from facelogin.services import cohorts
from facelogin.tests.conftest import Accounts, face_frames, other_face_frames
from facelogin.tests.pictures import frames, portrait, stranger, template_of
from facelogin.tests.test_capture import enrol, verify

pytestmark = pytest.mark.django_db(transaction=True)

TOO_FEW = "cohort: 7 of 8 people consented; scores are not normalised yet"


@cache
def other_person(seed: int) -> Reference:
    return Reference("lbph", np.stack([template_of(stranger(portrait(), seed))] * 3))


def lend(
    reference: Reference, *, user_id: uuid.UUID | None = None, consent: bool = True
) -> uuid.UUID:
    """Let somebody enrol so."""
    owner = user_id or uuid.uuid4()
    jti = uuid.uuid4().hex
    stores.store_pending(owner, reference, jti, cohort_consent=consent)
    assert stores.activate(owner, jti)
    return owner


def lend_many(count: int) -> list[uuid.UUID]:
    return [lend(other_person(seed)) for seed in range(1, count + 1)]


def middle_samples(user_id: uuid.UUID) -> set[bytes]:
    return {each.templates[1].tobytes() for each in lenders.references("lbph", user_id)}


# -- who is in -------------------------------------------------------------------------------------


def test_only_those_who_lend_are_in_and_never_the_claimed_person(user_id: uuid.UUID) -> None:
    lend(other_person(1))
    lend(other_person(2), consent=False)
    lend(other_person(3), user_id=user_id)
    assert middle_samples(user_id) == {other_person(1).templates[1].tobytes()}
    assert len(middle_samples(uuid.uuid4())) == 2


def test_pending_replaced_expired_and_foreign_references_are_out(user_id: uuid.UUID) -> None:
    stores.store_pending(uuid.uuid4(), other_person(1), "pending", cohort_consent=True)
    moved = lend(other_person(2))
    lend(other_person(3), user_id=moved)
    late = lend(other_person(4))
    models.Reference.objects.filter(user_id=late).update(expires_at=timezone.now())
    lend(Reference("other", other_person(5).templates))
    assert middle_samples(user_id) == {other_person(3).templates[1].tobytes()}
    assert lenders.count("lbph") == 1


def test_who_is_erased_or_enrols_anew_without_lending_is_out_at_once(user_id: uuid.UUID) -> None:
    gone, changed = lend_many(2)
    assert len(middle_samples(user_id)) == 2
    stores.erase(gone)
    assert middle_samples(user_id) == {other_person(2).templates[1].tobytes()}
    lend(other_person(2), user_id=changed, consent=False)
    assert middle_samples(user_id) == set()


def test_a_damaged_row_of_somebody_else_is_left_out(
    user_id: uuid.UUID, caplog: pytest.LogCaptureFixture
) -> None:
    broken, _ = lend_many(2)
    models.Reference.objects.filter(user_id=broken).update(ciphertext=b"x" * 40)
    assert middle_samples(user_id) == {other_person(2).templates[1].tobytes()}
    assert "does not open" in caplog.text and str(broken) not in caplog.text


def test_however_many_lend_so_many_are_read(user_id: uuid.UUID, django_assert_num_queries) -> None:
    for _ in range(3 * COHORT_PEOPLE):
        lend(other_person(1))
    with django_assert_num_queries(4):
        assert len(lenders.references("lbph", user_id)) == COHORT_PEOPLE


def test_the_same_people_for_one_person_and_others_for_another() -> None:
    lend_many(40)
    people = [uuid.UUID(int=n << 120) for n in (0, 64, 128, 192, 255)]
    first = [middle_samples(person) for person in people]
    assert [middle_samples(person) for person in people] == first
    assert len({frozenset(each) for each in first}) > 1
    assert all(len(each) == COHORT_PEOPLE for each in first)


# -- when it is used -------------------------------------------------------------------------------


async def test_nothing_is_normalised_unless_the_operator_says_so(
    user_id: uuid.UUID, settings
) -> None:
    await stores.in_thread(lend_many, COHORT_LEAST)
    assert settings.FACELOGIN_COHORT == "off"
    assert await cohorts.background(user_id, other_person(99)) is None
    assert await stores.in_thread(cohorts.note) is None
    settings.FACELOGIN_COHORT = "consenting"
    found = await cohorts.background(user_id, other_person(99))
    assert found is not None and len(found.cohort.templates) == COHORT_LEAST
    assert found.limit == operating_point.laxest_threshold("lbph")


async def test_seven_people_are_no_cohort_and_the_log_says_so(
    user_id: uuid.UUID, settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.FACELOGIN_COHORT = "consenting"
    caplog.set_level("INFO")
    await stores.in_thread(lend_many, COHORT_LEAST - 1)
    assert await cohorts.background(user_id, other_person(99)) is None
    assert TOO_FEW in caplog.text
    assert await stores.in_thread(cohorts.note) == TOO_FEW


async def test_templates_of_another_shape_are_left_out(user_id: uuid.UUID, settings) -> None:
    settings.FACELOGIN_COHORT = "consenting"
    await stores.in_thread(lend_many, COHORT_LEAST - 1)
    await stores.in_thread(lend, Reference("lbph", np.zeros((3, 4, 256), np.uint8)))
    assert await cohorts.background(user_id, other_person(99)) is None


def test_an_engine_without_a_table_has_plain_scores_and_readyz_says_so(settings) -> None:
    settings.FACELOGIN_COHORT, settings.FACELOGIN_ENGINE = "consenting", "another"
    assert (
        cohorts.note()
        == "cohort: the engine another has no table for it; scores are not normalised"
    )


def test_with_enough_people_readyz_says_how_far_the_rate_was_shown(settings) -> None:
    settings.FACELOGIN_COHORT = "consenting"
    lend_many(COHORT_LEAST)
    said = cohorts.note()
    assert said is not None and said.startswith("cohort: the false match rate is set to 0.1 %")


def test_a_rate_that_only_plain_scores_show_stops_the_start(settings) -> None:
    settings.FACELOGIN_FALSE_MATCH_RATE = 0.0001
    assert checks.check_operating_point() == []
    settings.FACELOGIN_COHORT = "consenting"
    assert [error.id for error in checks.check_operating_point()] == ["facelogin.E001"]
    assert not operating_point.can_normalise("lbph")


# -- through the socket ----------------------------------------------------------------------------


async def test_a_person_is_recognised_and_another_one_refused(
    accounts: Accounts, user_id: uuid.UUID, settings
) -> None:
    settings.FACELOGIN_COHORT = "consenting"
    await enrol(accounts, user_id, face_frames(20))
    await stores.in_thread(lend_many, 10)
    _, result = await verify(accounts, user_id, face_frames(20, seed=7))
    assert result["outcome"] == "match"
    _, result = await verify(accounts, user_id, other_face_frames(20))
    assert result["outcome"] == "non_match"


async def test_a_face_that_eight_others_have_too_is_no_proof(
    accounts: Accounts, user_id: uuid.UUID, settings
) -> None:
    """Plain scores match, as the face is the right one; it says nothing here."""
    await enrol(accounts, user_id, face_frames(20))
    shown = Reference("lbph", np.stack([template_of(image) for image in frames(3)]))
    for _ in range(COHORT_LEAST):
        await stores.in_thread(lend, shown)
    _, result = await verify(accounts, user_id, face_frames(20, seed=7))
    assert result["outcome"] == "match"
    settings.FACELOGIN_COHORT = "consenting"
    _, result = await verify(accounts, user_id, face_frames(20, seed=7))
    assert result["outcome"] == "non_match"


@pytest.mark.parametrize(("claim", "stored"), [(True, True), (False, False), (None, False)])
async def test_consent_travels_in_the_ticket(
    accounts: Accounts, user_id: uuid.UUID, claim: bool | None, stored: bool
) -> None:
    claims = {} if claim is None else {"cohort_consent": claim}
    await enrol(accounts, user_id, face_frames(20), **claims)
    row = await stores.in_thread(models.Reference.objects.get)
    assert row.cohort_consent is stored


async def test_consent_is_the_reference_s_and_ends_with_it(
    accounts: Accounts, user_id: uuid.UUID
) -> None:
    await enrol(accounts, user_id, face_frames(20), cohort_consent=True)
    assert await stores.in_thread(lenders.count, "lbph") == 1
    await enrol(accounts, user_id, face_frames(20, seed=3))
    assert await stores.in_thread(lenders.count, "lbph") == 0
