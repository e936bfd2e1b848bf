"""Turns what an overlay renders to into what `podman play kube` runs: one pod a copy, one network.

Services become names in the network, so copies of a room share one; the Ingress is an nginx of the
tests. Everything else stays as it is rendered, but for what podman (4.3, Debian's) does otherwise:

- a pod's first containers are pods of their own, played before it: podman trips over them;
- ports are left out, because podman would publish each on the host, where the second copy finds it
  taken; and probes, because podman runs them by systemd: who waits runs the rendered command;
- an emptyDir is a claim with a name of its own: podman would call the volume by the emptyDir's name
  in every pod, and take it away with the first container's;
- a Secret is a volume that who plays fills as the kubelet would, because versions of podman differ
  in how they read one; several in one volume are one of these;
- a StatefulSet's claim is written into its pod.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from k8s.cluster_secrets import KEYS
from tests.cluster.rendering import Object, Workload, matches, name_of, of_kind

# What a probe and a port would do is said above; the rest is about nodes, of which there is one.
LEFT_OUT_OF_CONTAINERS = ("ports", "startupProbe", "readinessProbe", "livenessProbe", "lifecycle")
LEFT_OUT_OF_PODS = ("initContainers", "nodeSelector", "topologySpreadConstraints", "tolerations")


@dataclass
class Pod:
    """A pod as podman plays it, and how others find it."""

    name: str
    spec: Object
    labels: dict[str, str]
    aliases: list[str] = field(default_factory=list)
    # Played, waited for and removed before: in this order.
    first: list["Pod"] = field(default_factory=list)
    # As rendered: what says whether it may be asked.
    readiness: list[str] = field(default_factory=list)

    def text(self, maps: list[Object]) -> str:
        """Return YAML for `podman play kube`, the ConfigMaps included."""
        metadata = {"name": self.name, "labels": self.labels}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": self.spec}
        return yaml.safe_dump_all([*maps, pod], sort_keys=False)


def pods(objects: list[Object], each: Workload, copies: int = 0) -> Iterator[Pod]:
    """Yield the pods of a workload: as many as it says, or `copies`."""
    wanted = copies or int(each.found["spec"].get("replicas", 1))
    for number in range(wanted):
        name = each.name if not each.is_server else f"{each.name}-{number}"
        yield _pod(objects, each, name)


def _pod(objects: list[Object], each: Workload, name: str) -> Pod:
    rendered = deepcopy(each.pod)
    first = rendered.get("initContainers", [])
    spec = {key: value for key, value in rendered.items() if key not in LEFT_OUT_OF_PODS}
    spec["volumes"] = [_volume(volume, each, name) for volume in rendered.get("volumes", [])]
    spec["volumes"] += [
        {
            "name": name_of(template),
            "persistentVolumeClaim": {"claimName": f"{name_of(template)}-{name}"},
        }
        for template in each.found["spec"].get("volumeClaimTemplates", [])
    ]
    readiness = [
        word
        for container in rendered["containers"]
        for word in container.get("readinessProbe", {}).get("exec", {}).get("command", [])
    ]
    own = Pod(
        name,
        # Who plays a one-shot starts it again if it failed.
        spec
        | {"containers": [_container(one) for one in rendered["containers"]]}
        | ({} if each.is_server else {"restartPolicy": "Never"}),
        each.labels,
        [
            name_of(found)
            for found in of_kind(objects, "Service")
            if matches({"matchLabels": found["spec"]["selector"]}, each.labels)
        ],
        readiness=readiness,
    )
    own.first = [
        Pod(
            f"{name}-{one['name']}",
            spec | {"containers": [_container(one)], "restartPolicy": "Never"},
            each.labels,
        )
        for one in first
    ]
    return own


def _container(rendered: Object) -> Object:
    return {key: value for key, value in rendered.items() if key not in LEFT_OUT_OF_CONTAINERS}


def _volume(rendered: Object, each: Workload, pod: str) -> Object:
    if "secret" in rendered:
        claim = secret_volume(rendered["secret"]["secretName"])
    elif "projected" in rendered:
        claim = secret_volume(each.name)
    elif "emptyDir" in rendered:
        claim = f"{pod}-{rendered['name']}"
    else:
        return deepcopy(rendered)
    return {"name": rendered["name"], "persistentVolumeClaim": {"claimName": claim}}


def secret_volume(name: str) -> str:
    """Return the volume that stands for a Secret, or for all that a workload projects."""
    return f"secret-{name}"


def secrets(folder: Path, found: list[Workload]) -> dict[str, dict[str, bytes]]:
    """Return what each volume for a Secret holds, from a folder of `make cluster-secrets`."""
    held: dict[str, dict[str, bytes]] = {}
    for each in found:
        for volume in each.pod.get("volumes", []):
            if "secret" in volume:
                name = volume["secret"]["secretName"]
                held[secret_volume(name)] = _files(folder, name)
            for source in volume.get("projected", {}).get("sources", []):
                files = _files(folder, source["secret"]["name"])
                chosen = {item["key"] for item in source["secret"].get("items", [])} or set(files)
                joined = held.setdefault(secret_volume(each.name), {})
                joined |= {name: files[name] for name in chosen}
    return held


def _files(folder: Path, name: str) -> dict[str, bytes]:
    if name in KEYS:
        return {file: (folder / name / file).read_bytes() for file in KEYS[name]}
    pair = {"tls.crt": "certificate.pem", "tls.key": "certificate.key"}
    return {file: (folder / name / made).read_bytes() for file, made in pair.items()}
