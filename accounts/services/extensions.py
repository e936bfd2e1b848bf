"""Lights added to a face.

Facelogin decides which count. Here they are listed: written down before they count, removed after
they count no more. So whoever dies between two writes leaves one too many on the profile, never one
that counts and is not there to be removed.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from accounts import clients, events, selectors, tombstones
from accounts.events import Kind
from accounts.factors import face
from accounts.models import FaceExtension, FaceFactor, Session, User
from accounts.refusals import Refused
from accounts.services import sessions
from accounts.services.second_factor import proof_beside_face_wanted

RETRY_FACELOGIN_SECONDS = 5
PENDING_LIFE = timedelta(minutes=10)  # facelogin forgets what is not activated in this time


def add(session: Session, assertion_token: str) -> FaceFactor:
    """Let the light that facelogin just captured count beside the person's face.

    The face does not count as shown in this session: it was added, not recognised.

    Raises
    ------
    Refused
        reauthentication_required, assertion_refused, or facelogin_unavailable; then the person can
        ask again within the assertion's minute.
    """
    if not selectors.has_fresh_proof_beside_face(session):
        raise proof_beside_face_wanted()
    assertion = face.read_assertion(session, assertion_token, face.EXTEND)
    factor = selectors.face_of(session.user)
    if factor is None:
        raise Refused("assertion_refused")
    FaceExtension.objects.get_or_create(
        id=assertion.jti, defaults={"user": session.user, "expires_at": factor.expires_at}
    )
    asked_at = timezone.now()
    try:
        status = clients.activate_reference(session.user_id, assertion.jti)
    except clients.NothingToActivate:
        FaceExtension.objects.filter(id=assertion.jti).delete()
        raise Refused("assertion_refused") from None
    except clients.FaceloginUnavailable as error:
        raise Refused("facelogin_unavailable", retry_after=RETRY_FACELOGIN_SECONDS) from error
    face.spend(assertion)
    note(session.user, status.extensions, asked_at)
    if not Session.objects.filter(pk=session.pk).exists():
        # Ended by the person, perhaps because this was not them: nothing of it may stay.
        _take_away(session.user, assertion.jti)
        raise Refused("unauthenticated")
    sessions.end_others(session)
    events.record(Kind.LIGHT_ADDED, session.user)
    return factor


def note(user: User, counting: Iterable[clients.ExtensionStatus], asked_at: datetime) -> None:
    """Take facelogin's word, asked for at that time, on which of a person's extensions count.

    One that it does not name may still be on its way there, unless it was named before it was asked
    now: of two requests at once the slower one must not take the other's light from the list.
    """
    named = list(counting)
    for each in named:
        FaceExtension.objects.update_or_create(
            id=each.id,
            defaults={
                "user": user,
                "added_at": each.added_at,
                "expires_at": each.expires_at,
                "confirmed_at": timezone.now(),
            },
        )
    never_came = Q(confirmed_at=None, added_at__lt=timezone.now() - PENDING_LIFE)
    others = FaceExtension.objects.filter(user=user).exclude(id__in=[each.id for each in named])
    others.filter(Q(confirmed_at__lt=asked_at) | never_came).delete()


def remove(session: Session, extension_id: str) -> None:
    """Take an added light away again.

    Raises
    ------
    Refused
        reauthentication_required, not_found for any that is not this person's, or
        facelogin_unavailable with nothing changed.
    """
    if not selectors.has_fresh_proof(session):
        raise Refused("reauthentication_required")
    if not FaceExtension.objects.filter(user=session.user, id=extension_id).exists():
        raise Refused("not_found")
    _take_away(session.user, extension_id)
    sessions.end_others(session)
    events.record(Kind.LIGHT_REMOVED, session.user)


def _take_away(user: User, extension_id: str) -> None:
    tombstones.put(tombstones.Kind.LIGHT, extension_id)
    try:
        clients.remove_extension(user.pk, extension_id)
    except clients.FaceloginUnavailable as error:
        raise Refused("facelogin_unavailable", retry_after=RETRY_FACELOGIN_SECONDS) from error
    FaceExtension.objects.filter(user=user, id=extension_id).delete()
