"""Facelogin's database behind a few verbs. Dying between any two writes is safe."""

import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec, TypeVar

from channels.db import DatabaseSyncToAsync
from django.db import IntegrityError
from django.utils import timezone

from facelogin import crypto, extensions, lives, spent_tickets, tombstones
from facelogin.extensions import ExtensionStatus
from facelogin.models import EndedSession, OpenAttempt, Person, Reference
from facelogin.recognition import Reference as FaceReference
from facelogin.tombstones import Kind

P = ParamSpec("P")
T = TypeVar("T")

MOST_AT_ONCE = 500  # rows housekeeping holds in memory


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run something that blocks in a thread of the pool.

    Not Channels' default of one thread for all consumers: one slow answer of the database or of
    accounts would hold up every person before a camera.
    """
    result: T = await DatabaseSyncToAsync(work, thread_sensitive=False)(*args, **kwargs)
    return result


@dataclass(frozen=True)
class ReferenceStatus:
    """What may be told about a current reference."""

    enrolled_at: datetime
    engine: str
    samples: int
    expires_at: datetime
    cohort_consent: bool
    extensions: list[ExtensionStatus]


def open_attempt(user_id: uuid.UUID, session_hash: str) -> uuid.UUID:
    """Make a new attempt the person's one open attempt; return its id."""
    attempt_id = uuid.uuid4()
    values = {
        "attempt_id": attempt_id,
        "session_hash": session_hash,
        "started_at": timezone.now(),
    }
    if not OpenAttempt.objects.filter(user_id=user_id).update(**values):
        try:
            OpenAttempt.objects.create(user_id=user_id, **values)
        except IntegrityError:  # another copy opened one between our two writes
            OpenAttempt.objects.filter(user_id=user_id).update(**values)
    return attempt_id


def owner_of_attempt(user_id: uuid.UUID) -> uuid.UUID | None:
    """Return the id of the person's open attempt; None if it was ended from outside."""
    row = OpenAttempt.objects.filter(user_id=user_id).values_list("attempt_id", flat=True)
    return row.first()


def close_attempt(user_id: uuid.UUID, attempt_id: uuid.UUID) -> None:
    """Forget an attempt that is over, unless a newer one has the row."""
    OpenAttempt.objects.filter(user_id=user_id, attempt_id=attempt_id).delete()


def end_session(session_hash: str) -> None:
    """Let a session's attempts end, also those whose ticket is still on its way.

    Remembered first, then the rows go. An attempt writes its row and then asks `is_ended`, so of
    the two one always sees the other.
    """
    EndedSession.objects.get_or_create(session_hash=session_hash)
    OpenAttempt.objects.filter(session_hash=session_hash).delete()


def is_ended(session_hash: str) -> bool:
    """Say whether accounts ended this session."""
    return EndedSession.objects.filter(session_hash=session_hash).exists()


def ended_among(session_hashes: Collection[str]) -> list[str]:
    """Return those of these sessions that accounts ended, in one query."""
    rows = EndedSession.objects.filter(session_hash__in=session_hashes)
    return list(rows.values_list("session_hash", flat=True))


def _wrapped_key_of(user_id: uuid.UUID) -> bytes:
    person = Person.objects.filter(user_id=user_id).first()
    if person is None:
        try:
            person = Person.objects.create(
                user_id=user_id, wrapped_key=crypto.new_wrapped_key(user_id)
            )
        except IntegrityError:  # made by another enrolment meanwhile
            person = Person.objects.get(user_id=user_id)
    return bytes(person.wrapped_key)


def store_pending(
    user_id: uuid.UUID,
    reference: FaceReference,
    assertion_jti: str,
    *,
    cohort_consent: bool = False,
) -> None:
    """Keep a finished reference beside the current one until accounts activates it.

    `cohort_consent`: other people's faces may be judged against it, see `cohorts`.
    """
    reference_id = uuid.uuid4()
    ciphertext = crypto.seal_reference(
        reference.to_bytes(),
        _wrapped_key_of(user_id),
        user_id=user_id,
        reference_id=reference_id,
        engine=reference.engine,
    )
    Reference.objects.create(
        id=reference_id,
        user_id=user_id,
        engine=reference.engine,
        cohort_consent=cohort_consent,
        samples=len(reference.templates),
        ciphertext=ciphertext,
        assertion_jti=assertion_jti,
        expires_at=timezone.now() + lives.REFERENCE,
    )


