"""Renders overlays with kubectl, as an operator does, and reads what comes out."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.run import ROOT

KUSTOMIZE = ROOT / "k8s/kustomize"
NAMESPACE = "kubevision"
# What a component wants to be told in the installation's settings.
SETTINGS_OF_COMPONENTS = {
    "mongodb-outside": [
        "MONGODB_NETWORK=10.1.0.0/16",
        "ACCOUNTS_MONGODB_URL=mongodb://accounts@mongodb.bottling.example/accounts?replicaSet=rs0",
        "FACELOGIN_MONGODB_URL=mongodb://faces@mongodb.bottling.example/faces?replicaSet=rs0",
    ],
    "redis-outside": [
        "REDIS_NETWORK=10.2.0.0/16",
        "REDIS_URL=redis://redis.bottling.example:6379/0",
    ],
    "mail": ["MAIL_NETWORK=10.3.0.0/16", "EMAIL_URL=smtp://mail.bottling.example:25"],
}

Object = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A kustomization of the repository, or one with components on top of it."""

    base: str
    components: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()  # on top of the overlay's own

    def __str__(self) -> str:
        return "+".join((self.base, *self.components))

    def objects(self) -> list[Object]:
        """Return what it renders to, for the caller to change as they like."""
        return deepcopy(_rendered(self))

    def with_components(self, *components: str) -> "Case":
        """Return this one with more on top."""
        return Case(self.base, (*self.components, *components), self.settings)

    def told(self, *settings: str) -> "Case":
        """Return this one with other settings."""
        return Case(self.base, self.components, (*self.settings, *settings))


CLOUD, ON_PREM, HYBRID = (Case(f"overlays/{name}") for name in ("cloud", "on-prem", "hybrid"))
CUSTOMER, WITHOUT_FACE = Case("examples/customer"), Case("examples/without-face")
INSTALLATIONS = (CLOUD, ON_PREM, HYBRID, CUSTOMER, WITHOUT_FACE)
GATEWAY = ("ingress-gateway", "ingress-gateway-face")
COMBINATIONS = (
    *(
        ON_PREM.with_components(name)
        for name in (
            "autoscaling",
            "engine-resnet",
            "gpu",
            "ingress-nginx",
            "mail",
            "mongodb-outside",
            "mongodb-three-members",
            "redis-outside",
            "registry",
            "tls-own-authority",
            "without-face",
        )
    ),
    ON_PREM.with_components(*GATEWAY),
    ON_PREM.with_components("mongodb-outside", "redis-outside", "mail", "registry"),
    ON_PREM.with_components("tls-own-authority", "autoscaling", "mongodb-three-members"),
    CLOUD.with_components("ingress-nginx", "mongodb-three-members"),
    CLOUD.with_components(*GATEWAY, "mongodb-outside"),
    CLOUD.with_components("without-face", "ingress-gateway"),
    HYBRID.with_components("ingress-nginx", "mail"),
    HYBRID.with_components("ingress-gateway", "autoscaling"),
    HYBRID.with_components("mongodb-three-members", "redis-outside", "gpu"),
    WITHOUT_FACE.with_components("ingress-nginx", "mongodb-outside", "mail"),
)
EVERYTHING = (*INSTALLATIONS, *COMBINATIONS)


KUSTOMIZE_AT_LEAST = 5
WHERE_FROM = (
    f"kubectl with kustomize {KUSTOMIZE_AT_LEAST} or later is needed; docs/operations.md says "
    "where to get it, and .ci/run takes it from a Python package"
)


def kubectl(*arguments: str, text: str | None = None) -> str:
    """Run kubectl; a cluster is never asked."""
    if shutil.which("kubectl") is None:
        raise RuntimeError(WHERE_FROM)
    done = subprocess.run(
        ["kubectl", *arguments],
        check=False,
        capture_output=True,
        text=True,
        input=text,
        env=os.environ | {"KUBECONFIG": os.devnull},
    )
    if done.returncode:
        raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr}")
    return done.stdout


@cache
def text_of(case: Case) -> str:
    """Return the YAML that a case renders to."""
    if not (case.components or case.settings):
        return kubectl("kustomize", str(KUSTOMIZE / case.base))
    with tempfile.TemporaryDirectory() as folder:
        told = [line for name in case.components for line in SETTINGS_OF_COMPONENTS.get(name, [])]
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [os.path.relpath(KUSTOMIZE / case.base, folder)],
            "configMapGenerator": [
                {"name": "settings", "behavior": "merge", "literals": [*told, *case.settings]}
            ],
            "components": [
                os.path.relpath(KUSTOMIZE / "components" / name, folder) for name in case.components
            ],
        }
        (Path(folder) / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return kubectl("kustomize", folder)


@cache
def _rendered(case: Case) -> list[Object]:
    return [found for found in yaml.load_all(text_of(case), yaml.CSafeLoader) if found]


# -- reading what was rendered --------------------------------------------------------------------

# Kind -> where its pods are described.
POD_TEMPLATES = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
ROOMS = ("dashboard", "accounts", "facelogin")
DOORS = ("premise-ingress",)  # ours, without state: as many copies as one likes
NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"


@dataclass(frozen=True)
class Workload:
    """An object that makes pods."""

    found: Object

    @property
    def kind(self) -> str:
        return str(self.found["kind"])

    @property
    def name(self) -> str:
        return str(self.found["metadata"]["name"])

    @property
    def template(self) -> Object:
        at = self.found
        for key in POD_TEMPLATES[self.kind]:
            at = at[key]
        return at

    @property
    def labels(self) -> dict[str, str]:
        """Return what its pods are labelled with."""
        return dict(self.template["metadata"]["labels"])

    @property
    def pod(self) -> Object:
        spec: Object = self.template["spec"]
        return spec

    @property
    def containers(self) -> list[Object]:
        """Return all, those that run first included."""
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]

    @property
    def is_server(self) -> bool:
        return self.kind in {"Deployment", "StatefulSet", "DaemonSet"}

    @property
    def ports(self) -> dict[str, int]:
        """Return its pods' ports by name."""
        return {
            port["name"]: port["containerPort"]
            for container in self.pod["containers"]
            for port in container.get("ports", [])
        }

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def workloads(objects: list[Object]) -> Iterator[Workload]:
    """Yield what makes pods."""
    return (Workload(found) for found in objects if found["kind"] in POD_TEMPLATES)


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    """Return the objects of these kinds."""
    return [found for found in objects if found["kind"] in kinds]


def name_of(found: Object) -> str:
    """Return an object's name."""
    return str(found["metadata"]["name"])


def settings(objects: list[Object]) -> dict[str, str]:
    """Return the data of the ConfigMap that every room reads."""
    (found,) = [each for each in of_kind(objects, "ConfigMap") if name_of(each)[:9] == "settings-"]
    return dict(found["data"])


def middlewares_of(ingress: Object) -> list[str]:
    """Return the names of the Traefik middlewares that an Ingress goes through."""
    key = "traefik.ingress.kubernetes.io/router.middlewares"
    named = ingress["metadata"].get("annotations", {}).get(key, "")
    return [
        one.removesuffix("@kubernetescrd").removeprefix(f"{NAMESPACE}-")
        for one in named.split(",")
        if one
    ]


def matches(selector: Object | None, labels: dict[str, str]) -> bool:
    """Say whether a label selector of Kubernetes selects these labels."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for wanted in selector.get("matchExpressions", []):
        value, values = labels.get(wanted["key"]), wanted.get("values", [])
        is_so = {
            "In": value in values,
            "NotIn": value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[wanted["operator"]]
        if not is_so:
            return False
    return True
