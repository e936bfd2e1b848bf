"""K11 and K18: the namespace and its bounds."""

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from tests.cluster.rendering import NAMESPACE, Object, Workload, name_of, of_kind, workloads

CLUSTER_WIDE = {"Namespace"}

Complaints = Iterator[str]


def k11_a_restricted_namespace(objects: list[Object]) -> Complaints:
    namespaces = {name_of(found): found for found in of_kind(objects, "Namespace")}
    if set(namespaces) != {NAMESPACE}:
        yield f"the namespaces are {sorted(namespaces)}, not {NAMESPACE} alone"
    for found in namespaces.values():
        level = found["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce")
        if level != "restricted":
            yield f"Namespace {name_of(found)}: pods are held to {level}"
    for found in objects:
        if found["kind"] not in CLUSTER_WIDE and found["metadata"].get("namespace") != NAMESPACE:
            yield f"{found['kind']} {name_of(found)} is in another namespace"


def quantity(text: str | int) -> Decimal:
    """Return a quantity of Kubernetes as a number: cores, bytes, or plain."""
    number, suffix = re.fullmatch(r"([\d.]+)(m|[KMGT]i|)", str(text)).groups()  # type: ignore[union-attr]
    scale = {"m": Decimal("0.001"), "": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
    return Decimal(number) * scale[suffix]


def _most_pods(objects: list[Object], each: Workload) -> int:
    """Return how many pods a workload may have at once, in the middle of an update."""
    scalers = {
        found["spec"]["scaleTargetRef"]["name"]: found["spec"]["maxReplicas"]
        for found in of_kind(objects, "HorizontalPodAutoscaler")
    }
    if each.kind in {"Job", "CronJob"}:
        return 1
    copies = int(scalers.get(each.name, each.found["spec"].get("replicas", 1)))
    surge = each.found["spec"].get("strategy", {}).get("rollingUpdate", {}).get("maxSurge", 0)
    return copies + int(surge)


def largest(objects: list[Object]) -> Counter[str]:
    """Return what the whole may ask for at its largest, by the names of a quota."""
    asked: Counter[str] = Counter()
    for each in workloads(objects):
        most = _most_pods(objects, each)
        asked["pods"] += most
        for word in ("requests", "limits"):
            for what in ("cpu", "memory"):
                of = [quantity(c["resources"][word][what]) for c in each.pod["containers"]]
                first = [quantity(c["resources"][word][what]) for c in each.containers]
                asked[f"{word}.{what}"] += most * max([sum(of), *first])  # type: ignore[assignment]
    asked["persistentvolumeclaims"] = len(of_kind(objects, "PersistentVolumeClaim")) + sum(
        each.found["spec"]["replicas"] - 1
        for each in workloads(objects)
        if each.kind == "StatefulSet"
    )
    return asked


def k18_quotas(objects: list[Object]) -> Complaints:
    if not of_kind(objects, "LimitRange"):
        yield "no LimitRange gives bounds to pods that say none"
    quotas = of_kind(objects, "ResourceQuota")
    if not quotas:
        yield "no ResourceQuota bounds the namespace"
    try:
        asked = largest(objects)
    except KeyError:
        return  # K8 says what is missing
    for quota in quotas:
        for what, most in asked.items():
            hard = quota["spec"]["hard"].get(what)
            if hard is None:
                yield f"the quota says nothing about {what}"
            elif quantity(hard) < most:
                yield f"the quota allows {hard} {what}, the largest state needs {most}"
