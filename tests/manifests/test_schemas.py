"""Every overlay and combination fits the oldest and the newest Kubernetes that we support."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.cluster.rendering import EVERYTHING, HYBRID, ON_PREM, Case, Object, text_of
from tests.manifests.tools import run
from tests.run import ROOT

OLDEST, NEWEST = "1.32", "1.37"
# Kinds whose schemas no package holds. Traefik itself says what it makes of them: test_traefik.
ELSEWHERE = {
    "gateway.networking.k8s.io/v1 Gateway",
    "gateway.networking.k8s.io/v1 HTTPRoute",
    "traefik.io/v1alpha1 Middleware",
}
Found = dict[str, list[str]]


def validated(version: str, texts: list[str], folder: Path) -> list[Found]:
    files = [folder / f"{number:03d}.yaml" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    script = str(Path(__file__).with_name("schemas.py"))
    done = run("python", script, version, *map(str, files))
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return [answer[str(file)] for file in files]


@pytest.fixture(scope="module", params=[OLDEST, NEWEST])
def all_found(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[Case, Found]:
    texts = [text_of(case) for case in EVERYTHING]
    found = validated(request.param, texts, tmp_path_factory.mktemp("rendered"))
    return dict(zip(EVERYTHING, found, strict=True))


@pytest.mark.parametrize("case", EVERYTHING, ids=str)
def test_it_is_valid(all_found: dict[Case, Found], case: Case) -> None:
    assert all_found[case]["wrong"] == []
    assert set(all_found[case]["unknown"]) <= ELSEWHERE


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    """A field that nobody knows, in each object of an overlay that has all kinds."""
    others = ON_PREM.with_components("tls-own-authority", "autoscaling", "mail")
    objects = [
        found
        for found in (*HYBRID.objects(), *others.objects())
        if f"{found['apiVersion']} {found['kind']}" not in ELSEWHERE
    ]
    texts = []
    for found in objects:
        _inner(found)["neverHeardOf"] = 1
        texts.append(yaml.safe_dump(found))
    seen = validated(NEWEST, texts, tmp_path)
    unseen = [
        f"{found['kind']} {found['metadata']['name']}"
        for found, said in zip(objects, seen, strict=True)
        if not said["wrong"]
    ]
    assert unseen == []


def _inner(found: Object) -> Object:
    return found.get("spec", found)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found["spec"].update(replicas="two"),
        lambda found: found["spec"]["template"]["spec"]["containers"][0].pop("name"),
        lambda found: found["spec"].pop("selector"),
    ],
)
def test_a_wrong_value_is_found(tmp_path: Path, change: Callable[[Object], object]) -> None:
    (found,) = [
        each
        for each in ON_PREM.objects()
        if (each["kind"], each["metadata"]["name"]) == ("Deployment", "accounts")
    ]
    change(found)
    assert validated(OLDEST, [yaml.safe_dump(found)], tmp_path)[0]["wrong"]


def test_the_documentation_names_these_versions() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    assert f"Kubernetes {OLDEST} to {NEWEST}" in text
