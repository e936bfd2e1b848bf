"""Which engines are here, and which people's references need one that is not."""

from facelogin import stores, workers


def note() -> str | None:
    """Return what an operator should know of the engines; a readiness check that never fails."""
    pool = workers.pool()
    notes = list(pool.notes)
    for engine, people in stores.people_by_engine().items():
        if engine not in pool.engines:
            notes.append(
                f"{people} people cannot sign in by face: their references need the engine "
                f"{engine}, which is not loaded"
            )
    return "; ".join(notes) or None
