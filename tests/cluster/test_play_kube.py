"""The overlays' pods as podman plays them are those that were rendered."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml

from k8s.cluster_secrets import KEYS, make_files
from tests.cluster import play_kube
from tests.cluster.rendering import (
    HYBRID,
    ON_PREM,
    Case,
    Object,
    Workload,
    of_kind,
    workloads,
)
from tests.cluster.rules import RULES

# What of a container must not have changed on the way.
KEPT = ("image", "command", "args", "env", "envFrom", "resources", "securityContext")
CASES = (ON_PREM, HYBRID, ON_PREM.with_components("mongodb-three-members"))


def all_pods(case: Case) -> list[tuple[Workload, play_kube.Pod]]:
    objects = case.objects()
    return [
        (each, pod)
        for each in workloads(objects)
        if each.kind != "CronJob"
        for pod in play_kube.pods(objects, each)
    ]


def claims(pod: play_kube.Pod) -> list[str]:
    return [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod.spec["volumes"]
        if "persistentVolumeClaim" in volume
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_containers_are_as_they_were_rendered(case: Case) -> None:
    for each, pod in all_pods(case):
        played = [*(one.spec["containers"][0] for one in pod.first), *pod.spec["containers"]]
        assert len(played) == len(each.containers)
        for rendered, container in zip(each.containers, played, strict=True):
            for key in KEPT:
                assert container.get(key) == rendered.get(key), f"{pod.name}: {key}"
            at = [mount["mountPath"] for mount in container["volumeMounts"]]
            assert at == [mount["mountPath"] for mount in rendered["volumeMounts"]]
        assert pod.spec["securityContext"] == each.pod["securityContext"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_rules_for_pods_hold_for_what_is_played(case: Case) -> None:
    for each, pod in all_pods(case):
        for one in (*pod.first, pod):
            found: Object = deepcopy(each.found)
            found["kind"] = "Job"
            found["spec"]["template"]["spec"] = one.spec
            for rule in ("K1", "K2", "K3", "K4", "K5", "K8", "K10"):
                assert list(RULES[rule]([found])) == [], f"{one.name}: {rule}"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_copies_share_names_and_nothing_else(case: Case) -> None:
    made = all_pods(case)
    names = [one.name for _each, pod in made for one in (*pod.first, pod)]
    assert len(names) == len(set(names))
    own = [
        claim
        for _each, pod in made
        for claim in claims(pod)
        if not claim.startswith(("secret-", "data-"))
    ]
    assert len(own) == len(set(own)) > len(made) - 1
    for each, pod in made:
        assert pod.aliases == ([each.name] if each.is_server else []), pod.name
        mounted = {m["name"] for c in pod.spec["containers"] for m in c["volumeMounts"]}
        assert mounted <= {volume["name"] for volume in pod.spec["volumes"]}, pod.name
    rooms = [pod.name for each, pod in made if each.name == "accounts"]
    assert rooms == ["accounts-0", "accounts-1"]


def test_each_secret_is_a_volume_of_its_files(tmp_path: Path) -> None:
    make_files(tmp_path / "keys", {})
    held = play_kube.secrets(tmp_path / "keys", list(workloads(ON_PREM.objects())))
    assert set(held["secret-accounts-mongodb-users"]) == {"members.key", "database.password"}
    for name, files in KEYS.items():
        assert set(held[f"secret-{name}"]) == set(files)
    named = {claim for _each, pod in all_pods(ON_PREM) for claim in claims(pod)}
    assert {name for name in named if name.startswith("secret-")} == set(held)


def test_settings_travel_with_the_pod() -> None:
    objects = ON_PREM.objects()
    (each,) = [one for one in workloads(objects) if one.name == "accounts"]
    pod = next(play_kube.pods(objects, each))
    text = pod.text(of_kind(objects, "ConfigMap"))
    kinds = [one["kind"] for one in yaml.safe_load_all(text)]
    assert kinds[-1] == "Pod" and set(kinds[:-1]) == {"ConfigMap"}
    assert pod.readiness == ["python", "-m", "kubevision.probe", "readyz"]
