"""Administrators' codes: a new account, or a new password; and the letters that carry them."""

import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts import mails
from accounts.models import Event, Invitation, Mail, Session, User
from accounts.refusals import Refused
from accounts.services import administration, invitations
from accounts.tests.conftest import PASSWORD, Api, Facelogin
from accounts.tests.test_totp import add as add_app
from accounts.tests.test_totp import refused, sign_in

NEW = "three brass lamps in the hall"


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", PASSWORD)


def accept(code: str, password: str = NEW, **more: str) -> Any:
    return Api().call("POST", "/invitations/accept", {"code": code, "password": password} | more)


def test_a_code_makes_an_account_where_registration_is_closed(root: User, settings: Any) -> None:
    settings.ACCOUNTS_REGISTRATION = "closed"
    code = invitations.invite(root, email="ada@example.org")
    body = accept(code.lower().replace("-", " "), username="ada").json()
    assert body["username"] == "ada"
    user = User.objects.get(username="ada")
    assert (str(user.pk), user.email, user.may_enrol) == (body["id"], "ada@example.org", True)
    assert Api().call("POST", "/sessions", {"username": "ada", "password": NEW}).status_code == 201
    assert refused(accept(code, username="eve")) == (401, "invalid_code")


def test_a_code_for_a_name_is_good_for_that_name_alone(root: User) -> None:
    code = invitations.invite(root, username="Ada")
    assert accept(code, username="eve").json()["username"] == "Ada"
    with pytest.raises(Refused) as taken:
        invitations.invite(root, username="ada")
    assert taken.value.code == "username_taken"


def test_a_name_is_wanted_where_the_code_has_none(root: User) -> None:
    code = invitations.invite(root)
    response = accept(code)
    assert refused(response) == (400, "invalid_input")
    assert list(response.json()["errors"]) == ["username"]
    assert refused(accept(code, username="root")) == (409, "username_taken")
    assert refused(accept(code, "short", username="ada")) == (400, "invalid_input")
    assert accept(code, username="ada").status_code == 201  # none of that used it up


@pytest.mark.parametrize("code", ["ABCD", "0000-0000-0000-0000", "\0", "x" * 64])
def test_what_is_no_code_is_refused(root: User, code: str) -> None:
    assert refused(accept(code, username="ada")) == (401, "invalid_code")


def test_a_code_ends_after_a_week(root: User) -> None:
    code = invitations.invite(root)
    Invitation.objects.update(expires_at=timezone.now())
    assert refused(accept(code, username="ada")) == (401, "invalid_code")


def test_guessing_codes_is_slow(root: User) -> None:
    for _ in range(30):
        assert accept("ABCD", username="ada").status_code == 401
    assert refused(accept(invitations.invite(root), username="ada")) == (429, "too_many_attempts")


def test_a_reset_sets_the_password_and_skips_no_factor(ada: Api, root: User) -> None:
    add_app(ada)
    user = User.objects.get(username="ada")
    code = invitations.make_reset_code(root, user)
    assert accept(code, username="somebody else").json()["username"] == "ada"
    assert ada.call("GET", "/session").status_code == 401  # all sessions ended
    assert refused(accept(code)) == (401, "invalid_code")
    body = {"username": "ada", "password": NEW}
    session = Api().call("POST", "/sessions", body).json()
    assert session["state"] == "awaiting_second_factor"
    body = {"username": "ada", "password": PASSWORD}
    assert Api().call("POST", "/sessions", body).status_code == 401


def test_a_newer_code_ends_the_one_before(ada: Api, root: User) -> None:
    user = User.objects.get(username="ada")
    first = invitations.make_reset_code(root, user)
    second = invitations.make_reset_code(root, user)
    assert refused(accept(first)) == (401, "invalid_code")
    assert accept(second).status_code == 201


def test_a_reset_lets_a_locked_name_in_again(ada: Api, root: User) -> None:
    for _ in range(6):
        Api().call("POST", "/sessions", {"username": "ada", "password": "not it at all"})
    accept(invitations.make_reset_code(root, User.objects.get(username="ada")))
    body = {"username": "ada", "password": NEW}
    assert Api().call("POST", "/sessions", body).status_code == 201


def test_a_code_on_its_way_opens_no_account_that_was_locked_down(ada: Api, root: User) -> None:
    user = User.objects.get(username="ada")
    code = invitations.make_reset_code(root, user)
    administration.lock_down(root, user)
    assert refused(accept(code)) == (401, "invalid_code")
    again = invitations.make_reset_code(root, user)
    assert refused(accept(again)) == (401, "invalid_code")
    administration.release(root, User.objects.get(username="ada"))
    assert accept(again).status_code == 201


def test_codes_are_kept_as_hashes_only(root: User) -> None:
    code = invitations.invite(root)
    assert code not in str(list(Invitation.objects.values()))


# -- what administrators do ---------------------------------------------------------------------


def test_who_lost_everything_gets_back_in_by_an_administrator(
    enrolled_ada: Api, root: User, facelogin: Facelogin, settings: Any
) -> None:
    settings.ACCOUNTS_ENROLMENT = "invited"
    user = User.objects.get(username="ada")
    assert administration.reset_factor(root, user, administration.FACE)
    assert refused(sign_in().call("POST", "/user/factors/totp")) == (403, "invitation_required")
    accept(invitations.make_reset_code(root, user))
    visitor = Api()
    visitor.take_token(visitor.call("POST", "/sessions", {"username": "ada", "password": NEW}))
    assert visitor.call("GET", "/session").json()["state"] == "active"
    assert len(add_app(visitor)[1]) == 10
    events = visitor.call("GET", "/user/events").json()["events"]
    told = [event["kind"] for event in events if event["by_administrator"]]
    assert told == ["reset_code_made", "factor_reset"]


