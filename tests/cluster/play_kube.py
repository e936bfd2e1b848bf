"""Turns what an overlay renders to into what `podman play kube` runs: one pod a copy, one network.

Services become names in the network, so copies of a room share one; the Ingress is an nginx of the
tests. Everything else stays as it is rendered, but for what podman (4.3, Debian's) does otherwise:

- a pod's first containers are pods of their own, played before it: podman trips over them;
- ports are left out, because podman would publish each on the host, where the second copy finds it
  taken; and probes, because podman runs them by systemd: who waits runs the rendered command;
- an emptyDir becomes a volume of its name, so each gets a name of its own; a claim's keeps its;
- a Secret's values are taken as text, and several in one volume become one Secret;
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
    # An emptyDir's name is the volume's.
    renamed = {
        volume["name"]: f"{name}-{volume['name']}"
        for volume in spec["volumes"]
        if "emptyDir" in volume
    }
    for volume in spec["volumes"]:
        volume["name"] = renamed.get(volume["name"], volume["name"])
    readiness = [
        word
        for container in rendered["containers"]
        for word in container.get("readinessProbe", {}).get("exec", {}).get("command", [])
    ]
    own = Pod(
        name,
        spec | {"containers": [_container(one, renamed) for one in rendered["containers"]]},
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
            spec | {"containers": [_container(one, renamed)], "restartPolicy": "OnFailure"},
            each.labels,
        )
        for one in first
    ]
    return own


def _container(rendered: Object, renamed: dict[str, str]) -> Object:
    kept = {key: value for key, value in rendered.items() if key not in LEFT_OUT_OF_CONTAINERS}
    kept["volumeMounts"] = [
        mount | {"name": renamed.get(mount["name"], mount["name"])}
        for mount in rendered.get("volumeMounts", [])
    ]
    return kept


def _volume(rendered: Object, each: Workload, name: str) -> Object:
    volume = deepcopy(rendered)
    if "projected" in volume:
        volume.pop("projected")
        volume["secret"] = {"secretName": joined_secret(each), "defaultMode": 0o440}
    if "secret" in volume:
        # Without this word podman 4.3 dies.
        volume["secret"]["optional"] = False
    return volume


def joined_secret(each: Workload) -> str:
    """Return the name of the Secret that stands for several in one volume."""
    return f"{each.name}-joined"


def secrets(folder: Path, objects: list[Object], found: list[Workload]) -> str:
    """Return the Secrets of a folder of `make cluster-secrets`, and those joined of them."""
    data = {
        name: {file: (folder / name / file).read_text() for file in files}
        for name, files in KEYS.items()
    }
    for each in found:
        for volume in each.pod.get("volumes", []):
            sources = volume.get("projected", {}).get("sources", [])
            for source in (source["secret"] for source in sources):
                chosen = {item["key"] for item in source.get("items", [])} or data[source["name"]]
                joined = data.setdefault(joined_secret(each), {})
                joined |= {key: data[source["name"]][key] for key in chosen}
    return yaml.safe_dump_all(
        [
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}
            for name, values in data.items()
        ]
    )
