"""Faces stay at the plant: what runs where in `hybrid`, and what a pod in the cloud could reach."""

import re
from urllib.parse import urlsplit

import pytest

from tests.cluster.network import reach
from tests.cluster.rendering import (
    CLOUD,
    HYBRID,
    KUSTOMIZE,
    NAME,
    ON_PREM,
    Case,
    name_of,
    of_kind,
    settings,
    workloads,
)

FACE = ("kubevision/factor", "face")
VARIANTS = (
    HYBRID,
    HYBRID.with_components("ingress-nginx", "mail"),
    HYBRID.with_components("ingress-gateway", "autoscaling"),
    HYBRID.with_components("mongodb-three-members", "redis-outside", "gpu"),
)


def nodes(case: Case) -> dict[str, dict[str, str]]:
    return {each.name: each.pod.get("nodeSelector", {}) for each in workloads(case.objects())}


@pytest.mark.parametrize("case", VARIANTS, ids=str)
def test_whoever_handles_faces_is_on_a_node_of_the_plant(case: Case) -> None:
    for each in workloads(case.objects()):
        is_face = FACE in each.labels.items()
        hardware = "premise" if is_face else "cloud"
        assert each.pod["nodeSelector"] == {"hardware": hardware}, str(each)
        assert is_face == each.labels[NAME].startswith(("facelogin", "redis", "premise")), str(each)


def test_the_other_overlays_are_in_one_place() -> None:
    assert {str(one) for one in nodes(CLOUD).values()} == {"{'hardware': 'cloud'}"}
    assert {str(one) for one in nodes(ON_PREM).values()} == {"{'hardware': 'premise'}"}


def test_tainted_nodes_take_facelogin_alone() -> None:
    for each in workloads(HYBRID.with_components("gpu").objects()):
        tolerated = each.pod.get("tolerations", [])
        gpus = each.pod["containers"][0]["resources"]["limits"].get("nvidia.com/gpu")
        if str(each) == "Deployment facelogin":
            assert tolerated == [
                {"key": "hardware", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}
            ]
            assert gpus == 1
        else:
            assert not tolerated and gpus is None


@pytest.mark.parametrize("case", VARIANTS, ids=str)
def test_claims_of_faces_are_used_by_pods_of_the_plant_alone(case: Case) -> None:
    objects = case.objects()
    kept = {
        name_of(found)
        for found in of_kind(objects, "PersistentVolumeClaim")
        if FACE in found["metadata"].get("labels", {}).items()
    }
    assert len(kept) == 2
    for each in workloads(objects):
        claims = {
            volume["persistentVolumeClaim"]["claimName"]
            for volume in each.pod["volumes"]
            if "persistentVolumeClaim" in volume
        }
        if each.kind == "StatefulSet":
            claims.add(f"data-{each.name}-0")
        if each.pod["nodeSelector"] == {"hardware": "cloud"}:
            assert not claims & kept, str(each)


@pytest.mark.parametrize("case", VARIANTS, ids=str)
def test_secrets_of_faces_are_mounted_at_the_plant_alone(case: Case) -> None:
    for each in workloads(case.objects()):
        secrets = {
            volume["secret"]["secretName"] for volume in each.pod["volumes"] if "secret" in volume
        }
        if each.pod["nodeSelector"] == {"hardware": "cloud"}:
            assert not {name for name in secrets if name.startswith("facelogin")}, str(each)


@pytest.mark.parametrize("case", VARIANTS, ids=str)
def test_the_ingress_in_the_cloud_leads_nowhere_near_faces(case: Case) -> None:
    objects = case.objects()
    services = {
        path["backend"]["service"]["name"]
        for found in of_kind(objects, "Ingress")
        for rule in found["spec"]["rules"]
        for path in rule["http"]["paths"]
    } | {
        one["name"]
        for found in of_kind(objects, "HTTPRoute")
        for rule in found["spec"]["rules"]
        for one in rule.get("backendRefs", [])
    }
    assert services == {"dashboard", "accounts"}
    callers = {caller for caller, called, _port in reach(objects) if called == "facelogin"}
    assert callers == {"accounts", "accounts-housekeeping", "premise-ingress"}
    (door,) = [found for found in of_kind(objects, "Service") if "type" in found["spec"]]
    assert name_of(door) == "premise-ingress"
    assert door["spec"]["externalTrafficPolicy"] == "Local"
    assert door["metadata"]["labels"]["svccontroller.k3s.cattle.io/lbpool"] == "premise"


def test_pages_from_the_cloud_open_their_socket_at_the_plant() -> None:
    told = settings(HYBRID.objects())
    faces, portal = told["FACELOGIN_PUBLIC_URL"], told["PUBLIC_ORIGINS"]
    assert faces.startswith("https://") and urlsplit(faces).hostname != urlsplit(portal).hostname
    hosts = {
        rule["host"]
        for found in of_kind(HYBRID.objects(), "Ingress")
        for rule in found["spec"]["rules"]
    }
    assert hosts == {urlsplit(portal).hostname}


def test_what_a_pod_in_the_cloud_could_reach_at_the_plant_is_listed() -> None:
    """The component's README lists it, in a table: who, whom, at which port."""
    objects = HYBRID.objects()
    at_the_plant = {
        each.name: each.pod["nodeSelector"] == {"hardware": "premise"}
        for each in workloads(objects)
    }
    could = {
        (caller, called, str(port))
        for caller, called, port in reach(objects)
        if at_the_plant.get(caller) is False and at_the_plant.get(called)
    }
    # Pods of the cluster that are not ours: anybody may come to the plant's door as browsers do.
    could |= {
        ("any other pod", called, str(port))
        for caller, called, port in reach(objects)
        if caller == "neighbour"
    }
    text = (KUSTOMIZE / "components/premise-ingress/README.md").read_text()
    listed = set(re.findall(r"^\| ([\w -]+?) \| ([\w-]+) \| (\d+) \|", text, re.MULTILINE))
    assert listed == could
