"""References whose owners lend them: what other people's faces may be judged against.

Nothing is kept between two calls. Whoever is erased, or enrols anew without lending, is in no
cohort that is read from then on.
"""

import itertools
import logging
import uuid

from django.utils import timezone

from facelogin import crypto
from facelogin.models import Person, Reference
from facelogin.recognition import COHORT_PEOPLE
from facelogin.recognition import Reference as FaceReference

logger = logging.getLogger(__name__)

# References that are pending or were replaced a moment ago are read over.
_LOOKED_AT = 2 * COHORT_PEOPLE


def _lent(engine: str, beside: uuid.UUID) -> dict[uuid.UUID, Person]:
    """Return the owners of at most `COHORT_PEOPLE` current references, by the reference's id.

    Ids are random, so the stretch that begins at one person's id favours nobody, and is the same
    whenever that person signs in: nobody gets another cohort by trying again.
    """
    lent = (
        Reference.objects.filter(cohort_consent=True, engine=engine, expires_at__gt=timezone.now())
        .exclude(user_id=beside)
        .order_by("id")
        .values_list("id", flat=True)
    )
    ids = [*lent.filter(id__gte=beside)[:_LOOKED_AT], *lent.filter(id__lt=beside)[:_LOOKED_AT]]
    owners = {
        owner.current_reference: owner for owner in Person.objects.filter(current_reference__in=ids)
    }
    current = (reference for reference in ids if reference in owners)
    return {reference: owners[reference] for reference in itertools.islice(current, COHORT_PEOPLE)}


def count(engine: str) -> int:
    """Return how many people lend their reference now; no more than a cohort takes."""
    return len(_lent(engine, uuid.uuid4()))


def references(engine: str, leaving_out: uuid.UUID) -> list[FaceReference]:
    """Return other people's references, decrypted into memory.

    One that does not open is left out: somebody else's damaged row keeps nobody from signing in.
    """
    owners = _lent(engine, leaving_out)
    opened = []
    for row in Reference.objects.filter(id__in=list(owners)).order_by("id"):
        try:
            plaintext = crypto.open_reference(
                bytes(row.ciphertext),
                bytes(owners[row.id].wrapped_key),
                user_id=row.user_id,
                reference_id=row.id,
                engine=row.engine,
            )
            opened.append(FaceReference.from_bytes(plaintext))
        except (crypto.CannotOpen, ValueError):
            logger.warning("a reference that its owner lends does not open; it is left out")
    return opened
