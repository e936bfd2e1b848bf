"""What the framework refuses reads as the contract's examples do."""

import json

import pytest
from django.test import RequestFactory

from kubevision import contracts, problems
from kubevision.failures import Failure


@pytest.mark.parametrize("code", problems._WORDS)
def test_problems_read_as_their_examples(code: str) -> None:
    status = contracts.read_json("errors.json")["problems"][code]
    answer = problems.answer(RequestFactory().get("/"), Failure(status, code))
    assert answer.status_code == status
    assert json.loads(answer.content) == contracts.example(f"problems/{code}")
