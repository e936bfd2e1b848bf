"""K16: whatever is named is there, once; whatever selects selects somebody."""

from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from tests.cluster.rendering import (
    NAME,
    ROOMS,
    Object,
    Workload,
    matches,
    middlewares_of,
    name_of,
    of_kind,
    workloads,
)

# Secrets that `make cluster-secrets` makes, and one that cert-manager may make instead.
SECRETS = {
    *(f"{name}-keys" for name in (*ROOMS, "accounts-mongodb", "facelogin-mongodb")),
    *("portal-tls", "facelogin-tls"),
}

Complaints = Iterator[str]


def environment(objects: list[Object], each: Workload) -> dict[str, str]:
    """Return what a workload's last container is told: of two ConfigMaps the later one wins."""
    maps = {name_of(found): found["data"] for found in of_kind(objects, "ConfigMap")}
    told: dict[str, str] = {}
    for source in each.containers[-1].get("envFrom", []):
        told |= maps.get(source.get("configMapRef", {}).get("name"), {})
    return told


def k16_names_resolve(objects: list[Object]) -> Complaints:
    counted = Counter(
        (found["apiVersion"].partition("/")[0], found["kind"], name_of(found)) for found in objects
    )
    for (_group, kind, name), times in counted.items():
        if times > 1:
            yield f"{kind} {name} is there {times} times"
    have: dict[str, set[str]] = {}
    for found in objects:
        have.setdefault(found["kind"], set()).add(name_of(found))
    made = {found["spec"]["secretName"] for found in of_kind(objects, "Certificate")}

    def lacks(kind: str, name: str, who: object) -> Complaints:
        known = have.get(kind, set()) | (SECRETS | made if kind == "Secret" else set())
        if name not in known:
            yield f"{who}: there is no {kind} {name}"

    yield from _pods_resolve(objects, lacks)
    yield from _services_resolve(objects)
    yield from _routes_resolve(objects, lacks)
    yield from _certificates_resolve(objects, lacks)
    yield from _selectors_select(objects, lacks)
    yield from _host_names_resolve(objects, have.get("Service", set()))


Lacks = Callable[[str, str, object], Complaints]


def _pods_resolve(objects: list[Object], lacks: Lacks) -> Complaints:
    for each in workloads(objects):
        yield from lacks("ServiceAccount", each.pod["serviceAccountName"], each)
        if (selector := each.found["spec"].get("selector")) and not matches(selector, each.labels):
            yield f"{each}: does not select its own pods"
        for volume in each.pod.get("volumes", []):
            yield from _volume_resolves(volume, each, lacks)
        templates = [name_of(one) for one in each.found["spec"].get("volumeClaimTemplates", [])]
        if each.kind == "StatefulSet":
            yield from lacks("Service", each.found["spec"]["serviceName"], each)
            for template in templates:
                yield from lacks("PersistentVolumeClaim", f"{template}-{each.name}-0", each)
        volumes = {*templates, *(volume["name"] for volume in each.pod.get("volumes", []))}
        for container in each.containers:
            yield from _container_resolves(container, each, volumes, lacks)


def _volume_resolves(volume: Object, each: Workload, lacks: Lacks) -> Complaints:
    for key, inner, kind in (
        ("configMap", "name", "ConfigMap"),
        ("secret", "secretName", "Secret"),
        ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
    ):
        if key in volume:
            yield from lacks(kind, volume[key][inner], each)
    for source in volume.get("projected", {}).get("sources", []):
        yield from lacks("Secret", source["secret"]["name"], each)


def _container_resolves(
    container: Object, each: Workload, volumes: set[str], lacks: Lacks
) -> Complaints:
    for mount in container.get("volumeMounts", []):
        if mount["name"] not in volumes:
            yield f"{each}, {container['name']}: there is no volume {mount['name']}"
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            yield from lacks("ConfigMap", source["configMapRef"]["name"], each)
    for key in ("startupProbe", "readinessProbe", "livenessProbe"):
        port = container.get(key, {}).get("tcpSocket", {}).get("port")
        if port is not None and port not in each.ports:
            yield f"{each}, {container['name']}: {key} asks {port}, which is no port of it"


def _selected(objects: list[Object], selector: Object) -> list[Workload]:
    return [each for each in workloads(objects) if matches(selector, each.labels)]


def _services_resolve(objects: list[Object]) -> Complaints:
    served = [found["spec"]["selector"] for found in of_kind(objects, "Service")]
    for each in workloads(objects):
        found_by = [one for one in served if matches({"matchLabels": one}, each.labels)]
        if each.is_server and not found_by:
            yield f"{each}: no Service leads to it"
    for found in of_kind(objects, "Service"):
        chosen = _selected(objects, {"matchLabels": found["spec"]["selector"]})
        if len(chosen) != 1 or not chosen[0].is_server:
            yield f"Service {name_of(found)} selects {', '.join(map(str, chosen)) or 'nobody'}"
        for port in found["spec"]["ports"]:
            if any(port["targetPort"] not in each.ports for each in chosen):
                yield f"Service {name_of(found)}: no port is called {port['targetPort']}"


