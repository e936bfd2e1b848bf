"""The commands of docs/operations.md that change a cluster, by the real kubectl."""

import subprocess

from tests.cluster.api_server import Cluster, api_server
from tests.cluster.rendering import HYBRID, KUSTOMIZE, ON_PREM, Case, name_of, text_of


def kubectl(cluster: Cluster, *arguments: str, text: str | None = None) -> str:
    done = subprocess.run(
        ["kubectl", "--server", cluster.url, *arguments],
        capture_output=True,
        text=True,
        check=False,
        input=text,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def names(case: Case) -> set[tuple[str, str]]:
    return {(found["kind"], name_of(found)) for found in case.objects()}


def kept(cluster: Cluster) -> set[tuple[str, str]]:
    return {(found["kind"], name_of(found)) for found in cluster.objects.values()}


def test_one_apply_does_everything_and_data_outlive_the_product() -> None:
    with api_server() as cluster:
        on_prem = str(KUSTOMIZE / ON_PREM.base)
        kubectl(cluster, "apply", "--server-side", "-k", on_prem)
        assert kept(cluster) == names(ON_PREM)
        # The namespace is there before whatever lies in it.
        assert cluster.requests[0].endswith("/namespaces/kubevision")
        kubectl(cluster, "delete", "--wait=false", "-k", f"{on_prem}/product")
        assert {kind for kind, _name in kept(cluster)} == {"Namespace", "PersistentVolumeClaim"}
        kubectl(cluster, "apply", "-k", on_prem)
        assert kept(cluster) == names(ON_PREM)


def test_rendering_and_applying_may_be_two_commands() -> None:
    with api_server() as cluster:
        kubectl(cluster, "apply", "--server-side", "-f", "-", text=text_of(HYBRID))
        assert kept(cluster) == names(HYBRID)


def test_a_plant_needs_nothing_that_k3s_does_not_bring() -> None:
    groups = {found["apiVersion"].partition("/")[0] for found in ON_PREM.objects()}
    own = {group for group in groups if "." in group and not group.endswith(".k8s.io")}
    assert own == {"traefik.io"}


def test_going_to_another_overlay_starts_with_removing_the_product() -> None:
    """kubectl apply removes nothing: the way through the cloud's ingress would stay open."""
    with api_server() as cluster:
        kubectl(cluster, "apply", "--server-side", "-k", str(KUSTOMIZE / ON_PREM.base))
        kubectl(cluster, "delete", "--wait=false", "-k", str(KUSTOMIZE / ON_PREM.base / "product"))
        kubectl(cluster, "apply", "--server-side", "-k", str(KUSTOMIZE / HYBRID.base))
        assert kept(cluster) == names(HYBRID)
        assert ("Ingress", "facelogin") not in kept(cluster)
