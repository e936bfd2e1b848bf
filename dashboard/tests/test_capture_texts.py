"""Words for everything that can happen at the camera, and scripts that find them."""

import re
from pathlib import Path

import pytest
from django.test import Client

from dashboard import vendor_bootstrap
from dashboard.capture_texts import capture_texts
from dashboard.forms import CONSENT_VERSION
from kubevision import contracts

ROOM = Path(__file__).parent.parent
SCRIPTS = sorted((ROOM / "static/dashboard/js").rglob("*.js"))


def of_contract(message_type: str, member: str) -> list[str]:
    schema = contracts.read_json(f"messages/{message_type}.schema.json")["properties"][member]
    return list(schema.get("items", schema)["enum"])


# `enrolled` and `match` submit the form.
FINAL_OUTCOMES = [
    outcome
    for outcome in of_contract("attempt.result", "outcome")
    if outcome not in {"enrolled", "match"}
]


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("reason", of_contract("capture.feedback", "reasons")),
        ("step", of_contract("challenge.step", "step")),
        ("prompt", of_contract("capture.prompt", "prompt")),
        ("outcome", FINAL_OUTCOMES),
        ("camera", ["denied", "missing", "busy", "insecure"]),
    ],
)
def test_everything_that_can_happen_has_a_sentence(kind: str, codes: list[str]) -> None:
    texts = capture_texts()[kind]
    assert set(texts) == set(codes)
    assert all(text.endswith((".", "?")) for text in texts.values())


def test_every_coming_back_has_a_sentence() -> None:
    text = (ROOM / "static/dashboard/js/attempt.js").read_text()
    named = re.search(r"COME_BACK_AFTER_MS = Object.freeze\(\{(.*?)\}\)", text, re.DOTALL)
    assert named is not None
    assert set(re.findall(r"^  (\w+):", named[1], re.MULTILINE)) == set(capture_texts()["comeback"])


def test_the_state_machine_names_only_sentences_that_exist() -> None:
    text = (ROOM / "static/dashboard/js/attempt.js").read_text()
    named = re.findall(r'\["(phase|error)", (?:event\.\w+ \? )?"(\w+)"(?: : "(\w+)")?\]', text)
    assert len(named) >= 5
    for kind, *codes in named:
        assert {code for code in codes if code} <= set(capture_texts()[kind])


def test_there_are_scripts() -> None:
    assert {path.name for path in SCRIPTS} >= {
        "attempt.js", "camera.js", "face-capture.js", "facelogin.js", "frames.js", "protocol.js",
        "socket.js", "train.js",
    }  # fmt: skip


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_follow_a_strict_policy(path: Path) -> None:
    text = path.read_text()
    # Django rewrites hashed imports only if the statement ends with a semicolon.
    imports = re.findall(r"^import\b[^;\n]*(?:\n[^;\n]*)*?[;\n]", text, re.MULTILINE)
    assert all(statement.endswith(";") for statement in imports)
    for name in re.findall(r'^(?:import|export)\b.*"(\.[^"]+)"', text, re.MULTILINE):
        assert (path.parent / name).is_file(), name
    for word in ("eval(", "new Function", "innerHTML", "outerHTML", "insertAdjacentHTML",
                 "document.write", "http://", "https://"):  # fmt: skip
        assert word not in text, word
    # Tokens and consent are nothing to keep in a browser.
    assert not re.search(r"localStorage|sessionStorage|indexedDB|document\.cookie", text)


def test_the_state_machine_and_the_protocol_are_pure() -> None:
    for name in ("attempt.js", "protocol.js"):
        text = (ROOM / "static/dashboard/js" / name).read_text()
        found = re.findall(r"\b(document|window|navigator|fetch|WebSocket|Date|setTimeout)\b", text)
        assert found == [], name


def test_the_consent_text_carries_the_version_that_is_agreed_to(ada: Client) -> None:
    source = (ROOM / "templates/dashboard/consent_text.html").read_text()
    assert f"Version {CONSENT_VERSION}." in source
    page = ada.get("/train").content.decode()
    box = re.search(r'<input[^>]*id="consent"[^>]*>', page)
    assert box is not None and f'value="{CONSENT_VERSION}"' in box[0]
    assert "checked" not in box[0]
    assert page.index('id="consent-text"') < page.index("<face-capture")


def test_the_vendored_files_are_those_of_the_script() -> None:
    folder = vendor_bootstrap.TARGET
    names = {Path(name).name for name in vendor_bootstrap.FILES}
    assert {path.name for path in folder.iterdir()} == names
    style = (folder / "bootstrap.min.css").read_text()
    assert f"Bootstrap  v{vendor_bootstrap.VERSION} " in style[:200]
    assert "sourceMappingURL" not in style
