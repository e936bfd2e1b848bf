"""Validates YAML files offline, run by the tools' own Python: `schemas.py VERSION FILE...`.

Prints, as JSON, what is wrong and what nobody here knows: {file: {"wrong": [], "unknown": []}}.
Kubernetes' own kinds are held to the schemas of a version, unknown fields being wrong;
cert-manager's to its types, where a field that is unknown does not come out again.
"""

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from cloudcoil.models.cert_manager import v1 as cert_manager
from pydantic import ValidationError


@cache
def problems(text: str, version: str) -> tuple[list[str], list[str]]:
    """Return what is wrong with an object, and its kind if nobody knows it.

    Overlays have most objects in common: each is looked at once.
    """
    found = json.loads(text)
    if found["apiVersion"] == "cert-manager.io/v1":
        return _problems_of_types(found), []
    try:
        kubernetes_validate.validate(found, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{'.'.join(map(str, error.path))}: {error.message}"], []
    except kubernetes_validate.SchemaNotFoundError:
        return [], [f"{found['apiVersion']} {found['kind']}"]
    return [], []


def _problems_of_types(found: dict[str, Any]) -> list[str]:
    try:
        read = getattr(cert_manager, found["kind"]).model_validate(found)
    except ValidationError as error:
        return [str(error)]
    again = json.loads(read.model_dump_json(by_alias=True, exclude_unset=True))
    return list(_lost(found, again))


def _lost(before: Any, after: Any, at: str = "") -> list[str]:
    if isinstance(before, dict):
        gone = [f"{at}.{key}: unknown" for key in before.keys() - after.keys()]
        kept = before.keys() & after.keys()
        return gone + [one for key in kept for one in _lost(before[key], after[key], f"{at}.{key}")]
    if isinstance(before, list):
        return [one for n, each in enumerate(before) for one in _lost(each, after[n], f"{at}.{n}")]
    return []


def main() -> None:
    """Validate each file."""
    version, *files = sys.argv[1:]
    answer = {}
    for file in files:
        wrong, unknown = [], set()
        for found in filter(None, yaml.load_all(Path(file).read_text(), yaml.CSafeLoader)):
            bad, nobody_knows = problems(json.dumps(found), version)
            name = f"{found['kind']} {found['metadata']['name']}"
            wrong += [f"{name}: {problem}" for problem in bad]
            unknown |= set(nobody_knows)
        answer[file] = {"wrong": wrong, "unknown": sorted(unknown)}
    json.dump(answer, sys.stdout)


main()
