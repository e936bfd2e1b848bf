"""`make cluster-secrets`: Secrets from files outside the repository, through the real kubectl."""

import base64
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cryptography import x509

from k8s.cluster_secrets import KEYS
from tests.cluster.api_server import Cluster, api_server
from tests.cluster.rendering import (
    INSTALLATIONS,
    Case,
    Object,
    Workload,
    name_of,
    of_kind,
    workloads,
)
from tests.cluster.rules.names import SECRETS
from tests.run import ROOT, environment


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with api_server() as running:
        yield running


def run(cluster: Cluster, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_with(cluster, tmp_path, "k8s.cluster_secrets", *arguments)


def run_with(
    cluster: Cluster, tmp_path: Path, module: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run a module of ours whose kubectl speaks to this cluster."""
    config = tmp_path / "kubeconfig"
    config.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "clusters": [{"name": "here", "cluster": {"server": cluster.url}}],
                "contexts": [{"name": "here", "context": {"cluster": "here", "user": ""}}],
            }
        )
    )
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment(KUBECONFIG=str(config)),
        capture_output=True,
        text=True,
        check=False,
    )


def data(cluster: Cluster, name: str) -> dict[str, bytes]:
    found = cluster.of_kind("Secret")[name]["data"]
    return {key: base64.b64decode(value) for key, value in found.items()}


def test_every_secret_comes_from_its_files(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    hosts = ("--portal", "portal.bottling.example", "--faces", "faces.bottling.example")
    done = run(cluster, tmp_path, str(folder), *hosts)
    assert done.returncode == 0, done.stderr
    assert set(cluster.of_kind("Secret")) == SECRETS
    assert {found["metadata"]["namespace"] for found in cluster.of_kind("Secret").values()} == {
        "kubevision"
    }
    for name, files in KEYS.items():
        assert data(cluster, name) == {file: (folder / name / file).read_bytes() for file in files}
    secret = {data(cluster, name)["secret.key"] for name in KEYS if "mongodb" not in name}
    assert len(secret) == 3, "rooms share a secret key"
    for name, host in (("portal-tls", hosts[1]), ("facelogin-tls", hosts[3])):
        found = x509.load_pem_x509_certificate(data(cluster, name)["tls.crt"])
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == [host]
    # The authority's own key stays where it was made.
    sent = b"".join(value for name in SECRETS for value in data(cluster, name).values())
    assert (folder / "portal-tls-authority/authority.key").read_bytes() not in sent
    for found in cluster.of_kind("Secret").values():
        assert "last-applied" not in str(found["metadata"])
    # Nothing of it is said, and nobody else can read it.
    assert not any(value.decode().strip() in done.stdout for value in secret)
    assert folder.stat().st_mode & 0o077 == 0
    level = cluster.of_kind("Namespace")["kubevision"]["metadata"]["labels"]
    assert level["pod-security.kubernetes.io/enforce"] == "restricted"


def test_a_second_time_nothing_changes_but_what_was_changed(
    cluster: Cluster, tmp_path: Path
) -> None:
    folder = tmp_path / "keys"
    assert run(cluster, tmp_path, str(folder)).returncode == 0
    before = {name: data(cluster, name) for name in KEYS}
    assert set(cluster.of_kind("Secret")) == set(KEYS), "no certificate was asked for"
    rotated = folder / "accounts-keys/secret.key"
    rotated.write_text("n" * 64 + "\n" + rotated.read_text())
    assert run(cluster, tmp_path, str(folder)).returncode == 0
    after = {name: data(cluster, name) for name in KEYS}
    assert {name for name in KEYS if before[name] != after[name]} == {"accounts-keys"}
    assert after["accounts-keys"]["secret.key"] == rotated.read_bytes()


def test_a_certificate_that_was_brought_is_taken(cluster: Cluster, tmp_path: Path) -> None:
    made = tmp_path / "made"
    assert run(cluster, tmp_path, str(made), "--portal", "portal.bottling.example").returncode == 0
    folder = tmp_path / "brought"
    (folder / "portal-tls").mkdir(parents=True)
    for old, new in (("certificate.pem", "tls.crt"), ("certificate.key", "tls.key")):
        (folder / "portal-tls" / new).write_bytes((made / "portal-tls" / old).read_bytes())
    done = run(cluster, tmp_path, str(folder), "--portal", "portal.bottling.example")
    assert done.returncode == 0, done.stderr
    brought = (folder / "portal-tls/tls.crt").read_bytes()
    assert data(cluster, "portal-tls")["tls.crt"] == brought
    assert not (folder / "portal-tls-authority").exists()
    (folder / "portal-tls/tls.key").unlink()
    done = run(cluster, tmp_path, str(folder))
    assert done.returncode == 1 and "must hold tls.crt and tls.key" in done.stderr


def test_a_password_that_was_brought_goes_along(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    for name in ("accounts-keys", "facelogin-keys"):
        (folder / name).mkdir(parents=True)
    (folder / "facelogin-keys/redis.password").write_text("of a Redis outside")
    (folder / "accounts-keys/mail.password").write_text("of a mail server")
    assert run(cluster, tmp_path, str(folder)).returncode == 0
    assert data(cluster, "facelogin-keys")["redis.password"] == b"of a Redis outside"
    assert data(cluster, "accounts-keys")["mail.password"] == b"of a mail server"


def test_a_folder_in_the_repository_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    done = run(cluster, tmp_path, str(ROOT / "cluster-keys"))
    assert done.returncode == 1
    assert "inside the repository" in done.stderr and "Traceback" not in done.stderr
    assert not (ROOT / "cluster-keys").exists() and not cluster.objects


def test_a_key_that_is_gone_is_not_replaced(cluster: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    assert run(cluster, tmp_path, str(folder)).returncode == 0
    (folder / "facelogin-keys/template.key").unlink()
    done = run(cluster, tmp_path, str(folder))
    assert done.returncode == 1 and "template.key is gone" in done.stderr


def test_a_cluster_out_of_reach_is_said(cluster: Cluster, tmp_path: Path) -> None:
    cluster.url = "http://127.0.0.1:1"
    done = run(cluster, tmp_path, str(tmp_path / "keys"))
    assert done.returncode == 1
    assert "kubectl apply said" in done.stderr and "Traceback" not in done.stderr


# A one-shot that makes the database's user needs none of its room's keys.
NEEDED_BY_USERS = {"MEMBERS_KEY_FILE", "DATABASE_PASSWORD_FILE"}


@pytest.mark.parametrize("case", INSTALLATIONS, ids=str)
def test_pods_find_the_files_that_they_are_told_of(case: Case) -> None:
    """Each ..._FILE of the settings is a file of a Secret that is mounted there."""
    objects = case.objects()
    told = 0
    for each in workloads(objects):
        files = _files(each)
        for container in each.containers:
            for key, value in _told(objects, container).items():
                if key.endswith("_FILE") and (
                    not each.name.endswith("-users") or key in NEEDED_BY_USERS
                ):
                    told += 1
                    assert value in files, f"{each}: {key}"
    assert told > 10


def _told(objects: list[Object], container: Object) -> dict[str, str]:
    maps = {name_of(found): found["data"] for found in of_kind(objects, "ConfigMap")}
    told = {one["name"]: one["value"] for one in container.get("env", [])}
    for source in container.get("envFrom", []):
        told |= maps[source["configMapRef"]["name"]]
    return told


def _files(each: Workload) -> set[str]:
    at = {
        mount["name"]: mount["mountPath"]
        for container in each.containers
        for mount in container["volumeMounts"]
    }
    found = set()
    for volume in each.pod["volumes"]:
        if "secret" in volume:
            names = KEYS.get(volume["secret"]["secretName"], ["tls.crt", "tls.key"])
            found |= {f"{at[volume['name']]}/{name}" for name in names}
        for source in volume.get("projected", {}).get("sources", []):
            secret = source["secret"]
            names = [item["path"] for item in secret.get("items", [])] or KEYS[secret["name"]]
            found |= {f"{at[volume['name']]}/{name}" for name in names}
    return found
