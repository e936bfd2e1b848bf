import pytest

from accounts.factors import recovery_codes
from accounts.models import RecoveryCode
from accounts.tests.conftest import Api, Facelogin


def _show(api: Api, code: str):  # type: ignore[no-untyped-def]
    return api.call("POST", "/session/factors/recovery-code", {"code": code})


def test_a_code_lets_the_person_in_once(enrolled_ada: Api) -> None:
    code = enrolled_ada.codes[3]  # type: ignore[attr-defined]
    body = enrolled_ada.take_token(_show(enrolled_ada, code)).json()
    assert (body["state"], body["amr"]) == ("active", ["pwd", "otp", "mfa"])
    again = _show(enrolled_ada, code)
    assert (again.status_code, again.json()["code"]) == (401, "invalid_code")
    factors = enrolled_ada.call("GET", "/user?include=factors").json()["factors"]
    assert factors["recovery_codes"] == {"remaining": 9}


def test_codes_may_be_typed_as_people_type(enrolled_ada: Api) -> None:
    code = enrolled_ada.codes[0]  # type: ignore[attr-defined]
    typed = " " + code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert _show(enrolled_ada, typed).status_code == 200


@pytest.mark.parametrize("code", ["AAAA-AAAA-AAAA-AAAA", "-", "é", "0" * 64])
def test_other_codes_open_nothing(enrolled_ada: Api, code: str) -> None:
    assert _show(enrolled_ada, code).json()["code"] == "invalid_code"
    assert enrolled_ada.call("GET", "/session").json()["state"] == "awaiting_second_factor"


def test_somebody_elses_code_opens_nothing(enrolled_ada: Api, django_user_model) -> None:  # type: ignore[no-untyped-def]
    bob = django_user_model.objects.create_user("bob", "correct horse battery")
    assert (
        _show(enrolled_ada, recovery_codes.replace(bob, proves_beside_face=True)[0]).status_code
        == 401
    )


def test_codes_are_kept_as_hashes_only(enrolled_ada: Api) -> None:
    stored = " ".join(RecoveryCode.objects.values_list("code_hash", flat=True))
    for code in enrolled_ada.codes:  # type: ignore[attr-defined]
        assert code not in stored and code.replace("-", "") not in stored


def test_new_codes_kill_the_old_ones(enrolled_ada: Api, facelogin: Facelogin) -> None:
    first, second = enrolled_ada.codes[:2]  # type: ignore[attr-defined]
    enrolled_ada.take_token(_show(enrolled_ada, first))
    response = enrolled_ada.call("POST", "/user/factors/recovery-codes")
    assert response.status_code == 201
    assert len(set(response.json()["codes"])) == 10
    assert _show(enrolled_ada, second).status_code == 401
    assert _show(enrolled_ada, response.json()["codes"][0]).status_code == 200
