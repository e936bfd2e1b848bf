"""Writes rows that no door of the product would write: run by the benchmarks in a process.

python -m bench.rows disable NAME ...
python -m bench.rows enrol COUNT USER_NAME
python -m bench.rows indexes USER_NAME
python -m bench.rows people COUNT ADMINISTRATOR PASSWORD
"""

import json
import os
import secrets
import sys
import uuid
from datetime import timedelta

VALID = 10  # references sealed with keys of their own; all others are copies that do not open
FULL_SIZE_EVERY = 10
SHORT_BYTES = 4000  # of the other copies: enough for rows to fill the database's pages
BATCH = 500
YEAR = timedelta(days=365)


def disable(names: list[str]) -> None:
    """Lock people out as an administrator would."""
    from accounts.models import User  # noqa: PLC0415  (models need Django's settings first)

    changed = User.objects.filter(username__in=names).update(is_active=False)
    if changed != len(names):
        raise SystemExit(f"{changed} of {len(names)} accounts were there to disable")


def enrol(count: int, username: str) -> None:
    """Enrol so many people beside this one, with references like theirs."""
    from django.utils import timezone  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415
    from facelogin import crypto  # noqa: PLC0415
    from facelogin.models import Person, Reference  # noqa: PLC0415
    from facelogin.stores import current_reference  # noqa: PLC0415

    owner = User.objects.get(username=username).id
    current = Person.objects.get(user_id=owner).current_reference
    plain = current_reference(owner)
    assert current is not None and plain is not None
    mine = Reference.objects.get(id=current)
    for start in range(0, count, BATCH):
        people, references = [], []
        for number in range(start, min(start + BATCH, count)):
            user_id, reference_id = uuid.uuid4(), uuid.uuid4()
            wrapped_key, ciphertext = secrets.token_bytes(68), bytes(mine.ciphertext)
            if number < VALID:
                wrapped_key = crypto.new_wrapped_key(user_id)
                ciphertext = crypto.seal_reference(
                    plain.to_bytes(),
                    wrapped_key,
                    user_id=user_id,
                    reference_id=reference_id,
                    engine=mine.engine,
                )
            elif number % FULL_SIZE_EVERY:
                ciphertext = ciphertext[:SHORT_BYTES]
            people.append(
                Person(user_id=user_id, wrapped_key=wrapped_key, current_reference=reference_id)
            )
            references.append(
                Reference(
                    id=reference_id,
                    user_id=user_id,
                    engine=mine.engine,
                    samples=mine.samples,
                    ciphertext=ciphertext,
                    assertion_jti=secrets.token_urlsafe(16),
                    is_settled=True,
                    expires_at=timezone.now() + timedelta(days=365),
                )
            )
        Person.objects.bulk_create(people)
        Reference.objects.bulk_create(references)


def indexes(username: str) -> list[tuple[str, str]]:
    """Ask facelogin's database what a verification asks; return each question and its index."""
    from accounts.models import User  # noqa: PLC0415
    from bench import plans  # noqa: PLC0415
    from facelogin.models import Person  # noqa: PLC0415

    owner = User.objects.get(username=username).id
    return plans.of(Person.objects.db, lambda: plans.ask_as_a_verification_does(owner))


def people(count: int, administrator: str, password: str) -> None:
    """Make so many accounts with factors, sessions and events, one of them an administrator."""
    from django.utils import timezone  # noqa: PLC0415

    from accounts.models import (  # noqa: PLC0415
        Event,
        FaceFactor,
        RecoveryCode,
        Session,
        TotpFactor,
        User,
    )

    if not User.objects.filter(username_key=administrator).exists():
        User.objects.create_superuser(administrator, password)
    now = timezone.now()
    for start in range(User.objects.count(), count, BATCH):
        users = [
            User(
                username=f"Person{number}",
                username_key=f"person{number}",
                display_name=f"Person Number {number}",
                email=f"person{number}@example.org",
                password="!",
                created_at=now - timedelta(minutes=number),
            )
            for number in range(start, min(start + BATCH, count))
        ]
        User.objects.bulk_create(users)
        FaceFactor.objects.bulk_create(
            FaceFactor(user=user, enrolled_at=now, engine="lbph", expires_at=now + YEAR)
            for user in users
        )
        TotpFactor.objects.bulk_create(
            TotpFactor(user=user, sealed_secret="x", enrolled_at=now) for user in users[::3]
        )
        RecoveryCode.objects.bulk_create(
            RecoveryCode(user=user, code_hash=secrets.token_hex(32)) for user in users
        )
        Session.objects.bulk_create(
            Session(user=user, token_hash=secrets.token_hex(32), face_at=now) for user in users[::5]
        )
        Event.objects.bulk_create(
            Event(user=user, kind=kind, at=now - timedelta(minutes=minutes), address="10.0.0.1")
            for user in users
            for minutes, kind in enumerate(("registered", "password_accepted", "signed_in"))
        )
        Event.objects.bulk_create(
            Event(user=user, kind="password_refused", at=now) for user in users[::50]
        )


def main() -> None:
    """Do what the command line says."""
    import django  # noqa: PLC0415

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kubevision.settings.local")
    django.setup()
    match sys.argv[1:]:
        case ["disable", *names] if names:
            disable(names)
        case ["enrol", count, username]:
            enrol(int(count), username)
        case ["indexes", username]:
            print(json.dumps(indexes(username)))
        case ["people", count, administrator, password]:
            people(int(count), administrator, password)
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
