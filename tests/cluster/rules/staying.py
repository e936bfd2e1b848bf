"""K14, K15 and K17: copies, where they are, and how they leave."""

from collections.abc import Iterator

from tests.cluster.rendering import (
    DOORS,
    NAME,
    ROOMS,
    Object,
    Workload,
    matches,
    of_kind,
    settings,
    workloads,
)
from tests.cluster.rules.product import (
    CLOSING_SECONDS,
    DRAIN_SECONDS,
    ENROL_DEADLINE_SECONDS,
    GUNICORN_SECONDS,
)

Complaints = Iterator[str]


def copied(objects: list[Object]) -> Iterator[Workload]:
    return (each for each in workloads(objects) if each.is_server and each.name in {*ROOMS, *DOORS})


def k14_two_copies(objects: list[Object]) -> Complaints:
    scalers = {
        found["spec"]["scaleTargetRef"]["name"]: found["spec"].get("minReplicas", 1)
        for found in of_kind(objects, "HorizontalPodAutoscaler")
    }
    budgets = of_kind(objects, "PodDisruptionBudget")
    for each in copied(objects):
        spec = each.found["spec"]
        if each.name in scalers and "replicas" in spec:
            yield f"{each}: an overlay applied again undoes what its scaler did"
        if (copies := scalers.get(each.name, spec.get("replicas", 1))) < 2:
            yield f"{each}: {copies} copy is too few"
        if spec.get("strategy", {}).get("rollingUpdate", {}).get("maxUnavailable") != 0:
            yield f"{each}: an update may leave too few copies"
        of_it = [one for one in budgets if matches(one["spec"]["selector"], each.labels)]
        if len(of_it) != 1 or of_it[0]["spec"].get("maxUnavailable") != 1:
            yield f"{each}: no budget keeps one copy there while nodes are emptied"


def k15_spread(objects: list[Object]) -> Complaints:
    for each in copied(objects):
        for one in each.pod.get("topologySpreadConstraints", []):
            of_its_kind = matches(one["labelSelector"], each.labels) and NAME in one.get(
                "matchLabelKeys", []
            )
            if one["topologyKey"] == "kubernetes.io/hostname" and of_its_kind:
                break
        else:
            yield f"{each}: all copies may be on one node"


def k17_time_to_leave(objects: list[Object]) -> Complaints:
    for each in copied(objects):
        grace = each.pod.get("terminationGracePeriodSeconds", 30)
        for container in each.pod["containers"]:
            command = (
                container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [])
            )
            if command[:1] != ["sleep"]:
                yield f"{each}, {container['name']}: no pause before the signal"
                continue
            pause = float(command[1])
            if each.name == "facelogin":
                drain = float(settings(objects).get("DRAIN_SECONDS", DRAIN_SECONDS))
                needed = max(pause + drain + CLOSING_SECONDS, ENROL_DEADLINE_SECONDS + pause)
            elif each.name in DOORS:
                needed = pause + ENROL_DEADLINE_SECONDS
            else:
                needed = pause + GUNICORN_SECONDS
            if grace <= needed:
                yield f"{each}: {grace} s of grace, {needed} s are needed"
