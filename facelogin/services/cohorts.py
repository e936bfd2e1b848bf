"""Judging a claim against other people who agreed to it, where the operator wants that.

Decision 47. Nobody is searched for, nothing tells who is nearest, and no score leaves facelogin.
"""

import logging
import uuid

from django.conf import settings

from facelogin import lenders, operating_point, stores, workers
from facelogin.recognition import COHORT_LEAST, Background, Cohort, Reference

logger = logging.getLogger(__name__)

CONSENTING = "consenting"


def _too_few(people: int) -> str:
    return f"cohort: {people} of {COHORT_LEAST} people consented; scores are not normalised yet"


async def background(user_id: uuid.UUID, reference: Reference) -> Background | None:
    """Return what one claimed person's scores are judged against; None for plain scores.

    Read anew for each attempt and forgotten with it, after half a minute at most.
    """
    engine = reference.engine
    if settings.FACELOGIN_COHORT != CONSENTING or not operating_point.can_normalise(engine):
        return None
    others = [
        other
        for other in await stores.in_thread(lenders.references, engine, user_id)
        # An engine may have changed the shape of its templates since.
        if other.templates.shape[1:] == reference.templates.shape[1:]
    ]
    if len(others) < COHORT_LEAST:
        logger.info(_too_few(len(others)))
        return None
    limit = operating_point.laxest_threshold(engine)
    return await workers.pool().background(reference, Cohort.of(others), limit)


def note() -> str | None:
    """Return what an operator should know of the cohort; for /readyz."""
    engine = settings.FACELOGIN_ENGINE
    if settings.FACELOGIN_COHORT != CONSENTING:
        return None
    if not operating_point.has_cohort_table(engine):
        return f"cohort: the engine {engine} has no table for it; scores are not normalised"
    people = lenders.count(engine)
    return _too_few(people) if people < COHORT_LEAST else operating_point.normalised_note()
