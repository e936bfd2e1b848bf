"""K1 to K10 and K13: what a pod may do and what it has to say."""

import re
from collections.abc import Iterator

from tests.cluster.rendering import NAME, ROOMS, Object, Workload, name_of, of_kind, workloads
from tests.cluster.rules.product import VERSION

LOWEST_ID = 10_000

Complaints = Iterator[str]


def _closed_in(each: Workload, container: Object, key: str) -> object:
    """Return a container's own word, else its pod's."""
    own: Object = container.get("securityContext", {})
    return own.get(key, each.pod.get("securityContext", {}).get(key))


def k1_nobody_is_root(objects: list[Object]) -> Complaints:
    for each in workloads(objects):
        for container in each.containers:
            where = f"{each}, {container['name']}"
            if _closed_in(each, container, "runAsNonRoot") is not True:
                yield f"{where}: may run as root"
            for key in ("runAsUser", "runAsGroup"):
                number = _closed_in(each, container, key)
                if not isinstance(number, int) or number < LOWEST_ID:
                    yield f"{where}: {key} is {number}, below {LOWEST_ID}"


def k2_nobody_gains_privileges(objects: list[Object]) -> Complaints:
    for each in workloads(objects):
        for container in each.containers:
            context = container.get("securityContext", {})
            if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
                yield f"{each}, {container['name']}: may gain privileges"


def k3_no_capabilities(objects: list[Object]) -> Complaints:
    for each in workloads(objects):
        for container in each.containers:
            capabilities = container.get("securityContext", {}).get("capabilities", {})
            if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
                yield f"{each}, {container['name']}: keeps capabilities"


def k4_seccomp(objects: list[Object]) -> Complaints:
    for each in workloads(objects):
        for container in each.containers:
            if _closed_in(each, container, "seccompProfile") != {"type": "RuntimeDefault"}:
                yield f"{each}, {container['name']}: has not the runtime's seccomp profile"


def k5_nothing_of_the_host(objects: list[Object]) -> Complaints:
    for each in workloads(objects):
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if each.pod.get(key):
                yield f"{each}: shares the node's {key}"
        for volume in each.pod.get("volumes", []):
            if "hostPath" in volume:
                yield f"{each}: mounts the node's {volume['hostPath']}"
        for container in each.containers:
            if any("hostPort" in port for port in container.get("ports", [])):
                yield f"{each}, {container['name']}: takes a port of the node"


def k6_read_only(objects: list[Object]) -> Complaints:
    for each in workloads(objects):
        sized = {
            volume["name"]
            for volume in each.pod.get("volumes", [])
            if (volume.get("emptyDir") or {}).get("sizeLimit")
        }
        for volume in each.pod.get("volumes", []):
            if "emptyDir" in volume and volume["name"] not in sized:
                yield f"{each}: volume {volume['name']} has no size"
        for container in each.containers:
            if container.get("securityContext", {}).get("readOnlyRootFilesystem") is not True:
                yield f"{each}, {container['name']}: can write to its root"
        for container in each.pod["containers"]:
            at_tmp = [
                mount["name"]
                for mount in container.get("volumeMounts", [])
                if mount["mountPath"] == "/tmp"
            ]
            if not sized.intersection(at_tmp):
                yield f"{each}, {container['name']}: has no sized /tmp"


def k7_accounts_without_tokens(objects: list[Object]) -> Complaints:
    accounts = {name_of(found): found for found in of_kind(objects, "ServiceAccount")}
    users: dict[str, set[str]] = {}
    for each in workloads(objects):
        name = each.pod.get("serviceAccountName", "default")
        users.setdefault(name, set()).add(each.labels[NAME])
        if name not in accounts:
            yield f"{each}: runs as {name}, which is nobody's own"
        elif accounts[name].get("automountServiceAccountToken") is not False:
            yield f"ServiceAccount {name}: its token is mounted"
        if each.pod.get("automountServiceAccountToken") is not False:
            yield f"{each}: its token is mounted"
    for name, kinds in users.items():
        if len(kinds) > 1:
            yield f"ServiceAccount {name} is shared by {', '.join(sorted(kinds))}"


def k8_requests_and_limits(objects: list[Object]) -> Complaints:
    for each in workloads(objects):
        for container in each.containers:
            for word in ("requests", "limits"):
                said = container.get("resources", {}).get(word, {})
                for what in {"cpu", "memory"} - said.keys():
                    yield f"{each}, {container['name']}: no {what} in {word}"


def k9_probes(objects: list[Object]) -> Complaints:
    for each in workloads(objects):
        if not each.is_server:
            continue
        for container in each.pod["containers"]:
            where = f"{each}, {container['name']}"
            for name in ("startupProbe", "readinessProbe", "livenessProbe"):
                if name not in container:
                    yield f"{where}: no {name}"
                elif each.name in ROOMS:
                    word = "readyz" if name == "readinessProbe" else "livez"
                    asks = container[name].get("exec", {}).get("command", [""])
                    # livez touches no dependency: nobody is restarted because a database is away.
                    if asks != ["python", "-m", "kubevision.probe", word]:
                        yield f"{where}: {name} does not ask {word}"


def k10_fixed_tags(objects: list[Object]) -> Complaints:
    for each in workloads(objects):
        for container in each.containers:
            image = container["image"]
            where = f"{each}, {container['name']}: {image}"
            repository, _, tag = image.rpartition("/")[2].partition(":")
            if not re.fullmatch(r"[\w.-]*\d+\.\d+\.\d+[\w.-]*|[^@]+@sha256:[0-9a-f]{64}", tag):
                yield f"{where} has no fixed tag"
            elif repository.startswith("kubevision-") and tag.partition("-")[0] != VERSION:
                yield f"{where} is not of version {VERSION}"


def k13_secrets_are_files(objects: list[Object]) -> Complaints:
    for found in of_kind(objects, "Secret"):
        yield f"Secret {name_of(found)} is rendered from the repository"
    for found in of_kind(objects, "ConfigMap"):
        for key, value in found["data"].items():
            if re.search(r"://[^/\s@]*:[^/\s@]+@", value) or "PRIVATE KEY" in value:
                yield f"ConfigMap {name_of(found)}: {key} holds a password or a key"
    files = {
        (name_of(found), value)
        for found in of_kind(objects, "ConfigMap")
        for key, value in found["data"].items()
        if key.endswith("_FILE")
    }
    for each in workloads(objects):
        secret = {
            volume["name"]
            for volume in each.pod.get("volumes", [])
            if "secret" in volume
            or any("secret" in source for source in volume.get("projected", {}).get("sources", []))
        }
        for container in each.containers:
            where = f"{each}, {container['name']}"
            for source in (
                *(one.get("valueFrom", {}) for one in container.get("env", [])),
                *container.get("envFrom", []),
            ):
                if {"secretKeyRef", "secretRef"} & source.keys():
                    yield f"{where}: has a secret in its environment"
            mounts = {
                mount["mountPath"]: mount
                for mount in container.get("volumeMounts", [])
                if mount["name"] in secret
            }
            for path, mount in mounts.items():
                if not mount.get("readOnly"):
                    yield f"{where}: {path} can be written to"
            read = {one.get("configMapRef", {}).get("name") for one in container.get("envFrom", [])}
            for map_name, file in files:
                if map_name in read and file.rpartition("/")[0] not in mounts:
                    yield f"{where}: {file} is in no Secret that is mounted"
