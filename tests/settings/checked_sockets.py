"""Facelogin's sockets behind a check; a breach is logged before it ends the socket."""

import logging
from typing import Any

from facelogin.routing import application as unchecked
from kubevision.contracts.checking import ContractBroken, SocketCheck
from tests.settings.listening import CONTRACT_BROKEN

logger = logging.getLogger(__name__)
_checked = SocketCheck(unchecked)


async def application(scope: Any, receive: Any, send: Any) -> None:
    try:
        await _checked(scope, receive, send)
    except ContractBroken as broken:
        logger.error("%s: %s", CONTRACT_BROKEN, broken)
        raise
