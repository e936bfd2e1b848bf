"""The contract's schemas as validators; one place knows where each of them lies."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from kubevision.contracts import openapi, read_json

OPENAPI_ROOMS = ("accounts", "facelogin")
TOKEN_KINDS = ("ticket", "assertion", "report")


class ContractBroken(AssertionError):  # noqa: N818  (reads as what happened)
    """Something was said that the contract does not allow."""


@cache
def _registry() -> Registry[Any]:
    documents = {f"{room}.openapi.yaml": openapi(room) for room in OPENAPI_ROOMS}
    return Registry().with_resources(
        (name, DRAFT202012.create_resource(document)) for name, document in documents.items()
    )


@cache
def validator(reference: str) -> Draft202012Validator:
    """Return the validator of a schema.

    Parameters
    ----------
    reference : str
        `messages/error` or `tokens/ticket`, or a pointer into a document such as
        `accounts.openapi.yaml#/components/schemas/Session`.
    """
    schema = {"$ref": reference} if "#" in reference else read_json(f"{reference}.schema.json")
    return Draft202012Validator(schema, registry=_registry(), format_checker=FormatChecker())


def check(reference: str, value: object, what: str) -> None:
    """Hold a value to a schema.

    Raises
    ------
    ContractBroken
        With every place where it differs.
    """
    errors = [
        f"{error.json_path}: {error.message}" for error in validator(reference).iter_errors(value)
    ]
    if errors:
        raise ContractBroken(f"{what} breaks {reference}: " + "; ".join(errors))


def _part(token: str, index: int) -> Mapping[str, Any]:
    text = token.split(".")[index]
    part: Mapping[str, Any] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return part


def check_claims(kind: str, token: str) -> None:
    """Hold a token that one of our services made to its kind; the signature is not looked at.

    Raises
    ------
    ContractBroken
        If header, claims or life are not the contract's.
    """
    schema = read_json(f"tokens/{kind}.schema.json")
    header, claims = _part(token, 0), _part(token, 1)
    if (header.get("typ"), header.get("alg")) != (schema["x-header-typ"], "EdDSA"):
        raise ContractBroken(f"the header of a {kind} is {header}")
    check(f"tokens/{kind}", claims, f"a {kind}")
    if claims["exp"] - claims["iat"] != schema["x-life-seconds"]:
        raise ContractBroken(f"a {kind} lives {claims['exp'] - claims['iat']} s")
