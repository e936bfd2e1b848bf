"""Dying between any two writes: what may happen once has not happened twice, and trying again or
housekeeping mends the rest."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import (
    FaceFactor,
    FaceTicket,
    FaceTries,
    OwedErasure,
    RecoveryCode,
    Session,
    User,
)
from accounts.services import housekeeping, invitations
from accounts.tests.conftest import PASSWORD, Api, Facelogin, enrol
from accounts.tests.test_invitations import accept
from accounts.tests.test_reports import tell, tries, verify_ticket
from kubevision.tests.killing import deaths

NEW = "three brass lamps in the hall"
ADA = {"username": "ada", "password": PASSWORD}

pytestmark = pytest.mark.django_db


def clean() -> None:
    """Leave nothing of the death before."""
    User.objects.all().delete()
    OwedErasure.objects.all().delete()


def sign_in(password: str = PASSWORD) -> Any:
    return Api().call("POST", "/sessions", ADA | {"password": password})


def fresh_ada() -> Api:
    clean()
    ada = Api()
    ada.call("POST", "/users", ADA)
    ada.take_token(ada.call("POST", "/sessions", ADA))
    return ada


def enrolled_ada(facelogin: Facelogin) -> Api:
    ada = fresh_ada()
    ada.codes = enrol(ada, facelogin).json()["recovery_codes"]  # type: ignore[attr-defined]
    ada.take_token(sign_in())
    return ada


def test_a_try_is_given_back_once(facelogin: Facelogin) -> None:
    report = ""

    def prepare() -> Callable[[], object]:
        nonlocal report
        report = facelogin.report(verify_ticket(enrolled_ada(facelogin)), "not_started")
        return lambda: tell(report)

    for writes in deaths(prepare):
        assert FaceTries.objects.get().given_back == (0 if writes == 0 else 1)
        for _ in range(2):  # facelogin heard nothing and tells it again
            assert tell(report) == 204
            assert tries() == (0, 0)
            assert not FaceTicket.objects.filter(purpose="verify").exists()


def test_a_match_costs_no_try_and_opens_once(facelogin: Facelogin) -> None:
    ticket, body, ada = "", {}, Api()

    def prepare() -> Callable[[], object]:
        nonlocal ticket, body, ada
        ada = enrolled_ada(facelogin)
        ticket = verify_ticket(ada)
        body = {"assertion": facelogin.assertion(ticket, "match")}
        return lambda: ada.call("POST", "/session/factors/face", body)

    for writes in deaths(prepare):
        answer = ada.call("POST", "/session/factors/face", body)
        assert answer.status_code == (200 if writes == 0 else 401)
        assert tell(facelogin.report(ticket, "match")) == 204
        assert FaceTries.objects.get().today == 0


def test_a_new_password_leaves_nobody_in_by_the_old_one(facelogin: Facelogin) -> None:
    ada, other = Api(), Api()

    def prepare() -> Callable[[], object]:
        nonlocal ada, other
        ada = fresh_ada()
        other = Api()
        other.take_token(sign_in())
        return lambda: ada.call("PUT", "/user/password", {"new_password": NEW})

    for writes in deaths(prepare):
        is_old = sign_in().status_code == 201
        assert is_old == (sign_in(NEW).status_code == 401)  # one of the two, never none
        if not is_old:
            assert other.call("GET", "/session").status_code == 401
        assert ada.call("PUT", "/user/password", {"new_password": NEW}).status_code == 204, writes
        assert other.call("GET", "/session").status_code == 401
        assert Session.objects.count() == 1


def test_an_enrolment_can_be_finished_or_done_again(facelogin: Facelogin) -> None:
    ada, body = Api(), {}

    def prepare() -> Callable[[], object]:
        nonlocal ada, body
        ada = fresh_ada()
        asked = {"purpose": "enrol", "consent_version": "2026-11.2"}
        ticket = ada.call("POST", "/session/face-ticket", asked).json()["ticket"]
        body = {"assertion": facelogin.assertion(ticket, "enrolled")}
        return lambda: ada.call("PUT", "/user/factors/face", body)

    for writes in deaths(prepare):
        again = ada.call("PUT", "/user/factors/face", body)
        assert again.status_code in {200, 401, 403}, writes
        if again.status_code != 200:
            # Spent, or the face counts already and this session has not shown it.
            waiting = Api()
            waiting.take_token(sign_in())
            has_face = FaceFactor.objects.exists()
            state = waiting.call("GET", "/session").json()["state"]
            assert state == ("awaiting_second_factor" if has_face else "active")
            if has_face:
                match = facelogin.assertion(verify_ticket(waiting), "match")
                waiting.take_token(
                    waiting.call("POST", "/session/factors/face", {"assertion": match})
                )
            assert enrol(waiting, facelogin).status_code == 200


def test_a_removed_face_is_erased_in_the_end(facelogin: Facelogin) -> None:
    def prepare() -> Callable[[], object]:
        ada = enrolled_ada(facelogin)
        match = facelogin.assertion(verify_ticket(ada), "match")
        ada.take_token(ada.call("POST", "/session/factors/face", {"assertion": match}))
        facelogin.calls.clear()
        return lambda: ada.call("DELETE", "/user/factors/face")

    for writes in deaths(prepare):
        housekeeping.run()
        was_erased = ("DELETE", "/face/v1/reference") in facelogin.calls
        # The first write is the tombstone, which only a restore looks at.
        assert was_erased == (writes > 1)
        assert FaceFactor.objects.exists() == (writes <= 1)  # then nothing had begun
        assert not OwedErasure.objects.exists()


def test_a_recovery_code_opens_once(facelogin: Facelogin) -> None:
    ada, body = Api(), {}

    def prepare() -> Callable[[], object]:
        nonlocal ada, body
        ada = enrolled_ada(facelogin)
        body = {"code": ada.codes[0]}  # type: ignore[attr-defined]
        return lambda: ada.call("POST", "/session/factors/recovery-code", body)

    for writes in deaths(prepare):
        is_used = RecoveryCode.objects.filter(used_at__isnull=False).exists()
        assert is_used == (writes > 1)  # after the tombstone
        answers = [
            ada.call("POST", "/session/factors/recovery-code", body).status_code for _ in range(2)
        ]
        assert answers == ([200, 401] if writes <= 1 else [401, 401])


@pytest.mark.parametrize("is_reset", [False, True])
def test_an_administrators_code_is_good_once(db: None, is_reset: bool) -> None:
    code = ""

    def prepare() -> Callable[[], object]:
        nonlocal code
        clean()
        root = User.objects.create_superuser("root", PASSWORD)
        if is_reset:
            ada = User.objects.create_user("ada", PASSWORD)
            code = invitations.make_reset_code(root, ada)
        else:
            code = invitations.invite(root, username="ada")
        return lambda: accept(code, NEW)

    for writes in deaths(prepare):
        statuses = [accept(code, NEW).status_code for _ in range(2)]
        assert statuses == ([201, 401] if writes <= 1 else [401, 401])  # after the tombstone
        assert User.objects.filter(username="ada").count() <= 1