def _routes_resolve(objects: list[Object], lacks: Lacks) -> Complaints:
    ports = {
        (name_of(found), port[key])
        for found in of_kind(objects, "Service")
        for port in found["spec"]["ports"]
        for key in ("name", "port")
    }
    for who, backend in _backends(objects):
        if backend not in ports:
            yield f"{who}: there is no Service {backend[0]} with port {backend[1]}"
    for found in of_kind(objects, "Ingress"):
        who = f"Ingress {name_of(found)}"
        for tls in found["spec"].get("tls", []):
            yield from lacks("Secret", tls["secretName"], who)
        for middleware in middlewares_of(found):
            yield from lacks("Middleware", middleware, who)
    listeners = {
        (name_of(found), listener["name"]): listener
        for found in of_kind(objects, "Gateway")
        for listener in found["spec"]["listeners"]
    }
    for (gateway, _name), listener in listeners.items():
        for one in listener.get("tls", {}).get("certificateRefs", []):
            yield from lacks("Secret", one["name"], f"Gateway {gateway}")
    for found in of_kind(objects, "HTTPRoute"):
        for parent in found["spec"]["parentRefs"]:
            if (parent["name"], parent["sectionName"]) not in listeners:
                yield f"HTTPRoute {name_of(found)}: there is no listener {parent['sectionName']}"


def _certificates_resolve(objects: list[Object], lacks: Lacks) -> Complaints:
    for found in of_kind(objects, "Certificate"):
        issuer = found["spec"]["issuerRef"]
        yield from lacks(issuer["kind"], issuer["name"], f"Certificate {name_of(found)}")
    for found in of_kind(objects, "Issuer"):
        if name := found["spec"].get("ca", {}).get("secretName"):
            yield from lacks("Secret", name, f"Issuer {name_of(found)}")


def _backends(objects: list[Object]) -> Iterator[tuple[str, tuple[str, object]]]:
    """Yield who leads on to which Service and port."""
    for found in of_kind(objects, "Ingress"):
        for rule in found["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                port = service["port"].get("name") or service["port"].get("number")
                yield f"Ingress {name_of(found)}", (service["name"], port)
    for found in of_kind(objects, "HTTPRoute"):
        for rule in found["spec"]["rules"]:
            for one in rule.get("backendRefs", []):
                yield f"HTTPRoute {name_of(found)}", (one["name"], one["port"])


def _selectors_select(objects: list[Object], lacks: Lacks) -> Complaints:
    for found in of_kind(objects, "HorizontalPodAutoscaler"):
        target = found["spec"]["scaleTargetRef"]
        yield from lacks(target["kind"], target["name"], f"scaler {name_of(found)}")
    for found in of_kind(objects, "PodDisruptionBudget"):
        if not _selected(objects, found["spec"]["selector"]):
            yield f"PodDisruptionBudget {name_of(found)} selects nobody"
    for found in of_kind(objects, "NetworkPolicy"):
        who = f"NetworkPolicy {name_of(found)}"
        selectors = [found["spec"]["podSelector"]]
        ports = []
        for rule in (*(found["spec"].get("ingress") or []), *(found["spec"].get("egress") or [])):
            peers = [*rule.get("from", []), *rule.get("to", [])]
            # Pods of other namespaces are not ours to know.
            selectors += [
                one["podSelector"]
                for one in peers
                if "podSelector" in one and "namespaceSelector" not in one
            ]
            ports += [port["port"] for port in rule.get("ports", [])]
        for selector in selectors:
            is_solver = "acme.cert-manager.io/http01-solver" in selector.get("matchLabels", {})
            if not is_solver and not _selected(objects, selector):
                yield f"{who} selects nobody with {selector}"
            for wanted in selector.get("matchExpressions", []):
                for value in wanted.get("values", []):
                    own = {"matchLabels": {wanted["key"]: value}}
                    if wanted["key"] == NAME and not _selected(objects, own):
                        yield f"{who}: there is no {value}"
        known = {name for each in workloads(objects) for name in each.ports}
        for port in ports:
            if isinstance(port, str) and port not in known:
                yield f"{who}: no port is called {port}"


def _host_names_resolve(objects: list[Object], services: set[str]) -> Complaints:
    """Look for the hosts that pods are told; a name without a dot must be a Service here."""
    members = {
        f"{each.name}-{number}.{each.found['spec']['serviceName']}"
        for each in workloads(objects)
        if each.kind == "StatefulSet"
        for number in range(each.found["spec"]["replicas"])
    }
    for each in workloads(objects):
        for key, value in environment(objects, each).items():
            for place in urlsplit(value).netloc.rpartition("@")[2].split(","):
                host = place.partition(":")[0]
                is_inside = host and host.partition(".")[2] in {"", *services}
                if is_inside and host not in services | members:
                    yield f"{each}: {key} names {host}, which is no Service"
