"""The contract between the services, as data that every room and every client can read.

`accounts.openapi.yaml`, `facelogin.openapi.yaml` and `facelogin.asyncapi.yaml` say what is called
and answered, `messages/` and `tokens/` hold closed JSON Schemas, `examples/` one example of each
status and message, `errors.json` every code. `checking` holds tests to them.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_FOLDER = files(__name__)


def read_json(path: str) -> Any:
    """Return a JSON file of the contract, such as `errors.json`."""
    return json.loads(_FOLDER.joinpath(path).read_text())


def example(name: str) -> Any:
    """Return an example of a body or a message, such as `session.active`."""
    return read_json(f"examples/{name}.json")


@cache
def openapi(room: str) -> dict[str, Any]:
    """Return a room's OpenAPI document, complete in itself: examples are inlined.

    The document is shared: do not change it.
    """
    document = yaml.safe_load(_FOLDER.joinpath(f"{room}.openapi.yaml").read_text())
    inlined: dict[str, Any] = _with_examples_inlined(document)
    return inlined


def _with_examples_inlined(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_examples_inlined(item) for item in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"externalValue"}:
        return {"value": read_json(node["externalValue"])}
    return {name: _with_examples_inlined(value) for name, value in node.items()}
