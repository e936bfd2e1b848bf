"""Codes of an authenticator app (RFC 6238), each good once."""

import base64
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import sealing
from accounts.models import TotpFactor, User

# What every authenticator app takes (RFC 6238, section 1.2; RFC 4226, section 4: 160 bits).
SECRET_BYTES = 20
DIGITS = 6
STEP_SECONDS = 30
# Steps that a phone's clock and a slow hand may be off by (RFC 6238, section 5.2, allows one).
DRIFT_STEPS = 1
PENDING_LIFE = timedelta(minutes=10)  # as long as a face waits for its activation


def _app(secret: bytes) -> TOTP:
    # SHA-1 as RFC 6238 has it; apps that were tried ignore any other named in the URI.
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS, enforce_key_length=False)  # noqa: S303


def issuer() -> str:
    """Return what the app lists the account under; people may have several installations."""
    # No space: apps differ in how they read one in a URI.
    return f"KubeVision@{urlsplit(settings.PUBLIC_ORIGINS[0]).hostname}"


def begin(user: User) -> tuple[str, str]:
    """Make a secret that waits for its first code; return it in base 32, and as a URI.

    The secret that counts, if there is one, stays.
    """
    secret = secrets.token_bytes(SECRET_BYTES)
    values = {"pending_secret": sealing.seal(secret, user.pk), "pending_at": timezone.now()}
    try:
        with transaction.atomic():
            TotpFactor.objects.update_or_create(user=user, defaults=values)
    except IntegrityError:  # two at once made the row; the later secret is the one
        TotpFactor.objects.filter(user=user).update(**values)
    return (
        base64.b32encode(secret).decode(),
        _app(secret).get_provisioning_uri(user.username, issuer()),
    )


def pending(user: User) -> TotpFactor | None:
    """Return the factor with a secret that waits for its first code."""
    since = timezone.now() - PENDING_LIFE
    return TotpFactor.objects.filter(user=user, pending_at__gt=since).first()


def confirm(factor: TotpFactor, typed: str, *, proves_beside_face: bool) -> bool:
    """Let the waiting secret count if the code is one of its own; that code is used up."""
    step = _step_of(factor.pending_secret, factor, typed)
    if step is None:
        return False
    waiting = TotpFactor.objects.filter(pk=factor.pk, pending_secret=factor.pending_secret)
    return bool(
        waiting.update(
            sealed_secret=factor.pending_secret,
            enrolled_at=timezone.now(),
            last_step=step,
            pending_secret="",
            pending_at=None,
            proves_beside_face=proves_beside_face,
        )
    )


def spend(user: User, typed: str) -> TotpFactor | None:
    """Use a code up and return its factor; None if it is wrong, or not newer than the last one.

    One conditional update: of two at once only one finds the step unused.
    """
    factor = TotpFactor.objects.filter(user=user, enrolled_at__isnull=False).first()
    if factor is None or (step := _step_of(factor.sealed_secret, factor, typed)) is None:
        return None
    unused = TotpFactor.objects.filter(
        pk=factor.pk, sealed_secret=factor.sealed_secret, last_step__lt=step
    )
    return factor if unused.update(last_step=step) else None


def _step_of(sealed: str, factor: TotpFactor, typed: str) -> int | None:
    """Return the time step whose code was typed; None if it is of none near now."""
    code = "".join(c for c in typed if not c.isspace())
    if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
        return None
    app = _app(sealing.open_sealed(sealed, factor.pk))
    now = int(timezone.now().timestamp()) // STEP_SECONDS
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        try:
            app.verify(code.encode(), step * STEP_SECONDS)
        except InvalidToken:
            continue
        return step
    return None
