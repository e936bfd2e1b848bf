"""The README's diagram, the network policies, the import rules and the code say the same arrows."""

import configparser
import re
from pathlib import Path

import pytest

from tests.cluster.network import arrows_of
from tests.cluster.rendering import (
    CLOUD,
    HYBRID,
    ON_PREM,
    ROOMS,
    WITHOUT_FACE,
    Case,
    name_of,
    of_kind,
)
from tests.cluster.rules.arrows import actual_arrows, diagram, expected_arrows
from tests.run import ROOT

ARROWS = set(arrows_of(diagram()))
# Packages that speak to what is no room, and what else in the code makes an arrow.
DRIVERS = {"django-mongodb-backend": "{room}-mongodb", "channels-redis": "redis"}
CALLS = re.compile(r'f"\{settings\.([A-Z]+)_URL\}/')


def policies(case: Case) -> set[str]:
    return {name_of(found) for found in of_kind(case.objects(), "NetworkPolicy")}


def sources(room: str) -> str:
    files = [file for file in (ROOT / room).rglob("*.py") if "tests" not in file.parts]
    return "\n".join(file.read_text() for file in files)


def test_each_arrow_is_one_policy() -> None:
    arrows = {f"{caller}-to-{called}" for caller, called in ARROWS if caller != "browser"}
    everything = policies(ON_PREM.with_components("mail"))
    assert everything == arrows | {"nothing-else", "everybody-to-dns"}


@pytest.mark.parametrize(
    ("case", "extra", "missing"),
    [
        (CLOUD, {"ingress-to-acme-solver"}, set()),
        (
            HYBRID,
            {
                *("ingress-to-acme-solver", "browsers-to-premise-ingress"),
                "premise-ingress-to-facelogin",
            },
            {"ingress-to-facelogin"},
        ),
        (
            WITHOUT_FACE,
            set(),
            {f"{a}-to-{b}" for a, b in ARROWS if "facelogin" in {a, b}},
        ),
    ],
    ids=str,
)
def test_other_overlays_differ_by_what_they_are(
    case: Case, extra: set[str], missing: set[str]
) -> None:
    assert policies(case) == (policies(ON_PREM) - missing) | extra


def test_what_the_policies_let_through_is_the_diagram() -> None:
    case = ON_PREM.with_components("mail")
    assert actual_arrows(case.objects()) == expected_arrows(case.objects())
    assert actual_arrows(case.objects()) == {pair for pair in ARROWS if pair[0] != "browser"}


def test_rooms_call_whom_an_arrow_leads_to() -> None:
    calls = {(room, called.lower()) for room in ROOMS for called in CALLS.findall(sources(room))}
    assert calls == {pair for pair in ARROWS if set(pair) <= set(ROOMS)}


def test_rooms_have_drivers_for_what_an_arrow_leads_to() -> None:
    has = {
        (room, store.format(room=room))
        for room in ROOMS
        for package, store in DRIVERS.items()
        if re.search(rf"^{package}\b", (ROOT / f"requirements/{room}.in").read_text(), re.MULTILINE)
    }
    has |= {(room, "mail") for room in ROOMS if "send_mail(" in sources(room)}
    assert has == {pair for pair in ARROWS if pair[0] in ROOMS and pair[1] not in ROOMS}


def test_no_arrow_is_an_import() -> None:
    """Whoever is joined by an arrow, or by none, is no layer above the other."""
    rules = configparser.ConfigParser()
    rules.read(ROOT / ".importlinter")
    rooms = rules["importlinter:contract:rooms"]
    first, *below = rooms["layers"].split("\n")[1:]
    assert rooms["type"] == "layers" and below == ["kubevision"]
    siblings = {name.strip() for name in first.split("|")}
    ours = {name for pair in ARROWS for name in pair} & {*siblings, *ROOMS}
    assert siblings == ours == set(ROOMS)


def test_the_readme_is_the_only_diagram_in_these_words() -> None:
    others = [
        str(file)
        for file in (ROOT / "docs").rglob("*.md")
        if "```mermaid" in file.read_text() and file != Path("README.md")
    ]
    assert others == []