def test_requiring_a_new_enrolment_leaves_the_other_factors(
    enrolled_ada: Api, root: User, facelogin: Facelogin
) -> None:
    user = User.objects.get(username="ada")
    assert administration.require_reenrolment(root, user)
    visitor = sign_in()
    session = visitor.call("GET", "/session").json()
    assert session["state"] == "awaiting_second_factor"
    assert session["available_factors"] == ["recovery_code"]
    assert not administration.require_reenrolment(root, root)


def test_a_locked_down_account_is_closed_at_once(ada: Api, root: User) -> None:
    user = User.objects.get(username="ada")
    administration.lock_down(root, user)
    assert ada.call("GET", "/session").status_code == 401
    assert not Session.objects.filter(user=user).exists()
    body = {"username": "ada", "password": PASSWORD}
    assert refused(Api().call("POST", "/sessions", body)) == (401, "invalid_credentials")
    administration.release(root, user)
    assert Api().call("POST", "/sessions", body).status_code == 201


def test_unlocking_lets_the_face_be_tried_again(
    enrolled_ada: Api, root: User, facelogin: Facelogin
) -> None:
    def ticket() -> int:
        body = {"purpose": "verify"}
        return int(enrolled_ada.call("POST", "/session/face-ticket", body).status_code)

    assert [ticket() for _ in range(6)] == [201] * 5 + [429]
    administration.unlock(root, User.objects.get(username="ada"))
    assert ticket() == 201
    event = Event.objects.get(kind="unlocked")
    assert (event.actor, event.by_administrator) == (root, True)


# -- mail -----------------------------------------------------------------------------------------


class MailServer(socketserver.ThreadingTCPServer):
    """A small SMTP server that keeps what it is given, or refuses it."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.letters: list[str] = []
        self.is_full = False


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                letter = b""
                while (line := self.rfile.readline()) != b".\r\n":
                    letter += line
                self.server.letters.append(letter.decode())
            if word == b"MAIL" and self.server.is_full:
                self.wfile.write(b"452 full\r\n")
                continue
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        yield server
        server.shutdown()


@pytest.fixture
def posted(monkeypatch: Any, settings: Any) -> list[mail.EmailMessage]:
    """Letters that were written, without a thread that sends them."""
    settings.EMAIL_HOST = "mail.example.org"
    monkeypatch.setattr(mails, "_send_soon", lambda: None)
    return mail.outbox


def test_letters_are_sent_by_a_real_server_once(
    db: None, server: MailServer, monkeypatch: Any
) -> None:
    monkeypatch.setattr(mails, "_send_soon", lambda: None)
    assert mails.write("ada@example.org", "Your account ada: päßword", "a body\nof two lines")
    assert mails.send_due() == 1
    assert mails.send_due() == 0
    (letter,) = server.letters
    assert "To: ada@example.org" in letter
    assert "From: kubevision@localhost" in letter
    assert not Mail.objects.exists()


def test_a_letter_that_was_not_taken_is_tried_again_for_a_day(
    db: None, server: MailServer, monkeypatch: Any
) -> None:
    monkeypatch.setattr(mails, "_send_soon", lambda: None)
    server.is_full = True
    mails.write("ada@example.org", "subject", "body")
    assert mails.send_due() == 0
    server.is_full = False
    assert mails.send_due() == 0  # not before five minutes
    Mail.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert mails.send_due() == 1
    mails.write("ada@example.org", "subject", "body")
    Mail.objects.update(written_at=timezone.now() - timedelta(days=1))
    assert mails.send_due() == 0
    assert not Mail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_the_letter(server: MailServer) -> None:
    mails.write("ada@example.org", "subject", "body")
    for thread in threading.enumerate():
        if thread.name == "mail":
            thread.join(10)
    assert len(server.letters) == 1


def test_without_a_server_nothing_is_written(db: None) -> None:
    assert not mails.write("ada@example.org", "subject", "body")
    assert not Mail.objects.exists()


def test_changed_factors_are_told_by_mail(ada: Api, posted: object, root: User) -> None:
    ada.call("PATCH", "/user", {"email": "ada@example.org"})
    assert not Mail.objects.exists()  # there was no address to tell it to
    add_app(ada)
    ada.call("PATCH", "/user", {"email": "eve@example.org"})
    administration.unlock(root, User.objects.get(username="ada"))  # not worth a letter
    administration.lock_down(root, User.objects.get(username="ada"))
    letters = list(Mail.objects.order_by("written_at").values_list("to", "subject"))
    assert letters == [
        ("ada@example.org", "Your account ada: authenticator app added"),
        ("ada@example.org", "Your account ada: profile changed"),  # at the old address
        ("eve@example.org", "Your account ada: account locked down"),
    ]
    assert "done by an administrator" in Mail.objects.latest("written_at").body


def test_a_code_is_mailed_if_possible(ada: Api, posted: object, root: User) -> None:
    code = invitations.invite(root, username="eve", email="eve@example.org")
    letter = Mail.objects.get()
    assert letter.to == "eve@example.org"
    assert code in letter.body and "http://localhost:8000/invite" in letter.body
    invitations.make_reset_code(root, User.objects.get(username="ada"))  # has no address
    assert Mail.objects.count() == 1