def withdraw_pending(user_id: uuid.UUID, assertion_jti: str) -> None:
    """Remove what an attempt stored that was ended meanwhile; nobody has its assertion."""
    Reference.objects.filter(user_id=user_id, assertion_jti=assertion_jti).delete()
    extensions.remove(user_id, assertion_jti)
    _remove_unused_key(user_id)


def _remove_unused_key(user_id: uuid.UUID) -> int:
    """Remove a key that opens nothing, unless an attempt may soon store what it will open.

    One is left where somebody is erased while an enrolment of theirs is stored.
    """
    # In this order: what an attempt stored is there before the attempt goes.
    if OpenAttempt.objects.filter(user_id=user_id).exists():
        return 0
    if Reference.objects.filter(user_id=user_id).exists():
        return 0
    return Person.objects.filter(user_id=user_id, current_reference=None).delete()[0]


def activate(user_id: uuid.UUID, assertion_jti: str) -> bool:
    """Make a pending reference the one that counts, or a pending extension count beside it.

    True also if it does already. The switch is one write; with it the extensions of the old
    reference count no more. What is old is removed after it, by housekeeping if not here.
    """
    reference = Reference.objects.filter(user_id=user_id, assertion_jti=assertion_jti).first()
    if reference is None:
        current = _current_row(user_id)
        return current is not None and extensions.activate(current[0], assertion_jti)
    person = Person.objects.filter(user_id=user_id)
    if not person.filter(current_reference=reference.id).exists():
        if reference.created_at < timezone.now() - lives.PENDING:
            return False
        # Before the switch: whoever dies after it leaves rows that housekeeping looks at.
        Reference.objects.filter(user_id=user_id).update(is_settled=False)
        if not person.update(current_reference=reference.id):
            return False
    # A reference goes last: as long as it is there, what extends it is found.
    extensions.drop_of_others(reference)
    Reference.objects.filter(user_id=user_id, created_at__lt=reference.created_at).delete()
    Reference.objects.filter(id=reference.id).update(is_settled=True)
    return True


def store_pending_extension(user_id: uuid.UUID, capture: FaceReference, assertion_jti: str) -> bool:
    """Keep a finished capture for the current reference; False if that is gone meanwhile."""
    found = _current_row(user_id)
    if found is None or found[0].engine != capture.engine:
        return False
    extensions.store_pending(*found, capture, assertion_jti)
    if not Person.objects.filter(user_id=user_id).exists():  # erased between the two
        extensions.remove_all(user_id)
        return False
    return True


def remove_extension(user_id: uuid.UUID, assertion_jti: str) -> None:
    """Undo one extension; nothing happens if there is none."""
    tombstones.put(Kind.LIGHT, assertion_jti)
    extensions.remove(user_id, assertion_jti)


def _current_row(user_id: uuid.UUID) -> tuple[Reference, bytes] | None:
    person = Person.objects.filter(user_id=user_id).first()
    if person is None or person.current_reference is None:
        return None
    row = Reference.objects.filter(
        id=person.current_reference, user_id=user_id, expires_at__gt=timezone.now()
    ).first()
    return (row, bytes(person.wrapped_key)) if row else None


def current_reference(user_id: uuid.UUID) -> FaceReference | None:
    """Return the reference that counts with its extensions, decrypted into memory.

    Raises
    ------
    CannotOpen
        If it does not open: moved, altered, or its key is gone.
    ValueError
        If it opens and cannot be read: an older version wrote it.
    """
    found = _current_row(user_id)
    if found is None:
        return None
    row, wrapped_key = found
    plaintext = crypto.open_reference(
        bytes(row.ciphertext),
        wrapped_key,
        user_id=user_id,
        reference_id=row.id,
        engine=row.engine,
    )
    first = FaceReference.from_bytes(plaintext)
    shape = first.templates.shape[1:]  # an engine may have changed it since
    lights = [e for e in extensions.references(*found) if e.templates.shape[1:] == shape]
    return FaceReference.joined([first, *lights])


