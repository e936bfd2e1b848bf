"""Which engines are here, and which people's references need one that is not."""

from facelogin import stores, workers


def note() -> str | None:
    """Return what an operator should know of the engines; for /readyz."""
    pool = workers.pool()
    notes = list(pool.described.notes)
    notes += [
        f"the engine {engine} is not loaded; people who cannot sign in by face without it, "
        f"until they enrol anew: {people}"
        for engine, people in stores.people_of_other_engines(pool.engines).items()
    ]
    return "; ".join(notes) or None
