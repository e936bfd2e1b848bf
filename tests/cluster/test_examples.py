"""What an overlay is made of, and how little a customer's own one differs from it."""

from collections import Counter
from typing import Any

import pytest
import yaml

from tests.cluster.rendering import (
    CUSTOMER,
    INSTALLATIONS,
    KUSTOMIZE,
    ON_PREM,
    POD_TEMPLATES,
    WITHOUT_FACE,
    Case,
    Object,
    name_of,
    of_kind,
    workloads,
)

HANDFUL = 15  # changed values
FOLDERS = [path.parent for path in sorted(KUSTOMIZE.rglob("kustomization.yaml"))]


def differences(before: Any, after: Any, at: str = "") -> list[str]:
    """Return what differs between two trees, one line a value."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            line
            for key in sorted(before.keys() | after.keys())
            for line in differences(before.get(key), after.get(key), f"{at}.{key}")
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [line for n, (one, two) in pairs for line in differences(one, two, f"{at}.{n}")]
    return [] if before == after else [f"{at}: {before} -> {after}"]


def by_name(objects: list[Object]) -> dict[str, Object]:
    """Return objects by kind and name; a ConfigMap's name ends with a hash of what is in it."""
    hashed = {name_of(found) for found in of_kind(objects, "ConfigMap")}
    text = yaml.safe_dump_all(objects)
    for name in hashed:
        text = text.replace(name, name.rpartition("-")[0])
    return {
        f"{found['kind']} {name_of(found)}": found
        for found in yaml.load_all(text, yaml.CSafeLoader)
    }


def test_a_customer_differs_by_a_handful_of_lines() -> None:
    lines = differences(by_name(ON_PREM.objects()), by_name(CUSTOMER.objects()))
    assert 0 < len(lines) <= HANDFUL, "\n".join(lines)
    assert all(
        any(word in line for word in ("ConfigMap settings", "Ingress", "PersistentVolumeClaim"))
        for line in lines
    ), lines
    said = Counter(line.rpartition(" -> ")[2] for line in lines)
    assert said["portal.bottling.example"] == 6


def test_a_changed_setting_restarts_whoever_reads_it() -> None:
    """The name of the ConfigMap changes with what is in it, and pods name it."""
    names = [
        {
            source["configMapRef"]["name"]
            for each in workloads(case.objects())
            for container in each.containers
            for source in container.get("envFrom", [])
            if source["configMapRef"]["name"].startswith("settings-")
        }
        for case in (ON_PREM, CUSTOMER)
    ]
    assert len(names[0]) == len(names[1]) == 1 and names[0] != names[1]


def test_without_faces_nothing_of_them_is_left() -> None:
    text = yaml.safe_dump_all(WITHOUT_FACE.objects()).lower()
    text = text.replace("facelogin_url: ''", "").replace("facelogin_workers", "")
    assert "face" not in text and "redis:" not in text


@pytest.mark.parametrize("case", INSTALLATIONS, ids=str)
def test_an_overlay_only_chooses(case: Case) -> None:
    """No object is written in an overlay or example; what there is to say are a few settings."""
    for folder in (KUSTOMIZE / case.base, KUSTOMIZE / case.base / "product"):
        for file in folder.iterdir():
            assert file.is_dir() or file.name in {"kustomization.yaml", "settings.env"}
        read = yaml.safe_load((folder / "kustomization.yaml").read_text())
        assert all((folder / path).is_dir() for path in read["resources"])
        for patch in read.get("patches", []):
            assert patch["target"]["kind"] == "PersistentVolumeClaim"


@pytest.mark.parametrize(
    "folder",
    [folder for folder in FOLDERS if folder.parent.name == "components"],
    ids=lambda folder: folder.name,
)
def test_a_component_has_its_readme(folder: Any) -> None:
    text = (folder / "README.md").read_text()
    assert text.startswith(f"# {folder.name}\n")
    assert f"components/{folder.name})" in (KUSTOMIZE / "README.md").read_text()
    read = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert read["kind"] == "Component"


def test_every_component_is_chosen_by_somebody() -> None:
    from tests.cluster.rendering import EVERYTHING

    chosen = {name for case in EVERYTHING for name in case.components}
    for folder in FOLDERS:
        read = yaml.safe_load((folder / "kustomization.yaml").read_text())
        chosen |= {path.rpartition("/")[2] for path in read.get("components", [])}
    assert {folder.name for folder in FOLDERS if folder.parent.name == "components"} == chosen


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(KUSTOMIZE)))
def test_no_file_is_left_over(folder: Any) -> None:
    """Every file beneath a kustomization is one that it names."""
    text = (folder / "kustomization.yaml").read_text()
    for file in folder.iterdir():
        if file.is_file() and file.name not in {"kustomization.yaml", "README.md"}:
            assert file.name in text, file


def test_no_secret_is_in_the_repository() -> None:
    for file in KUSTOMIZE.rglob("*"):
        if file.is_file():
            text = file.read_text()
            assert "kind: Secret\n" not in text and "PRIVATE KEY" not in text, file
            assert "secretGenerator" not in text, file


def test_pods_are_told_apart() -> None:
    """No two kinds of pods have the same name and component: selectors rest on both."""
    for case in INSTALLATIONS:
        seen = Counter(
            (each.labels["app.kubernetes.io/name"], each.labels["app.kubernetes.io/component"])
            for each in workloads(case.objects())
        )
        assert set(seen.values()) == {1}
        assert len(seen) == len([f for f in case.objects() if f["kind"] in POD_TEMPLATES])
