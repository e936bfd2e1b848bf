"""K12: the network policies let through what the README's diagram says, and nothing else."""

import re
from collections.abc import Iterator

from tests.cluster.network import arrows_of, reach
from tests.cluster.rendering import COMPONENT, NAME, Object, name_of, of_kind, settings, workloads
from tests.run import ROOT

Complaints = Iterator[str]

# Who else may call a room's own stores than its server, and who may call other rooms.
COMPONENTS = {
    "store": {"server", "housekeeping", "backup", "users"},
    "room": {"server", "housekeeping"},
    "redis": {"server"},
}


def diagram() -> str:
    """Return the README's diagram."""
    found = re.search(r"```mermaid\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found, "README.md has no diagram"
    return found[1]


def expected_arrows(objects: list[Object]) -> set[tuple[str, str]]:
    """Return the diagram's arrows as far as this overlay has both ends, and those it adds."""
    found_workloads = list(workloads(objects))
    names = {each.labels[NAME] for each in found_workloads}
    told = settings(objects)
    stand_ins = {  # for what another component leaves out
        **{"accounts-mongodb": "outside-mongodb", "facelogin-mongodb": "outside-mongodb"},
        **({"redis": "outside-redis"} if told.get("REDIS_URL") else {}),
        **({"mail": "mail"} if told.get("EMAIL_URL") else {}),
    }
    found: set[tuple[str, str]] = set()
    for caller, called in arrows_of(diagram()):
        if caller not in names | {"ingress"}:
            continue  # browsers come to the ingress, which is not ours; the plant's own is below
        if caller == "ingress" and called == "facelogin" and "premise-ingress" in names:
            found |= {("premise-ingress", "facelogin"), ("anybody", "premise-ingress")}
        elif called in names:
            found.add((caller, called))
        elif called in stand_ins:
            found.add((caller, stand_ins[called]))
    found |= {
        (each.name, each.name)
        for each in found_workloads
        if each.kind == "StatefulSet" and each.found["spec"]["replicas"] > 1
    }
    if any("acme" in found["spec"] for found in of_kind(objects, "Issuer")):
        found.add(("ingress", "acme-solver"))
    return found


def ingress_of(objects: list[Object]) -> str:
    """Return who stands before the rooms."""
    classes = {found["spec"].get("ingressClassName") for found in of_kind(objects, "Ingress")}
    return "ingress-nginx" if classes == {"nginx"} else "traefik"


def actual_arrows(objects: list[Object]) -> set[tuple[str, str]]:
    """Return who reaches whom, pods by the name of their kind; DNS is left out."""
    kinds = {each.name: each.labels[NAME] for each in workloads(objects)}
    called_at: dict[str, set[str]] = {}
    found = set()
    for caller, called, _port in reach(objects):
        if called == "dns":
            continue
        if called == "premise-ingress":
            called_at.setdefault(called, set()).add(caller)
            continue
        first = "ingress" if caller == ingress_of(objects) else kinds.get(caller, caller)
        found.add((first, kinds.get(called, called)))
    if called_at:
        found.add(("anybody", "premise-ingress"))
    return found


def k12_one_policy_per_arrow(objects: list[Object]) -> Complaints:
    for direction in ("Ingress", "Egress"):
        if not any(
            found["spec"]["podSelector"] == {}
            and direction in found["spec"].get("policyTypes", [])
            and not found["spec"].get(direction.lower())
            for found in of_kind(objects, "NetworkPolicy")
        ):
            yield f"no policy closes {direction} for everybody"
    for found in of_kind(objects, "NetworkPolicy"):
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            for rule in found["spec"].get(direction) or []:
                if not rule.get(peers) or not rule.get("ports"):
                    yield f"NetworkPolicy {name_of(found)}: a rule of {direction} is for all"
    actual, expected = actual_arrows(objects), expected_arrows(objects)
    for caller, called in sorted(actual - expected):
        yield f"{caller} reaches {called}, which no arrow says"
    for caller, called in sorted(expected - actual):
        yield f"{caller} does not reach {called}"
    yield from _components_and_ports(objects)
    deaf = {each.name for each in workloads(objects)} - {
        caller for caller, called, _port in reach(objects) if called == "dns"
    }
    if deaf:
        yield f"{', '.join(sorted(deaf))} cannot ask for names"


def _components_and_ports(objects: list[Object]) -> Complaints:
    """Hold each pod of a kind to what it needs, and each arrow to one port."""
    by_name = {each.name: each for each in workloads(objects)}
    for caller, called, port in sorted(reach(objects)):
        if called in by_name and port not in by_name[called].ports.values():
            yield f"{caller} reaches {called} at {port}, which is not served to anybody"
        if caller not in by_name or called == "dns":
            continue
        kind = (
            "redis"
            if called in {"redis", "outside-redis", "premise-ingress"}
            else ("store" if "mongodb" in called else "room")
        )
        component = by_name[caller].labels[COMPONENT]
        if component not in COMPONENTS[kind]:
            yield f"{caller} is {component} and reaches {called}"
