"""Who can reach whom by the network policies of an overlay, as Kubernetes defines it.

A connection is allowed if the caller's egress and the called one's ingress allow it. A pod that no
policy selects for a direction is open in that direction; one that is selected is open for what any
of those policies lists.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from tests.cluster.rendering import (
    COMPONENT,
    NAME,
    NAMESPACE,
    Object,
    matches,
    of_kind,
    workloads,
)

MANAGEMENT_PORT, ANY_OTHER_PORT = 9000, 12345


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod of ours, a pod of somebody else's, or an address outside."""

    name: str
    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict, hash=False)
    ports: dict[str, int] = field(default_factory=dict, hash=False)
    address: str = ""

    @property
    def is_ours(self) -> bool:
        return self.namespace == NAMESPACE


# Who else there is in a cluster, and outside.
DNS = End("dns", "kube-system", {"k8s-app": "kube-dns"}, {"dns": 53})
TRAEFIK = End("traefik", "kube-system", {NAME: "traefik"}, {"web": 8000, "websecure": 8443})
NGINX = End("ingress-nginx", "ingress-nginx", {NAME: "ingress-nginx"}, {"https": 443})
# Called what ours are called, to show that a name alone opens nothing.
IMPOSTORS = [
    End(f"impostor {name}", "default", {NAME: name, COMPONENT: "server"}, {"http": 8000})
    for name in ("dashboard", "accounts", "facelogin", "traefik", "ingress-nginx")
]
NEIGHBOUR = End("neighbour", "kube-system", {NAME: "neighbour"}, {"http": 80})
BROWSER = End("browser", address="198.51.100.7")
INTERNET = End("internet", address="203.0.113.9", ports={"https": 443, "mail": 587})
MAIL = End("mail", address="10.3.0.5", ports={"mail": 587})
OUTSIDE_MONGODB = End("outside-mongodb", address="10.1.0.5", ports={"mongodb": 27017})
OUTSIDE_REDIS = End("outside-redis", address="10.2.0.5", ports={"redis": 6379})
SOLVER = End(
    "acme-solver", NAMESPACE, {"acme.cert-manager.io/http01-solver": "true"}, {"http": 8089}
)
OTHERS = [
    *(DNS, TRAEFIK, NGINX, *IMPOSTORS, NEIGHBOUR, BROWSER, INTERNET),
    *(MAIL, OUTSIDE_MONGODB, OUTSIDE_REDIS, SOLVER),
]


def ends(objects: list[Object]) -> list[End]:
    """Return the pods of an overlay as ends, each with the ports it may be called at."""
    return [
        End(
            each.name,
            NAMESPACE,
            each.labels,
            {**each.ports, "management": MANAGEMENT_PORT, "any other": ANY_OTHER_PORT},
        )
        for each in workloads(objects)
    ]


def reach(objects: list[Object]) -> set[tuple[str, str, int]]:
    """Return every (caller, called, port) that the policies allow and one end of which is ours."""
    policies = of_kind(objects, "NetworkPolicy")
    everybody = [*ends(objects), *OTHERS]
    return {
        (caller.name, called.name, number)
        for caller in everybody
        for called in everybody
        if caller.is_ours or called.is_ours
        for number in called.ports.values()
        if _may(policies, caller, called, number)
    }


def _may(policies: list[Object], caller: End, called: End, number: int) -> bool:
    return all(_lets(policies, way, (caller, called), number) for way in ("Egress", "Ingress"))


def _lets(policies: list[Object], way: str, ends_of_it: tuple[End, End], number: int) -> bool:
    """Say whether the policies that select one end let it talk to the other in this direction."""
    caller, called = ends_of_it
    selected, peer = (caller, called) if way == "Egress" else (called, caller)
    if not selected.is_ours:
        return True
    that_select = [
        policy["spec"]
        for policy in policies
        if way in _ways(policy["spec"]) and matches(policy["spec"]["podSelector"], selected.labels)
    ]
    if not that_select:
        return True
    return any(
        _is_peer(rule, way, peer) and _is_port(rule, called, number)
        for spec in that_select
        for rule in spec.get(way.lower()) or []
    )


def _ways(spec: Object) -> list[str]:
    # Kubernetes' own defaults where policyTypes is missing.
    return spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]


def _is_peer(rule: Object, way: str, peer: End) -> bool:
    peers = rule.get("to" if way == "Egress" else "from")
    return not peers or any(_is_one(each, peer) for each in peers)


def _is_one(described: Object, peer: End) -> bool:
    if block := described.get("ipBlock"):
        if not peer.address:
            # A pod's address may lie in any block that is wide enough for all.
            return str(block["cidr"]) in {"0.0.0.0/0", "::/0"}
        address = ip_address(peer.address)
        outside = any(address in ip_network(cidr) for cidr in block.get("except", []))
        return address in ip_network(block["cidr"]) and not outside
    if not peer.namespace:
        return False
    if (namespaces := described.get("namespaceSelector")) is not None:
        if not matches(namespaces, {"kubernetes.io/metadata.name": peer.namespace}):
            return False
    elif not peer.is_ours:
        return False
    pods = described.get("podSelector")
    return pods is None or matches(pods, peer.labels)


def _is_port(rule: Object, called: End, number: int) -> bool:
    ports = rule.get("ports")
    return not ports or any(_number(each.get("port"), called) in {None, number} for each in ports)


def _number(port: int | str | None, called: End) -> int | None:
    """Return a port's number; a name means what the called pod calls so, else nothing there is."""
    if isinstance(port, str):
        return called.ports.get(port, -1)
    return port


def arrows_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield the arrows of a diagram in Mermaid's words: `dashboard --> accounts`."""
    for line in text.splitlines():
        left, arrow, right = line.partition("-->")
        if arrow:
            yield left.strip(), right.strip()
