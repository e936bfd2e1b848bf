from datetime import timedelta

from django.utils import timezone

from accounts.models import FaceExtension, FaceTicket, Session, SpentToken
from accounts.services import housekeeping
from accounts.tests.conftest import Api


def test_what_has_expired_is_removed_and_nothing_else(ada: Api) -> None:
    now = timezone.now()
    SpentToken.objects.create(jti="old", expires_at=now - timedelta(seconds=1))
    SpentToken.objects.create(jti="new", expires_at=now + timedelta(minutes=1))
    live = Session.objects.get()
    Session.objects.create(user=live.user, token_hash="x", seen_at=now - timedelta(hours=1))
    FaceTicket.objects.create(jti="told", user=live.user, issued_at=now - timedelta(hours=49))
    FaceTicket.objects.create(jti="awaited", user=live.user, issued_at=now - timedelta(hours=47))
    for name, minutes in (("gone", -1), ("here", 1)):
        ends = now + timedelta(minutes=minutes)
        FaceExtension.objects.create(id=name, user=live.user, expires_at=ends)
    removed = {"sessions": 1, "face tickets": 1, "face extensions": 1, "spent tokens": 1}
    done = housekeeping.run()
    assert {name: count for name, count in done.items() if count} == removed
    assert Session.objects.get() == live
    assert SpentToken.objects.get().jti == "new"
    assert FaceTicket.objects.get().jti == "awaited"
    assert FaceExtension.objects.get().id == "here"
    assert set(housekeeping.run().values()) == {0}
