"""Takes out, one after the other, every field that K1 to K20 rest on; the rule must see each.

A break changes a copy of one object of an overlay, or leaves it out.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from tests.cluster.rendering import (
    Object,
    Workload,
    name_of,
    workloads,
)
from tests.cluster.rules.staying import copied

Break = tuple[str, list[Object]]


def _but(objects: list[Object], old: Object, new: Object | None) -> list[Object]:
    return [new if found is old else found for found in objects if found is not old or new]


def _changed(objects: list[Object], found: Object, change: Callable[[Object], Any]) -> list[Object]:
    copy = deepcopy(found)
    change(copy)
    return _but(objects, found, copy)


def in_pods(
    objects: list[Object], change: Callable[[Workload], Any], *, of: Any = workloads
) -> Iterator[Break]:
    """Change each workload in turn."""
    for each in of(objects):
        yield str(each), _changed(objects, each.found, lambda copy: change(Workload(copy)))


def in_containers(
    objects: list[Object],
    change: Callable[[Object], Any],
    *,
    of: Any = workloads,
    only_main: bool = False,
) -> Iterator[Break]:
    """Change each container of each workload in turn."""
    for each in of(objects):
        count = len(each.pod["containers"]) if only_main else len(each.containers)
        for number in range(count):

            def apply(copy: Object, number: int = number) -> None:
                workload = Workload(copy)
                change((workload.pod["containers"] if only_main else workload.containers)[number])

            yield f"{each}, container {number}", _changed(objects, each.found, apply)


def in_kind(objects: list[Object], kind: str, change: Callable[[Object], Any]) -> Iterator[Break]:
    """Change each object of a kind in turn."""
    for found in objects:
        if found["kind"] == kind:
            yield f"{kind} {name_of(found)}", _changed(objects, found, change)


def without_kind(objects: list[Object], kind: str) -> Iterator[Break]:
    """Leave each object of a kind out in turn."""
    for found in objects:
        if found["kind"] == kind:
            yield f"no {kind} {name_of(found)}", _but(objects, found, None)


def _servers(objects: list[Object]) -> Iterator[Workload]:
    return (each for each in workloads(objects) if each.is_server)


def _closed(container: Object) -> Object:
    return container["securityContext"]  # type: ignore[no-any-return]


def _sized(each: Workload) -> list[Object]:
    return [volume["emptyDir"] for volume in each.pod["volumes"] if "emptyDir" in volume]


def _settings(objects: list[Object]) -> Object:
    return next(
        found
        for found in objects
        if found["kind"] == "ConfigMap" and name_of(found).startswith("settings-")
    )


def _rename(found: Object) -> None:
    found["metadata"]["name"] += "-renamed"


def _with(**wanted: Any) -> Callable[[Object], None]:
    return lambda container: container.update(wanted)


def breaks(rule: str, objects: list[Object]) -> Iterator[Break]:
    """Yield what a rule must see broken: in words, and all objects with the break."""
    yield from BREAKS[rule](objects)


def _k1(objects: list[Object]) -> Iterator[Break]:
    for key in ("runAsNonRoot", "runAsUser", "runAsGroup"):
        yield from in_pods(objects, lambda each, key=key: each.pod["securityContext"].pop(key))
    yield from in_containers(objects, lambda container: _closed(container).update(runAsUser=0))


def _k2(objects: list[Object]) -> Iterator[Break]:
    yield from in_containers(objects, lambda one: _closed(one).pop("allowPrivilegeEscalation"))
    yield from in_containers(objects, lambda one: _closed(one).update(privileged=True))


def _k3(objects: list[Object]) -> Iterator[Break]:
    yield from in_containers(objects, lambda one: _closed(one).pop("capabilities"))
    yield from in_containers(objects, lambda one: _closed(one)["capabilities"].update(add=["X"]))


def _k4(objects: list[Object]) -> Iterator[Break]:
    yield from in_pods(objects, lambda each: each.pod["securityContext"].pop("seccompProfile"))
    unconfined = {"type": "Unconfined"}
    yield from in_containers(objects, lambda one: _closed(one).update(seccompProfile=unconfined))


def _k5(objects: list[Object]) -> Iterator[Break]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        yield from in_pods(objects, lambda each, key=key: each.pod.update({key: True}))
    host = {"name": "host", "hostPath": {"path": "/"}}
    yield from in_pods(objects, lambda each: each.pod["volumes"].append(host))
    yield from in_containers(objects, _with(ports=[{"containerPort": 1, "hostPort": 1}]))


def _k6(objects: list[Object]) -> Iterator[Break]:
    yield from in_containers(objects, lambda one: _closed(one).pop("readOnlyRootFilesystem"))
    yield from in_pods(objects, lambda each: [one.pop("sizeLimit") for one in _sized(each)])

    def without_tmp(container: Object) -> None:
        container["volumeMounts"] = [
            one for one in container["volumeMounts"] if one["mountPath"] != "/tmp"
        ]

    yield from in_containers(objects, without_tmp, only_main=True)


def _k7(objects: list[Object]) -> Iterator[Break]:
    yield from in_pods(objects, lambda each: each.pod.pop("serviceAccountName"))
    yield from in_pods(objects, lambda each: each.pod.pop("automountServiceAccountToken"))
    yield from in_kind(
        objects, "ServiceAccount", lambda found: found.pop("automountServiceAccountToken")
    )
    yield from without_kind(objects, "ServiceAccount")
    shared = [one for one in _servers(objects) if one.pod["serviceAccountName"] != "dashboard"]
    for each in shared:
        yield (
            f"{each} as dashboard",
            _changed(
                objects,
                each.found,
                lambda copy: Workload(copy).pod.update(serviceAccountName="dashboard"),
            ),
        )


def _k8(objects: list[Object]) -> Iterator[Break]:
    for word in ("requests", "limits"):
        for what in ("cpu", "memory"):
            yield from in_containers(
                objects, lambda one, word=word, what=what: one["resources"][word].pop(what)
            )


def _k9(objects: list[Object]) -> Iterator[Break]:
    for key in ("startupProbe", "readinessProbe", "livenessProbe"):
        yield from in_containers(
            objects, lambda one, key=key: one.pop(key), of=_servers, only_main=True
        )

    def restarted_for_a_database(container: Object) -> None:
        container["livenessProbe"] = container["readinessProbe"]

    for room in copied(objects):
        if "exec" in room.pod["containers"][0]["livenessProbe"]:
            yield (
                f"{room} lives by readyz",
                _changed(
                    objects,
                    room.found,
                    lambda copy: restarted_for_a_database(Workload(copy).pod["containers"][0]),
                ),
            )


def _k10(objects: list[Object]) -> Iterator[Break]:
    for tag in ("", ":latest", ":8", "@sha256:abc"):

        def retag(container: Object, tag: str = tag) -> None:
            container["image"] = container["image"].rpartition(":")[0] + tag

        yield from in_containers(objects, retag)

    def older(container: Object) -> None:
        name = container["image"].rpartition(":")[0]
        container["image"] = f"{name}:0.0.9" if "kubevision-" in name else name

    yield from in_containers(objects, older)


def _k11(objects: list[Object]) -> Iterator[Break]:
    yield from without_kind(objects, "Namespace")
    yield from in_kind(objects, "Namespace", lambda found: found["metadata"].pop("labels"))
    yield from in_kind(objects, "Namespace", _rename)
    for found in objects:
        if found["kind"] != "Namespace":
            yield (
                f"{found['kind']} {name_of(found)} elsewhere",
                _changed(objects, found, lambda copy: copy["metadata"].update(namespace="default")),
            )


def _k12(objects: list[Object]) -> Iterator[Break]:
    kind = "NetworkPolicy"
    yield from without_kind(objects, kind)

    def emptied(key: str, inner: str) -> Callable[[Object], None]:
        def change(found: Object) -> None:
            for rule in found["spec"].get(key) or []:
                rule.pop(inner, None)

        return change

    def for_everybody(found: Object) -> None:
        found["spec"]["podSelector"] = {}
        for rule in found["spec"].get("ingress") or []:
            rule["from"] = [{"podSelector": {}}]
        for rule in found["spec"].get("egress") or []:
            rule["to"] = [{"podSelector": {}}]

    for found in objects:
        if found["kind"] != kind:
            continue
        spec = found["spec"]
        for key, inner in (("ingress", "from"), ("egress", "to")):
            for what in (inner, "ports"):
                if spec.get(key):
                    yield (
                        f"{name_of(found)}: {key} without {what}",
                        _changed(objects, found, emptied(key, what)),
                    )
        if spec["podSelector"]:
            yield f"{name_of(found)} for all", _changed(objects, found, for_everybody)
        # One direction left out is the other arrow's end left open or closed.
        for key in ("ingress", "egress"):
            if spec.get(key):
                yield (
                    f"{name_of(found)}: no {key}",
                    _changed(objects, found, lambda copy, key=key: copy["spec"].pop(key)),
                )


def _k13(objects: list[Object]) -> Iterator[Break]:
    secret = {"kind": "Secret", "metadata": {"name": "x"}}
    yield "a Secret", [*objects, secret]
    yield from in_kind(
        objects, "ConfigMap", lambda found: found["data"].update(REDIS_URL="redis://:secret@redis")
    )
    by_reference = [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}}]
    yield from in_containers(objects, _with(env=by_reference))
    yield from in_containers(objects, _with(envFrom=[{"secretRef": {"name": "x"}}]))

    def writable(each: Workload) -> None:
        for container in each.containers:
            for mount in container["volumeMounts"]:
                mount.pop("readOnly", None)

    def with_secret(some: list[Object]) -> Iterator[Workload]:
        return (each for each in workloads(some) if each.name != "redis")

    yield from in_pods(objects, writable, of=with_secret)

    def without_keys(each: Workload) -> None:
        for container in each.containers:
            container["volumeMounts"] = [
                one for one in container["volumeMounts"] if one["name"] != "keys"
            ]

    def of_rooms(some: list[Object]) -> Iterator[Workload]:
        return (each for each in workloads(some) if "envFrom" in each.containers[-1])

    yield from in_pods(objects, without_keys, of=of_rooms)


def _k14(objects: list[Object]) -> Iterator[Break]:
    yield from in_pods(objects, lambda each: each.found["spec"].update(replicas=1), of=copied)
    yield from in_pods(objects, lambda each: each.found["spec"].pop("strategy"), of=copied)
    yield from in_pods(
        objects,
        lambda each: each.found["spec"]["strategy"]["rollingUpdate"].update(maxUnavailable=1),
        of=copied,
    )
    yield from without_kind(objects, "PodDisruptionBudget")
    yield from in_kind(
        objects, "PodDisruptionBudget", lambda found: found["spec"].update(maxUnavailable=2)
    )


def _k15(objects: list[Object]) -> Iterator[Break]:
    key = "topologySpreadConstraints"
    yield from in_pods(objects, lambda each: each.pod.pop(key), of=copied)
    for wrong in (
        {"topologyKey": "zone"},
        {"labelSelector": {"matchLabels": {"no": "body"}}},
        {"matchLabelKeys": []},
    ):
        yield from in_pods(
            objects, lambda each, wrong=wrong: each.pod[key][0].update(wrong), of=copied
        )


def _k16(objects: list[Object]) -> Iterator[Break]:
    for found in objects:
        yield f"{found['kind']} {name_of(found)} twice", [*objects, found]
    kinds = ("ServiceAccount", "ConfigMap", "Service", "Middleware", "PersistentVolumeClaim")
    for kind in kinds:
        yield from without_kind(objects, kind)

    def other_name(each: Workload) -> None:
        each.template["metadata"]["labels"]["app.kubernetes.io/name"] = "other"

    def renamed_port(each: Workload) -> None:
        for port in each.pod["containers"][0]["ports"]:
            port["name"] = "renamed"

    yield from in_pods(objects, other_name, of=_servers)
    yield from in_pods(objects, renamed_port, of=_servers)
    yield from in_pods(objects, lambda each: each.pod.pop("volumes"))

    def other_secret(each: Workload) -> None:
        for volume in each.pod["volumes"]:
            if "secret" in volume:
                volume["secret"]["secretName"] = "other"
            for source in volume.get("projected", {}).get("sources", []):
                source["secret"]["name"] = "other"

    def with_secret(some: list[Object]) -> Iterator[Workload]:
        return (each for each in workloads(some) if each.name != "redis")

    yield from in_pods(objects, other_secret, of=with_secret)
    for found in objects:
        kind, spec = found["kind"], found.get("spec", {})
        if kind == "Ingress":
            yield (
                f"{name_of(found)}: another port",
                _changed(
                    objects,
                    found,
                    lambda copy: copy["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"][
                        "port"
                    ].update(name="other"),
                ),
            )
            yield (
                f"{name_of(found)}: another certificate",
                _changed(
                    objects, found, lambda copy: copy["spec"]["tls"][0].update(secretName="other")
                ),
            )
        if kind == "PodDisruptionBudget":
            yield (
                f"{name_of(found)}: nobody's",
                _changed(
                    objects,
                    found,
                    lambda copy: copy["spec"].update(selector={"matchLabels": {"a": "b"}}),
                ),
            )
        if kind == "NetworkPolicy" and spec["podSelector"]:
            yield (
                f"{name_of(found)}: nobody's",
                _changed(
                    objects,
                    found,
                    lambda copy: copy["spec"].update(podSelector={"matchLabels": {"a": "b"}}),
                ),
            )


def _k17(objects: list[Object]) -> Iterator[Break]:
    yield from in_containers(objects, lambda one: one.pop("lifecycle"), of=copied, only_main=True)
    yield from in_pods(
        objects, lambda each: each.pod.update(terminationGracePeriodSeconds=20), of=copied
    )

    def long_drain(found: Object) -> None:
        found["data"]["DRAIN_SECONDS"] = "300"

    yield "a drain longer than the grace", _changed(objects, _settings(objects), long_drain)


def _k18(objects: list[Object]) -> Iterator[Break]:
    yield from without_kind(objects, "ResourceQuota")
    yield from without_kind(objects, "LimitRange")
    for found in objects:
        if found["kind"] == "ResourceQuota":
            for what in ("pods", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"):
                yield (
                    f"no {what}",
                    _changed(
                        objects, found, lambda copy, what=what: copy["spec"]["hard"].pop(what)
                    ),
                )
                yield (
                    f"little {what}",
                    _changed(
                        objects,
                        found,
                        lambda copy, what=what: copy["spec"]["hard"].update({what: "1"}),
                    ),
                )


def _k19(objects: list[Object]) -> Iterator[Break]:
    snippet = {"nginx.ingress.kubernetes.io/configuration-snippet": "return 200;"}
    yield from in_kind(
        objects, "Ingress", lambda found: found["metadata"].update(annotations=snippet)
    )


def _k20(objects: list[Object]) -> Iterator[Break]:
    yield from in_kind(objects, "Ingress", lambda found: found["spec"].pop("tls"))
    yield from in_kind(objects, "Ingress", lambda found: found["spec"].pop("ingressClassName"))
    yield from in_kind(
        objects, "Ingress", lambda found: found["spec"]["rules"][0].update(host="other.example")
    )
    # The bare prefix would take the dashboard's /facelogin.
    yield from in_kind(
        objects,
        "Ingress",
        lambda found: found["spec"]["rules"][0]["http"]["paths"][0].update(path="/face"),
    )
    for found in objects:
        for key in found["metadata"].get("annotations", {}) if found["kind"] == "Ingress" else ():
            if key != "nginx.ingress.kubernetes.io/proxy-body-size":
                yield (
                    f"{name_of(found)} without {key}",
                    _changed(
                        objects,
                        found,
                        lambda copy, key=key: copy["metadata"]["annotations"].pop(key),
                    ),
                )
    yield from without_kind(objects, "Middleware")
    for found in objects:
        if found["kind"] == "ConfigMap" and name_of(found).startswith("settings-"):
            yield (
                "no TLS outside",
                _changed(
                    objects,
                    found,
                    lambda copy: copy["data"].update(PUBLIC_ORIGINS="http://portal.example.org"),
                ),
            )
        if found["kind"] == "ConfigMap" and "nginx.conf" in found["data"]:
            for line in ("listen 8443 ssl;", "proxy_read_timeout 75s;", "proxy_send_timeout 75s;"):
                assert line in found["data"]["nginx.conf"]

                def without(copy: Object, line: str = line) -> None:
                    copy["data"]["nginx.conf"] = copy["data"]["nginx.conf"].replace(line, "")

                yield f"the plant's ingress without {line}", _changed(objects, found, without)
        if found["kind"] == "Gateway":
            yield (
                "a listener without certificate",
                _changed(objects, found, lambda copy: copy["spec"]["listeners"][1].pop("tls")),
            )
        if found["kind"] == "HTTPRoute" and name_of(found) == "facelogin":
            yield (
                "a socket that is cut off",
                _changed(objects, found, lambda copy: copy["spec"]["rules"][0].pop("timeouts")),
            )
        if found["kind"] == "HTTPRoute" and name_of(found) != "https":
            yield (
                f"{name_of(found)} without TLS",
                _changed(
                    objects, found, lambda copy: copy["spec"]["parentRefs"][0].pop("sectionName")
                ),
            )
        if found["kind"] == "HTTPRoute" and name_of(found) == "https":
            yield (
                "no way to https",
                _changed(objects, found, lambda copy: copy["spec"]["rules"][0].pop("filters")),
            )


BREAKS: dict[str, Callable[[list[Object]], Iterator[Break]]] = {
    f"K{number}": globals()[f"_k{number}"] for number in range(1, 21)
}
