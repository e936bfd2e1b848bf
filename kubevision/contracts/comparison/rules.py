"""What may change in operations, messages, tokens and codes."""

import re
from collections.abc import Iterator

from kubevision.contracts.comparison.documents import Contract, Schema
from kubevision.contracts.comparison.schemas import Comparison, Direction

VERSION = re.compile(r"(?<=[/.])v(\d+)(?=[/.]|$)")


def breaks(old: Contract, new: Contract) -> list[str]:
    """Return in words everything that worked with `old` and may not with `new`."""
    return [
        *_operations(old, new),
        *_messages(old, new),
        *_tokens(old, new),
        *_codes(old, new),
    ]


def _has_higher_version(name: str, names: set[str]) -> bool:
    found = VERSION.search(name)
    if found is None:
        return False
    same = re.compile(re.escape(name[: found.start()]) + r"v(\d+)" + re.escape(name[found.end() :]))
    return any(int(match[1]) > int(found[1]) for other in names if (match := same.fullmatch(other)))


def _operations(old: Contract, new: Contract) -> Iterator[str]:
    after = new.operations()
    for name, before in old.operations().items():
        if name not in after:
            if not _has_higher_version(name, set(after)):
                yield f"{name} is gone"
            continue
        yield from _operation(name, old, before, new, after[name])


def _operation(
    name: str, old: Contract, before: Schema, new: Contract, after: Schema
) -> Iterator[str]:
    yield from _parameters(name, before, after)
    if before.get("security") != after.get("security"):
        yield f"{name} asks for another proof"
    comparison = Comparison(old, new)
    if "requestBody" in after:
        # No body at all is one that nobody must send.
        before_body = old.resolved(before["document"], before.get("requestBody", {}))
        after_body = new.resolved(after["document"], after["requestBody"])
        if after_body[1].get("required") and not before_body[1].get("required"):
            yield f"{name} requires a body"
        yield from comparison.contents(f"{name} request", before_body, after_body, "taken")
    for status, response in before["responses"].items():
        if status not in after["responses"]:
            yield f"{name} lost the answer {status}"
            continue
        yield from comparison.contents(
            f"{name} {status}",
            old.resolved(before["document"], response),
            new.resolved(after["document"], after["responses"][status]),
            "sent",
        )


def _parameters(name: str, before: Schema, after: Schema) -> Iterator[str]:
    old = {each["name"]: each for each in before.get("parameters", [])}
    new = {each["name"]: each for each in after.get("parameters", [])}
    for parameter in new.keys() - old.keys():
        if new[parameter].get("required"):
            yield f"{name} requires the parameter {parameter}"
    for parameter, one in old.items():
        if parameter not in new:
            yield f"{name} lost the parameter {parameter}"
        elif _without_words(one) != _without_words(new[parameter]):
            yield f"{name} takes the parameter {parameter} otherwise"


def _without_words(parameter: Schema) -> Schema:
    return {name: value for name, value in parameter.items() if name != "description"}


def _directions(contract: Contract) -> dict[str, set[Direction]]:
    """Return who writes each message of the sockets."""
    document = contract.documents["facelogin.asyncapi.yaml"]
    found: dict[str, set[Direction]] = {}
    for operation in document["operations"].values():
        direction: Direction = "taken" if operation["action"] == "receive" else "sent"
        for message in operation["messages"]:
            found.setdefault(message["$ref"].rsplit("/", 1)[1], set()).add(direction)
    return found


def _messages(old: Contract, new: Contract) -> Iterator[str]:
    old_addresses, new_addresses = _addresses(old), _addresses(new)
    gone = old_addresses - new_addresses
    yield from (f"{a} is gone" for a in gone if not _has_higher_version(a, new_addresses))
    if gone:
        return  # the version rose; its messages are new
    opened = _bindings(new)
    if any(opened.get(address) != binding for address, binding in _bindings(old).items()):
        yield "the socket opens otherwise"
    directions, after = _directions(old), new.schemas("messages")
    for name, before in old.schemas("messages").items():
        if name not in after or name not in _directions(new):
            yield f"the message {name} is gone"
            continue
        if not directions[name] <= _directions(new)[name]:
            yield f"the message {name} goes the other way"
        for direction in sorted(directions[name]):
            yield from Comparison(old, new).schema(name, ("", before), ("", after[name]), direction)


def _bindings(contract: Contract) -> dict[str, object]:
    channels = contract.documents["facelogin.asyncapi.yaml"]["channels"]
    return {channel["address"]: channel.get("bindings") for channel in channels.values()}


def _addresses(contract: Contract) -> set[str]:
    channels = contract.documents["facelogin.asyncapi.yaml"]["channels"]
    return {channel["address"] for channel in channels.values()}


def _tokens(old: Contract, new: Contract) -> Iterator[str]:
    """Tokens go from one service to another, and these roll out apart, in either order."""
    after = new.schemas("tokens")
    for name, before in old.schemas("tokens").items():
        if name not in after:
            yield f"the token {name} is gone"
            continue
        for member in ("x-header-typ", "x-life-seconds"):
            if before[member] != after[name][member]:
                yield f"{member} of a {name} changed"
        for direction in ("sent", "taken"):
            yield from Comparison(old, new).schema(name, ("", before), ("", after[name]), direction)


def _codes(old: Contract, new: Contract) -> Iterator[str]:
    for table in ("problems", "close_codes"):
        after = new.documents["errors.json"][table]
        for code, number in old.documents["errors.json"][table].items():
            if after.get(code) != number:
                yield f"{code} was {number} and is {after.get(code, 'gone')}"
