"""A change that breaks clients built before is found; an addition is not held against anybody."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kubevision import contracts
from kubevision.contracts.comparison import Contract, breaks

FOLDER = Path(contracts.__file__).parent
NOW = Contract.read(FOLDER)
ACCOUNTS, SOCKETS = "accounts.openapi.yaml", "facelogin.asyncapi.yaml"

Documents = dict[str, Any]
Change = Callable[[Documents], Any]


def paths(d: Documents) -> Any:
    return d[ACCOUNTS]["paths"]


def schemas(d: Documents) -> Any:
    return d[ACCOUNTS]["components"]["schemas"]


def message(d: Documents, name: str) -> Any:
    return d[f"messages/{name}.schema.json"]


def ticket_request(d: Documents) -> Any:
    body = paths(d)["/auth/v1/session/face-ticket"]["post"]["requestBody"]
    return body["content"]["application/json"]["schema"]


def move_to(version: str, d: Documents) -> None:
    paths(d)[f"/auth/{version}/sessions"] = paths(d).pop("/auth/v1/sessions")


def rename_channel(d: Documents, address: str) -> None:
    d[SOCKETS]["channels"]["capture"]["address"] = address


BREAKING: dict[str, Change] = {
    "a path gone": lambda d: paths(d).pop("/auth/v1/user"),
    "a method gone": lambda d: paths(d)["/auth/v1/session"].pop("delete"),
    "a path renamed": lambda d: move_to("v0", d),
    "a status gone": lambda d: paths(d)["/auth/v1/sessions"]["post"]["responses"].pop("401"),
    "a member gone": lambda d: schemas(d)["Session"]["properties"].pop("amr"),
    "a member not always there": lambda d: schemas(d)["Session"]["required"].remove("amr"),
    "a member of another type": lambda d: schemas(d)["Person"]["properties"]["id"].clear(),
    "a nested member gone": lambda d: schemas(d)["FaceFactor"]["properties"].pop("engine"),
    "a state more": lambda d: schemas(d)["State"]["enum"].append("locked"),
    "another key type": lambda d: schemas(d)["KeySet"]["properties"]["keys"]["items"]["properties"][
        "kty"
    ].update(const="RSA"),
    "a pattern changed": lambda d: schemas(d)["OpaqueToken"].update(pattern=".*"),
    "a header not always there": lambda d: d[ACCOUNTS]["components"]["responses"][
        "TooManyAttempts"
    ].pop("headers"),
    "a request must have more": lambda d: ticket_request(d)["required"].append("consent_version"),
    "a request may have less": lambda d: ticket_request(d)["properties"]["purpose"]["enum"].pop(),
    "a shorter text taken": lambda d: schemas(d)["Text"].update(maxLength=64),
    "a member of a request gone": lambda d: ticket_request(d)["properties"].pop("cohort_consent"),
    "a parameter gone": lambda d: paths(d)["/auth/v1/user"]["get"].pop("parameters"),
    "a parameter required": lambda d: paths(d)["/auth/v1/session"]["get"].update(
        parameters=[{"name": "x", "in": "query", "required": True}]
    ),
    "a proof asked for": lambda d: paths(d)["/auth/v1/users"]["post"].pop("security"),
    "a parameter of another type": lambda d: paths(d)["/auth/v1/user"]["get"]["parameters"][
        0
    ].update(schema={"type": "integer"}),
    "a parameter required now": lambda d: paths(d)["/auth/v1/user"]["get"]["parameters"][0].update(
        required=True
    ),
    "a keyword without a rule": lambda d: schemas(d)["Session"].update(minProperties=9),
    "an object opened": lambda d: schemas(d)["Session"].pop("additionalProperties"),
    "another subprotocol": lambda d: d[SOCKETS]["channels"]["capture"].pop("bindings"),
    "messages the other way": lambda d: (
        d[SOCKETS]["operations"]["hear"].update(action="send"),
        d[SOCKETS]["operations"]["tell"].update(action="receive"),
    ),
    "a message gone": lambda d: d.pop("messages/attempt.cancel.schema.json"),
    "a message sent no more": lambda d: d[SOCKETS]["operations"]["tell"]["messages"].pop(0),
    "a message's member gone": lambda d: message(d, "error")["properties"].pop("detail"),
    "a result more": lambda d: message(d, "attempt.result")["properties"]["outcome"]["enum"].append(
        "maybe"
    ),
    "a start must have more": lambda d: message(d, "attempt.start")["required"].append("x"),
    "a larger picture sent": lambda d: message(d, "attempt.ready")["properties"][
        "max_frame_bytes"
    ].update(const=1),
    "a socket renamed": lambda d: rename_channel(d, "/face/capture"),
    "a close code changed": lambda d: d["errors.json"]["close_codes"].update(too_slow=4499),
    "a problem code gone": lambda d: d["errors.json"]["problems"].pop("not_found"),
    "a problem of another status": lambda d: d["errors.json"]["problems"].update(not_found=410),
    "a claim gone": lambda d: d["tokens/ticket.schema.json"]["properties"].pop("sid"),
    "a shorter life": lambda d: d["tokens/assertion.schema.json"].update({"x-life-seconds": 10}),
}

HARMLESS: dict[str, Change] = {
    "nothing": lambda d: None,
    "a path more": lambda d: paths(d).update({"/auth/v1/new": paths(d)["/auth/v1/session"]}),
    "a member more": lambda d: schemas(d)["Session"]["properties"].update(
        locale={"type": "string"}
    ),
    "a member now always there": lambda d: schemas(d)["User"]["required"].append("factors"),
    "a problem code more": lambda d: d["errors.json"]["problems"].update(too_early=425),
    "a purpose more": lambda d: ticket_request(d)["properties"]["purpose"]["enum"].append("extend"),
    "a longer text taken": lambda d: schemas(d)["Text"].update(maxLength=9999),
    "a message more": lambda d: d.update({"messages/new.schema.json": message(d, "error")}),
    "another description": lambda d: schemas(d)["Problem"].update(description="x"),
    "another version beside": lambda d: paths(d).update(
        {"/auth/v2/session": paths(d)["/auth/v1/session"]}
    ),
    "a path under a higher version": lambda d: move_to("v2", d),
    "a socket under a higher version": lambda d: rename_channel(d, "/face/v2/capture"),
}


def changed(change: Change) -> list[str]:
    documents = copy.deepcopy(NOW.documents)
    change(documents)
    return breaks(NOW, Contract(documents))


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING)
def test_what_breaks_clients_is_found(change: Change) -> None:
    assert changed(change)


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_additions_are_welcome(change: Change) -> None:
    assert changed(change) == []


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_command_fails_on_a_breaking_change_only(tmp_path: Path) -> None:
    """On a repository of its own: first a contract, then an addition, then a member renamed."""
    import shutil

    package = tmp_path / "kubevision"
    shutil.copytree(FOLDER.parent, package, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "kubevision")
    git(tmp_path, "commit", "--quiet", "--message", "Contract")

    def compare(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kubevision.contracts.comparison", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    document = package / "contracts" / ACCOUNTS
    text = document.read_text()
    document.write_text(
        text.replace("email: {type: string}", "email: {type: string}\n        x: {}")
    )
    harmless = compare()
    assert harmless.returncode == 0, harmless.stdout + harmless.stderr
    document.write_text(text.replace("        amr: {$ref", "        methods: {$ref"))
    breaking = compare()
    assert breaking.returncode == 1
    assert "lost amr" in breaking.stderr
    assert "Traceback" not in breaking.stderr
    unknown = compare("v9.9")
    assert unknown.returncode == 2 and "v9.9" in unknown.stderr