def reference_status(user_id: uuid.UUID) -> ReferenceStatus | None:
    """Return what may be told about the reference that counts."""
    found = _current_row(user_id)
    if found is None:
        return None
    row, _ = found
    added = extensions.statuses(row)
    return ReferenceStatus(
        enrolled_at=row.created_at,
        engine=row.engine,
        samples=row.samples + sum(extension.samples for extension in added),
        expires_at=row.expires_at,
        cohort_consent=row.cohort_consent,
        extensions=added,
    )


def people_of_other_engines(engines: Collection[str]) -> dict[str, int]:
    """Return how many people have a reference of each engine that is none of these.

    However many people there are, those of these engines are never looked at.
    """
    live = Reference.objects.filter(is_settled=True, expires_at__gt=timezone.now())
    people: dict[str, int] = {}
    engine: str | None = ""
    while engine is not None:
        later = Reference.objects.filter(engine__gt=engine).order_by("engine")
        engine = later.values_list("engine", flat=True).first()
        if engine is not None and engine not in engines:
            people[engine] = live.filter(engine=engine).count()
    return {name: count for name, count in people.items() if count}


def erase(user_id: uuid.UUID) -> None:
    """Remove a person: key first, so that nothing opens any more, then what runs, then the rest.

    An attempt opens its row before it reads a reference, and looks at its row after it stored one.
    So whoever read the reference in time loses the row here; what was stored before the row went is
    removed here, what is stored later its own attempt withdraws.
    """
    tombstones.put(Kind.FACE, user_id)
    remove_rows(user_id)
    # Once more: a backup may have been made of what was stored meanwhile.
    tombstones.put(Kind.FACE, user_id)


def remove_rows(user_id: uuid.UUID) -> None:
    """Remove what is stored about a person, in the order of `erase`."""
    Person.objects.filter(user_id=user_id).delete()
    OpenAttempt.objects.filter(user_id=user_id).delete()
    Person.objects.filter(user_id=user_id).delete()  # an enrolment may have made a new key
    Reference.objects.filter(user_id=user_id).delete()
    extensions.remove_all(user_id)


def people() -> Iterator[Person]:
    """Yield everybody with a key; who comes or goes meanwhile may be left out."""
    after: uuid.UUID | None = None
    while True:
        rows = Person.objects.order_by("user_id")
        chunk = list((rows if after is None else rows.filter(user_id__gt=after))[:MOST_AT_ONCE])
        yield from chunk
        if len(chunk) < MOST_AT_ONCE:
            return
        after = chunk[-1].user_id


def exchange_key(user_id: uuid.UUID, old: bytes, new: bytes) -> bool:
    """Put a person's key in another wrapping; False if it is not the old one any more."""
    return bool(Person.objects.filter(user_id=user_id, wrapped_key=old).update(wrapped_key=new))


def remove_expired() -> dict[str, int]:
    """Delete what nothing needs any more; return how many of each."""
    now = timezone.now()
    return {
        "references": _remove_replaced()
        + Reference.objects.filter(expires_at__lte=now).delete()[0],
        "extensions": extensions.remove_expired(),
        "spent tickets": spent_tickets.remove_expired(),
        "attempts": OpenAttempt.objects.filter(started_at__lt=now - lives.ATTEMPT).delete()[0],
        "ended sessions": EndedSession.objects.filter(
            ended_at__lt=now - lives.ENDED_SESSION
        ).delete()[0],
        "tombstones": tombstones.remove_old(),
        # Last: what the lines above removed may have been all that a key opened.
        "unused keys": sum(map(_remove_unused_key, _people_without_reference())),
    }


def _remove_replaced() -> int:
    """Delete references that never came to count, or count no more; return how many."""
    removed = 0
    old = Reference.objects.filter(is_settled=False, created_at__lt=timezone.now() - lives.PENDING)
    for row in old.defer("ciphertext").order_by("created_at").iterator(MOST_AT_ONCE):
        if Person.objects.filter(user_id=row.user_id, current_reference=row.id).exists():
            Reference.objects.filter(id=row.id).update(is_settled=True)
        else:
            extensions.drop_of(row)
            removed += Reference.objects.filter(id=row.id).delete()[0]
    return removed


def _people_without_reference() -> Iterator[uuid.UUID]:
    people = Person.objects.filter(current_reference=None)
    return people.values_list("user_id", flat=True).iterator(MOST_AT_ONCE)
