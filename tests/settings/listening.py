"""Middleware that logs what the contract does not allow; `running_product` fails on such a line."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from kubevision.contracts.checking import ContractBroken
from kubevision.contracts.checking.plugin import hold_to_contract

CONTRACT_BROKEN = "CONTRACT BROKEN"

logger = logging.getLogger(__name__)


class AnswersAreChecked:
    """Hears every HTTP answer, those between the rooms too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        try:
            hold_to_contract(request, response)
        except ContractBroken as broken:
            logger.error("%s: %s", CONTRACT_BROKEN, broken)
        return response
