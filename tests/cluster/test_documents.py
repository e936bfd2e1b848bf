"""What the pages for operators name is there: paths, targets, commands, modules, objects."""

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tests.cluster.rendering import (
    CLOUD,
    HYBRID,
    KUSTOMIZE,
    ON_PREM,
    ROOMS,
    name_of,
    of_kind,
)
from tests.run import ROOT

PAGES = [
    *(ROOT / f"docs/{name}.md" for name in ("operations", "rancher", "blueprint")),
    KUSTOMIZE / "README.md",
    *sorted((KUSTOMIZE / "components").glob("*/README.md")),
]
BLOCKS = re.compile(r"```sh\n(.*?)```", re.DOTALL)
LINKS = re.compile(r"\]\(([^)#\s]*)(#[\w-]+)?\)")
IN_TEXT = re.compile(r"`([^`\n]+)`")
# What a reader has to fill in.
PLACES = re.compile(r"\b(NODE|SERVER|TOKEN|ADDRESS|POD|NAME|NEW|PLANT|RANCHER|CLUSTER|PROJECT)\b")
COMMANDS = {path.stem for path in ROOT.glob("*/management/commands/*.py")} | {"check"}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
OBJECTS = {
    (found["kind"].lower(), name_of(found))
    for case in (ON_PREM, CLOUD, HYBRID)
    for found in case.objects()
}


def words(page: Path) -> list[list[str]]:
    """Return the commands of a page, one by one, as a shell reads them."""
    found = []
    for block in BLOCKS.findall(page.read_text()):
        text = re.sub(r"<<'EOF'\n.*?\nEOF\n", "\n", block, flags=re.DOTALL)
        for line in text.splitlines():
            for command in re.split(r"&&|\|(?!-)|;", re.sub(r"(^|\s)#.*", "", line)):
                try:
                    found.append(shlex.split(command))
                except ValueError:
                    found.append(command.split())
    return [one for one in found if one]


def spoken(page: Path) -> str:
    """Return all that a page says in a block or between backticks."""
    text = page.read_text()
    return "\n".join([*BLOCKS.findall(text), *IN_TEXT.findall(text)])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    said = spoken(page)
    for target in re.findall(r"\bmake ([a-z][a-z-]+)", said):
        assert target in TARGETS, f"make {target}"
    for command in re.findall(r"manage\.py ([a-z_]+)", said):
        assert command in COMMANDS, f"manage.py {command}"
    for module in re.findall(r"python -m ((?:kubevision|k8s|docker|tests)[\w.]*)", said):
        assert find_spec(module), f"python -m {module}"
    for path in re.findall(r"(?<![/\w])((?:k8s|docs|tests|kubevision|docker)/[\w./-]*[\w])", said):
        is_label = path == "kubevision/factor"
        if not (is_label or PLACES.search(path) or "bottles" in path):
            assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in LINKS.findall(page.read_text()):
        if path.startswith("https://"):
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        if anchor:
            text = target.read_text()
            headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}
            assert anchor[1:] in slugs, f"{path}{anchor}"


@pytest.mark.parametrize("page", PAGES[:3], ids=lambda page: page.name)
def test_objects_that_commands_name_are_rendered(page: Path) -> None:
    short = {"deploy": "deployment", "pvc": "persistentvolumeclaim"}
    seen = 0
    for command in words(page):
        if command[:1] != ["kubectl"]:
            continue
        for word in command:
            kind, slash, name = word.partition("/")
            kind = short.get(kind.removeprefix("--from="), kind.removeprefix("--from="))
            if slash and kind in {"deployment", "cronjob", "job", "statefulset"}:
                assert (kind, name) in OBJECTS, word
                seen += 1
        if "-k" in command:
            path = command[command.index("-k") + 1]
            assert path.startswith("$OVERLAY") or (ROOT / path / "kustomization.yaml").exists()
        for flag in ("-c",):
            if flag in command:
                assert command[command.index(flag) + 1] in ROOMS
        if "label" not in command and "-n" in command:
            assert command[command.index("-n") + 1] in {"kubevision", "fleet-default"}
    assert seen or page.name != "operations.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_applied_from_a_page_is_yaml(page: Path) -> None:
    for block in re.findall(r"<<'EOF'\n(.*?)\nEOF\n", page.read_text(), re.DOTALL):
        found = yaml.safe_load(block)
        assert found["apiVersion"] and found["kind"] and found["metadata"]["name"]
        if "valuesContent" in found["spec"]:
            assert isinstance(yaml.safe_load(found["spec"]["valuesContent"]), dict)


def test_fleet_delivers_products_and_misses_no_one_shot() -> None:
    fleet = yaml.safe_load((KUSTOMIZE / "fleet.yaml").read_text())
    folders = {one["kustomize"]["dir"] for one in [fleet, *fleet["targetCustomizations"]]}
    overlays = {f"overlays/{path.name}/product" for path in (KUSTOMIZE / "overlays").iterdir()}
    assert folders == overlays
    for one in fleet["targetCustomizations"]:
        label = one["clusterSelector"]["matchLabels"]["kubevision"]
        assert one["kustomize"]["dir"] == f"overlays/{label}/product"
    ignored = {one["name"] for one in fleet["diff"]["comparePatches"]}
    assert ignored == {name_of(found) for found in of_kind(HYBRID.objects(), "Job")}


def test_the_list_of_images_for_an_archive_is_whole() -> None:
    """The sed of docs/operations.md finds every image of the overlay."""
    import subprocess

    from tests.cluster.rendering import text_of, workloads

    (line,) = [
        line for line in (ROOT / "docs/operations.md").read_text().splitlines() if "sed -nE" in line
    ]
    script = line.partition("sed -nE ")[2].partition("|")[0].strip().strip("'")
    listed = subprocess.run(
        ["sed", "-nE", script], input=text_of(ON_PREM), capture_output=True, text=True, check=True
    ).stdout.split()
    images = {c["image"] for each in workloads(ON_PREM.objects()) for c in each.containers}
    assert set(listed) == images
