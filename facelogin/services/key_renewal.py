"""Renewing the service key while people sign in.

Everybody's own key is wrapped by the service key. A new one is put in front of the old one, every
wrapping is exchanged, then the old one is taken away: from then on no copy of the database made
before, backups and replication logs included, opens any more.

Copies of facelogin read the file whenever it changes (facelogin.crypto), so both keys are good
while the exchange goes on, and no sign-in waits for it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import sleep

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from facelogin import crypto, stores
from facelogin.models import TemplateKey
from kubevision import keys

logger = logging.getLogger(__name__)

# What an enrolment takes from reading the key file to its row in the database, a copy that stood
# still for 10 s (quality.md, section 6) included.
GRACE_SECONDS = 15.0
MOST_AGE = timedelta(days=30)  # design.md, decision 11


@dataclass(frozen=True)
class Renewed:
    """How many people's keys were wrapped anew, and how many opened with no service key."""

    wrapped: int
    lost: int


def renew() -> Renewed:
    """Make a new service key, exchange every wrapping, destroy the old key.

    Whoever dies in between leaves both keys; run again, it goes on with them.

    Raises
    ------
    OSError
        If the key file cannot be replaced; then nothing has changed.
    """
    path = settings.FACELOGIN_TEMPLATE_KEY_FILE
    if len(crypto.service_keys()) == 1:
        keys.renew(path)
    among = dict(crypto.service_keys())
    done = rewrap(among)
    keys.retire(path)
    # Whoever read the file before that may have wrapped a key by the old one, which is still here.
    sleep(GRACE_SECONDS)
    late = rewrap(among)
    return Renewed(done.wrapped + late.wrapped, late.lost)


def rewrap(among: Mapping[bytes, AESGCM] | None = None) -> Renewed:
    """Exchange every wrapping that is not by the newest service key.

    `among`: the service keys that may open the old wrappings; by default those of the file.
    """
    among = dict(crypto.service_keys()) if among is None else among
    wrapped = lost = 0
    newest = crypto.newest_key_id()
    for person in stores.people():
        old = bytes(person.wrapped_key)
        if old.startswith(newest):
            continue
        try:
            new = crypto.rewrap(old, person.user_id, among)
        except crypto.CannotOpen as error:
            logger.error("the key of %s does not open; it is left alone: %s", person.user_id, error)
            lost += 1
            continue
        # Not if the person was erased meanwhile, or erased and enrolled anew.
        wrapped += stores.exchange_key(person.user_id, old, new)
    remember_key()
    return Renewed(wrapped, lost)


def remember_key() -> dict[str, int]:
    """Note when the newest key was first seen: its file does not say when it was made."""
    try:
        with transaction.atomic():
            _, is_new = TemplateKey.objects.get_or_create(key_id=crypto.newest_key_id().hex())
    except IntegrityError:  # another copy noted it just now
        is_new = False
    return {"new template keys": int(is_new)}


def note() -> str | None:
    """Return what an operator should know of the newest key's age; for /readyz."""
    seen = TemplateKey.objects.filter(key_id=crypto.newest_key_id().hex()).first()
    if seen is None or (age := timezone.now() - seen.first_seen_at) <= MOST_AGE:
        return None
    return (
        f"the template key is {age.days} days old; `manage.py renew_template_key` renews it, so "
        "that old backups do not open for ever"
    )
