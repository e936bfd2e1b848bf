"""The contract as data is complete in itself: valid, closed, with an example of everything."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from kubevision import contracts, tokens
from kubevision.contracts import vectors
from kubevision.contracts.checking import ContractBroken, check, check_claims
from kubevision.contracts.checking.schemas import OPENAPI_ROOMS, TOKEN_KINDS, validator
from kubevision.contracts.checking.sockets import (
    FROM_CLIENT,
    FROM_SERVER,
    LIVE_FROM_CLIENT,
    LIVE_FROM_SERVER,
)

FOLDER = Path(contracts.__file__).parent
MESSAGES = sorted(file.name for file in (FOLDER / "examples/messages").glob("*.json"))
ASYNCAPI = yaml.safe_load((FOLDER / "facelogin.asyncapi.yaml").read_text())
ERRORS = contracts.read_json("errors.json")


def resolved(room: str, node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    target: Any = contracts.openapi(room)
    for name in node["$ref"].removeprefix("#/").split("/"):
        target = target[name]
    return target


def bodies() -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """Yield every body: where, pointer to its schema, its media object, who writes it."""
    for room in OPENAPI_ROOMS:
        for path, methods in contracts.openapi(room)["paths"].items():
            for method, operation in methods.items():
                parts = {
                    f"responses/{s}": (r, "service") for s, r in operation["responses"].items()
                }
                if "requestBody" in operation:
                    parts["requestBody"] = (operation["requestBody"], "client")
                for part, (node, writer) in parts.items():
                    base = f"{room}.openapi.yaml"
                    escaped = path.replace("/", "~1")
                    pointer = node.get("$ref", f"#/paths/{escaped}/{method}/{part}")
                    for media, content in resolved(room, node).get("content", {}).items():
                        schema = f"{base}{pointer}/content/{media.replace('/', '~1')}/schema"
                        yield f"{method} {path} {part}", schema, content, writer


BODIES = list(bodies())


@pytest.mark.parametrize("room", OPENAPI_ROOMS)
def test_the_openapi_documents_are_valid(room: str) -> None:
    document = contracts.openapi(room)
    # facelogin's borrows two schemas of accounts': a validator reads them as one file would be.
    text = json.dumps(document).replace("accounts.openapi.yaml#", "#")
    whole = json.loads(text)
    borrowed = contracts.openapi("accounts")["components"]["schemas"]
    whole["components"]["schemas"] = borrowed | whole["components"]["schemas"]
    OpenAPIV31SpecValidator(whole).validate()


@pytest.mark.parametrize("where, schema, content, _writer", BODIES, ids=[b[0] for b in BODIES])
def test_every_body_has_examples_that_fit(
    where: str, schema: str, content: dict[str, Any], _writer: str
) -> None:
    examples = content.get("examples", {})
    assert examples or where.startswith("get /auth/v1/openapi.json"), f"{where} has no example"
    for name, example in examples.items():
        check(schema, example["value"], f"{where} {name}")


def objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for item in node:
            yield from objects(item)
    if isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node:
            yield node
        for value in node.values():
            yield from objects(value)


def test_every_object_that_a_service_sends_is_closed() -> None:
    found = [o for room in OPENAPI_ROOMS for o in objects(contracts.openapi(room)["components"])]
    found += [
        o for _, _, content, writer in BODIES if writer == "service" for o in objects(content)
    ]
    for file in [*FOLDER.glob("messages/*.schema.json"), *FOLDER.glob("tokens/*.schema.json")]:
        found += objects(json.loads(file.read_text()))
    request_bodies = contracts.openapi("accounts")["components"]["requestBodies"]
    still_open = [
        o for o in found if "additionalProperties" not in o and o not in objects(request_bodies)
    ]
    assert len(found) >= 30
    assert still_open == []


@pytest.mark.parametrize("name", sorted(ERRORS["problems"]))
def test_every_problem_has_its_example(name: str) -> None:
    example = contracts.example(f"problems/{name}")
    check("accounts.openapi.yaml#/components/schemas/Problem", example, name)
    assert (example["code"], example["status"]) == (name, ERRORS["problems"][name])


def test_no_example_is_left_over() -> None:
    text = "".join((FOLDER / f"{room}.openapi.yaml").read_text() for room in OPENAPI_ROOMS)
    for file in (FOLDER / "examples").glob("*.json"):
        assert f"examples/{file.name}" in text
    problems = {file.stem for file in (FOLDER / "examples/problems").glob("*.json")}
    assert problems == set(ERRORS["problems"])


# -- sockets ------------------------------------------------------------------------------------


def test_the_asyncapi_document_names_every_message_once() -> None:
    named = {
        name: [m["$ref"].rsplit("/", 1)[1] for m in operation["messages"]]
        for name, operation in ASYNCAPI["operations"].items()
    }
    assert named == {
        "hear": ["attempt.start", "frame", "attempt.cancel"],
        "tell": [*FROM_SERVER],
        "hear_live": [*LIVE_FROM_CLIENT],
        "tell_live": [*LIVE_FROM_SERVER],
    }
    capture, live = {*FROM_CLIENT, *FROM_SERVER, "frame"}, {*LIVE_FROM_CLIENT, *LIVE_FROM_SERVER}
    assert capture | live == set(ASYNCAPI["components"]["messages"])
    assert set(ASYNCAPI["channels"]["capture"]["messages"]) == capture
    assert set(ASYNCAPI["channels"]["live"]["messages"]) == live
    for name, message in ASYNCAPI["components"]["messages"].items():
        if name != "frame":
            schema = json.loads((FOLDER / message["payload"]["$ref"]).read_text())
            Draft202012Validator.check_schema(schema)
            assert schema["properties"]["type"]["const"] == name


@pytest.mark.parametrize("name", MESSAGES)
def test_every_example_of_a_message_fits(name: str) -> None:
    message = json.loads((FOLDER / "examples/messages" / name).read_text())
    check(f"messages/{message['type']}", message, name)
    assert name.startswith(message["type"])
    if "assertion" in message:
        check_claims("assertion", message["assertion"])


def values(message_type: str, member: str) -> list[str]:
    schema = contracts.read_json(f"messages/{message_type}.schema.json")["properties"][member]
    return list(schema.get("items", schema)["enum"])


@pytest.mark.parametrize(
    "message_type, member",
    [
        ("attempt.ready", "purpose"),
        ("challenge.step", "step"),
        ("capture.prompt", "prompt"),
        ("capture.feedback", "verdict"),
        ("capture.feedback", "reasons"),
        ("attempt.result", "outcome"),
        ("attempt.finished", "outcome"),
        ("attempt.finished", "purpose"),
        ("error", "code"),
    ],
)
def test_every_value_of_a_message_has_an_example(message_type: str, member: str) -> None:
    seen: set[str] = set()
    for name in MESSAGES:
        message = json.loads((FOLDER / "examples/messages" / name).read_text())
        if message["type"] == message_type:
            value = message[member]
            seen |= set(value) if isinstance(value, list) else {value}
    assert seen == set(values(message_type, member))


def test_every_error_code_closes_with_a_code_of_its_own() -> None:
    assert list(ERRORS["close_codes"]) == values("error", "code")
    assert len(set(ERRORS["close_codes"].values())) == len(ERRORS["close_codes"])


@pytest.mark.parametrize(
    "message",
    [
        {"type": "error", "code": "oops", "detail": "x"},
        {"type": "error", "code": "too_slow"},
        {"type": "error", "code": "too_slow", "detail": "x", "score": 1},
        {"type": "attempt.result", "outcome": "match", "reasons": []},
        {"type": "attempt.result", "outcome": "non_match", "reasons": ["too_dark"]},
        {"type": "attempt.result", "outcome": "non_match", "reasons": [], "assertion": "a.b.c"},
        contracts.example("messages/capture.feedback.accepted") | {"reasons": ["blurred"]},
        contracts.example("messages/capture.feedback.accepted") | {"progress": 1.5},
        contracts.example("messages/capture.feedback.accepted") | {"sequence": 0},
        contracts.example("messages/attempt.ready.verify") | {"max_frame_bytes": 1},
        contracts.example("messages/attempt.finished.match") | {"score": 0.1},
        contracts.example("messages/attempt.finished.match") | {"assertion": "a.b.c"},
        contracts.example("messages/session.ended") | {"ticket": "a.b.c"},
    ],
)
def test_messages_that_are_not_the_contracts_are_found(message: dict[str, Any]) -> None:
    with pytest.raises(ContractBroken):
        check(f"messages/{message['type']}", message, "a message")


# -- tokens -------------------------------------------------------------------------------------


def test_the_vectors_are_what_their_source_says() -> None:
    assert vectors.FILE.read_text() == vectors.as_text()


VECTORS = contracts.read_json("tokens/vectors.json")


class PublishedKeys:
    """The vectors' own key set, in place of one fetched."""

    def __init__(self, issuer: str) -> None:
        self.keys = dict(map(tokens._read_jwk, VECTORS["jwks"][issuer]["keys"]))

    def get(self, kid: str) -> Any:
        if kid not in self.keys:
            raise tokens.TokenRefused("unknown kid")
        return self.keys[kid]


