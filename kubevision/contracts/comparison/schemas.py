"""What may change in the schema of a body, a message or a token."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from kubevision.contracts.comparison.documents import Contract, Schema

# Who writes a value: "sent" comes from a service, "taken" from its client.
Direction = Literal["sent", "taken"]
Place = tuple[str, Any]  # a document's name and a node in it

# What a service sends may not grow beyond these, what it takes may not shrink below them.
UPPER_BOUNDS = {"maxLength", "maximum", "maxItems"}
LOWER_BOUNDS = {"minLength", "minimum", "minItems"}
# Keywords with rules of their own below; every other one must stay as it is, but for these words.
NESTED = {"properties", "items", "if", "then", "else", "allOf", "oneOf", "anyOf"}
RULED = NESTED | UPPER_BOUNDS | LOWER_BOUNDS | {"enum", "required"}
WORDS = {"$id", "$schema", "title", "description", "examples", "x-header-typ", "x-life-seconds"}


@dataclass(frozen=True)
class Comparison:
    """Two versions of a schema, followed through their references."""

    old: Contract
    new: Contract

    def contents(
        self, where: str, before: Place, after: Place, direction: Direction
    ) -> Iterator[str]:
        """Compare the bodies of a request or an answer, by media type."""
        for media, content in before[1].get("content", {}).items():
            if media not in after[1].get("content", {}):
                yield f"{where} is no {media} any more"
                continue
            yield from self.schema(
                where,
                (before[0], content["schema"]),
                (after[0], after[1]["content"][media]["schema"]),
                direction,
            )
        for header, rule in before[1].get("headers", {}).items():
            if rule.get("required") and not after[1].get("headers", {}).get(header, {}).get(
                "required"
            ):
                yield f"{where} may come without {header}"

    def schema(
        self, where: str, before: Place, after: Place, direction: Direction
    ) -> Iterator[str]:
        """Compare two schemas; what is left out of the rules must be equal."""
        old_document, old = self.old.resolved(*before)
        new_document, new = self.new.resolved(*after)
        yield from _values(where, old, new, direction)
        yield from _requirements(where, old, new, direction)
        for name, member in old.get("properties", {}).items():
            if name not in new.get("properties", {}):
                yield f"{where} lost {name}"
                continue
            yield from self.schema(
                f"{where}.{name}",
                (old_document, member),
                (new_document, new["properties"][name]),
                direction,
            )
        for keyword in ("items", "if", "then", "else"):
            if keyword in old and keyword in new:
                yield from self.schema(
                    f"{where}[{keyword}]",
                    (old_document, old[keyword]),
                    (new_document, new[keyword]),
                    direction,
                )
            elif keyword in old or keyword in new:
                yield f"{where} gained or lost {keyword}"
        for keyword in ("allOf", "oneOf", "anyOf"):
            parts, new_parts = old.get(keyword, []), new.get(keyword, [])
            if len(parts) != len(new_parts):
                yield f"{where} has another {keyword}"
            for one, other in zip(parts, new_parts, strict=False):
                yield from self.schema(where, (old_document, one), (new_document, other), direction)


def _values(where: str, old: Schema, new: Schema, direction: Direction) -> Iterator[str]:
    for keyword in sorted((set(old) | set(new)) - RULED - WORDS):
        if old.get(keyword) != new.get(keyword):
            yield f"{where}: {keyword} {old.get(keyword)!r} became {new.get(keyword)!r}"
    before, after = old.get("enum"), new.get("enum")
    if (before is None) != (after is None):
        yield f"{where} is a closed list, or is one no more"
    elif before is not None and after is not None:
        # A new value surprises a client that knows the old ones; codes of problems are open.
        is_open = direction == "taken" or where.endswith(".code")
        if direction == "taken" and (gone := [v for v in before if v not in after]):
            yield f"{where} takes {gone} no more"
        if not is_open and (added := [v for v in after if v not in before]):
            yield f"{where} may be {added}"
    for keyword in UPPER_BOUNDS | LOWER_BOUNDS:
        one, other = (_bound(schema, keyword) for schema in (old, new))
        is_wider = other > one if keyword in UPPER_BOUNDS else other < one
        if one != other and is_wider == (direction == "sent"):
            yield f"{where}: {keyword} {one} became {other}"


def _bound(schema: Schema, keyword: str) -> float:
    unbounded = float("inf") if keyword in UPPER_BOUNDS else float("-inf")
    return float(schema.get(keyword, unbounded))


def _requirements(where: str, old: Schema, new: Schema, direction: Direction) -> Iterator[str]:
    before, after = set(old.get("required", [])), set(new.get("required", []))
    if direction == "sent":
        yield from (f"{where} may come without {name}" for name in sorted(before - after))
    else:
        yield from (f"{where} must have {name}" for name in sorted(after - before))
