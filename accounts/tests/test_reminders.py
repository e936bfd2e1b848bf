"""Whoever's face ends soon is told in time, once."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import FaceFactor, Mail, User
from accounts.services import reminders
from accounts.tests.conftest import Api, Facelogin, enrol

DAY = timedelta(days=1)


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A mail server is set; nothing is sent before a test says so."""
    settings.EMAIL_HOST = "mail.example.org"
    monkeypatch.setattr("accounts.mails._send_soon", lambda: None)


@pytest.fixture
def face(ada: Api, facelogin: Facelogin) -> FaceFactor:
    """Ada's, with an address to write to; it ends in twenty days."""
    enrol(ada, facelogin)
    User.objects.update(email="ada@example.org")
    FaceFactor.objects.update(expires_at=timezone.now() + 20 * DAY)
    return FaceFactor.objects.get()


def test_one_letter_says_until_when_and_what_to_do(posted: None, face: FaceFactor) -> None:
    assert reminders.write_due() == 1
    letter = Mail.objects.get()
    assert letter.to == "ada@example.org"
    assert f"{face.expires_at:%Y-%m-%d}" in letter.subject
    assert "/train" in letter.body and "ada" in letter.body
    assert reminders.write_due() == 0
    Mail.objects.all().delete()  # it was sent
    assert reminders.write_due() == 0


@pytest.mark.parametrize("days", [-1, 31])
def test_nobody_is_told_too_early_or_too_late(posted: None, face: FaceFactor, days: int) -> None:
    FaceFactor.objects.update(expires_at=timezone.now() + days * DAY)
    assert reminders.write_due() == 0


def test_who_enrols_anew_is_reminded_of_the_new_face(
    posted: None, face: FaceFactor, ada: Api, facelogin: Facelogin
) -> None:
    assert reminders.write_due() == 1
    assert enrol(ada, facelogin).status_code == 200
    assert reminders.write_due() == 0
    FaceFactor.objects.update(expires_at=timezone.now() + 10 * DAY)
    assert reminders.write_due() == 1


def test_two_housekeepers_at_once_write_one_letter(
    posted: None, face: FaceFactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = reminders._write

    def both(user: User, factor: FaceFactor) -> bool:
        return write(user, factor) and not write(user, factor)

    monkeypatch.setattr(reminders, "_write", both)
    assert reminders.write_due() == 1
    assert Mail.objects.count() == 1


def test_who_died_after_the_letter_writes_no_second_one(posted: None, face: FaceFactor) -> None:
    reminders._write(User.objects.get(), face)  # and then the process died
    assert reminders.write_due() == 0
    assert Mail.objects.count() == 1
    assert FaceFactor.objects.get().reminded_at is not None


def test_nobody_without_an_address_or_locked_down_is_written_to(
    posted: None, face: FaceFactor
) -> None:
    User.objects.update(email="")
    assert reminders.write_due() == 0
    FaceFactor.objects.update(reminded_at=None)
    User.objects.update(email="ada@example.org", is_active=False)
    assert reminders.write_due() == 0
    assert not Mail.objects.exists() and not mail.outbox


def test_without_a_mail_server_nobody_is_marked_as_told(face: FaceFactor) -> None:
    assert reminders.write_due() == 0
    assert FaceFactor.objects.get().reminded_at is None
