"""All documents of one version of the contract."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Schema = dict[str, Any]


@dataclass(frozen=True)
class Contract:
    """All documents of one version of the contract, by file name."""

    documents: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "Contract":
        """Read a folder like this one."""
        documents = {}
        for file in sorted(folder.rglob("*")):
            name = file.relative_to(folder).as_posix()
            if file.suffix == ".yaml":
                documents[name] = yaml.safe_load(file.read_text())
            elif name.endswith(".schema.json") or name == "errors.json":
                documents[name] = json.loads(file.read_text())
        return cls(documents)

    def operations(self) -> dict[str, Schema]:
        """Return every HTTP operation by `METHOD /path`, with the document it stands in."""
        return {
            f"{method.upper()} {path}": {"document": name, **operation}
            for name, document in self.documents.items()
            if name.endswith(".openapi.yaml")
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }

    def schemas(self, folder: str) -> dict[str, Schema]:
        """Return the schemas of messages or tokens by name."""
        return {
            name.removeprefix(f"{folder}/").removesuffix(".schema.json"): document
            for name, document in self.documents.items()
            if name.startswith(f"{folder}/")
        }

    def resolved(self, document: str, node: Any) -> tuple[str, Schema]:
        """Follow references to what they name; return it with the document it stands in."""
        while isinstance(node, dict) and "$ref" in node:
            file, _, pointer = node["$ref"].partition("#")
            document = file or document
            node = self.documents[document]
            for part in pointer.strip("/").split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        # A schema may be true or false, which are these two objects.
        return document, {} if node is True else {"not": {}} if node is False else node
