"""What of accounts a backup holds, and what must not come back with it."""

from datetime import datetime

from django.utils import timezone

from accounts.factors import totp
from accounts.models import (
    FaceExtension,
    FaceFactor,
    Invitation,
    OwedErasure,
    RecoveryCode,
    Restore,
    Tombstone,
    TotpFactor,
    User,
)
from accounts.tombstones import Kind
from kubevision.backups.plan import Plan
from kubevision.backups.tombstones import gone_since, in_parts


def settle(made_at: datetime) -> dict[str, int]:
    """Take away what a restored backup of that time holds and must not."""
    return {
        "faces removed since": _remove_faces(made_at),
        "apps removed since": _remove_apps(made_at),
        "codes used or replaced since": _remove_codes(made_at),
        "people locked down since": _lock_down(made_at),
    }


def _remove_faces(made_at: datetime) -> int:
    removed = 0
    for user_id, at in gone_since(Tombstone, Kind.FACE, made_at).items():
        if FaceFactor.objects.filter(user_id=user_id, enrolled_at__lte=at).delete()[0]:
            FaceExtension.objects.filter(user_id=user_id).delete()
            # Facelogin may have it from a backup of its own.
            OwedErasure.objects.get_or_create(user_id=user_id)
            removed += 1
    for lights in in_parts(gone_since(Tombstone, Kind.LIGHT, made_at)):
        FaceExtension.objects.filter(id__in=lights).delete()
    return removed


def _remove_apps(made_at: datetime) -> int:
    """Remove authenticator apps; of those that stay, no code that was shown before is good."""
    removed = 0
    for user_id, at in gone_since(Tombstone, Kind.TOTP, made_at).items():
        removed += TotpFactor.objects.filter(user_id=user_id, enrolled_at__lte=at).delete()[0]
    shown_by_now = int(timezone.now().timestamp()) // totp.STEP_SECONDS + totp.DRIFT_STEPS
    TotpFactor.objects.update(last_step=shown_by_now)
    return removed


def _remove_codes(made_at: datetime) -> int:
    removed = 0
    for hashes in in_parts(gone_since(Tombstone, Kind.RECOVERY_CODE, made_at)):
        removed += RecoveryCode.objects.filter(code_hash__in=hashes, used_at=None).delete()[0]
    for people in in_parts(gone_since(Tombstone, Kind.RECOVERY_CODES, made_at)):
        removed += RecoveryCode.objects.filter(user_id__in=people).delete()[0]
    for hashes in in_parts(gone_since(Tombstone, Kind.INVITATION, made_at)):
        removed += Invitation.objects.filter(code_hash__in=hashes, used_at=None).delete()[0]
    return removed


def _lock_down(made_at: datetime) -> int:
    locked = 0
    for people in in_parts(gone_since(Tombstone, Kind.RIGHT_TO_SIGN_IN, made_at)):
        locked += User.objects.filter(pk__in=people, is_active=True).update(is_active=False)
    return locked


PLAN = Plan(
    room="accounts",
    kept=(
        *("auth.group", "auth.group_permissions"),
        *("accounts.user_groups", "accounts.user_user_permissions"),
        *("accounts.facefactor", "accounts.faceextension", "accounts.facetries"),
        *("accounts.totpfactor", "accounts.recoverycode", "accounts.consent"),
        *("accounts.device", "accounts.invitation", "accounts.owederasure"),
        *("accounts.event", "admin.logentry"),
        "accounts.user",
    ),
    ended=("accounts.session", "sessions.session", "accounts.faceticket", "accounts.mail"),
    staying=(
        *("accounts.spenttoken", "accounts.trycounter"),
        *("accounts.tombstone", "accounts.restore"),
    ),
    made_by_migrate=("auth.permission", "contenttypes.contenttype"),
    tombstone=Tombstone,
    restore=Restore,
    settle=settle,
)
