"""Holds what is said between the services to the contract. Development only: needs jsonschema."""

from kubevision.contracts.checking.http import check_answer
from kubevision.contracts.checking.schemas import ContractBroken, check, check_claims
from kubevision.contracts.checking.sockets import SocketCheck

__all__ = ["ContractBroken", "SocketCheck", "check", "check_answer", "check_claims"]