def read(kind: str, token: str, monkeypatch: pytest.MonkeyPatch) -> tokens.Claims:
    import datetime

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime.datetime:
            return datetime.datetime.fromtimestamp(VECTORS["now"], tz)

    monkeypatch.setattr("jwt.api_jwt.datetime", Clock)
    issuer, audience = ("accounts", "facelogin") if kind == "ticket" else ("facelogin", "accounts")
    return tokens.read(
        token,
        PublishedKeys(issuer),  # type: ignore[arg-type]
        typ=f"kv-{kind}+jwt",
        issuer=issuer,
        audience=audience,
    )


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda v: v["kind"])
def test_good_tokens_are_taken(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(vector["kind"], vector["token"], monkeypatch) == vector["claims"]
    check_claims(vector["kind"], vector["token"])


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda v: f"{v['kind']}: {v['why']}")
def test_bad_tokens_are_refused(vector: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(tokens.TokenRefused):
        read(vector["kind"], vector["token"], monkeypatch)


def test_every_kind_of_token_has_vectors() -> None:
    for part in ("valid", "refused"):
        assert {vector["kind"] for vector in VECTORS[part]} == set(TOKEN_KINDS)
    for kind in TOKEN_KINDS:
        assert validator(f"tokens/{kind}").schema["x-life-seconds"] == vectors.LIVES[kind]
