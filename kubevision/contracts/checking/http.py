"""HTTP answers against the OpenAPI documents."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from kubevision.contracts import openapi, read_json
from kubevision.contracts.checking.schemas import (
    OPENAPI_ROOMS,
    ContractBroken,
    check,
    check_claims,
)

# Below these prefixes every answer is the contract's; all else is pages and Django admin.
PREFIXES = ("/auth/", "/face/")
NOT_COVERED = ("/auth/admin", "/auth/static/")
PROBLEM = "application/problem+json"
# What any path may be answered when a client or a server fails below the level of one call.
LIMITS_OF_HTTP = {400, 404, 405, 413, 414, 415, 429, 431}


@cache
def _paths() -> list[tuple[re.Pattern[str], str, str]]:
    return [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), f"{room}.openapi.yaml", path)
        for room in OPENAPI_ROOMS
        for path in openapi(room)["paths"]
    ]


def _operation(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """Return an operation and the pointer to it; None if the contract has none."""
    for pattern, document, template in _paths():
        if pattern.fullmatch(path):
            found = openapi(document.partition(".")[0])["paths"][template].get(method.lower())
            escaped = template.replace("~", "~0").replace("/", "~1")
            if found:
                return f"{document}#/paths/{escaped}/{method.lower()}", found
    return None


def _resolved(pointer: str, node: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Follow a reference inside the document to what it names."""
    if "$ref" not in node:
        return pointer, node
    document = pointer.partition("#")[0]
    target: Any = openapi(document.partition(".")[0])
    for name in node["$ref"].removeprefix("#/").split("/"):
        target = target[name]
    return document + node["$ref"], target


def check_answer(
    method: str,
    path: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    request_body: bytes = b"",
) -> None:
    """Hold one HTTP answer to the contract; paths that it does not cover pass.

    A success is held to the request too: what the contract does not allow must not succeed.

    Parameters
    ----------
    method, path : str
        Of the request; the path without its query.
    status : int
        HTTP status.
    headers : mapping
        Of the answer, with names as HTTP writes them (`Content-Type`).
    body, request_body : bytes
        As they went over the wire.

    Raises
    ------
    ContractBroken
        If status, headers or body are not the contract's.
    """
    if not path.startswith(PREFIXES) or path.startswith(NOT_COVERED):
        return
    what = f"{method} {path} -> {status}"
    media_type = headers.get("Content-Type", "").partition(";")[0]
    if status >= 400:
        _check_problem(what, status, headers, media_type, body)
    found = _operation("GET" if method == "HEAD" else method, path)
    if found is None:
        if status < 400 or (status not in LIMITS_OF_HTTP and status < 500):
            raise ContractBroken(f"{what}: the contract has no such operation")
        return
    pointer, operation = found
    key = str(status)
    if key not in operation["responses"]:
        if status < 500 and status not in LIMITS_OF_HTTP:
            raise ContractBroken(f"{what}: the contract has no such status")
        key = "default"
    response_pointer, response = _resolved(
        f"{pointer}/responses/{key}", operation["responses"][key]
    )
    for name, rule in response.get("headers", {}).items():
        if rule.get("required") and name not in headers:
            raise ContractBroken(f"{what}: no {name} header")
        if name not in headers:
            continue
        check(f"{response_pointer}/headers/{name}/schema", headers[name], f"{what} {name}")
    if method != "HEAD":
        _check_body(what, response_pointer, response, media_type, body)
    if status < 400 and "requestBody" in operation:
        _check_request(what, pointer, operation, request_body)


def _check_body(
    what: str, pointer: str, response: dict[str, Any], media_type: str, body: bytes
) -> None:
    content = response.get("content", {})
    if not content:
        if body:
            raise ContractBroken(f"{what}: a body where there is none")
        return
    if media_type not in content:
        raise ContractBroken(f"{what}: {media_type or 'no media type'}, not {list(content)}")
    value = json.loads(body)
    escaped = media_type.replace("/", "~1")
    check(f"{pointer}/content/{escaped}/schema", value, what)
    if "ticket" in value:
        check_claims("ticket", value["ticket"])


def _check_problem(
    what: str, status: int, headers: Mapping[str, str], media_type: str, body: bytes
) -> None:
    if media_type != PROBLEM:
        raise ContractBroken(f"{what}: {media_type or 'no media type'}, not a problem")
    if not body:  # the answer to HEAD
        return
    problem = json.loads(body)
    check("accounts.openapi.yaml#/components/schemas/Problem", problem, what)
    known = read_json("errors.json")["problems"]
    code = problem["code"]
    if known.get(code) != status or problem["status"] != status:
        raise ContractBroken(f"{what}: code {code} says {problem['status']}, not {known.get(code)}")
    if problem["type"] != f"urn:kubevision:problem:{code}":
        raise ContractBroken(f"{what}: type {problem['type']}")
    if status in {429, 503} and not headers.get("Retry-After", "").isdigit():
        raise ContractBroken(f"{what}: no Retry-After")


def _check_request(what: str, pointer: str, operation: dict[str, Any], body: bytes) -> None:
    request_pointer, request = _resolved(f"{pointer}/requestBody", operation["requestBody"])
    media = next(iter(request["content"])).replace("/", "~1")
    value = json.loads(body)
    check(f"{request_pointer}/content/{media}/schema", value, f"the request of {what}")
    known = request["content"][media.replace("~1", "/")]["schema"].get("properties", {})
    for kind in ("assertion", "report"):
        if kind in value and kind in known:  # elsewhere it is an unknown field, which is ignored
            check_claims(kind, value[kind])
