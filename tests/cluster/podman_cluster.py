"""Plays an overlay with podman: what a cluster's controllers do, as far as one machine can.

Pods come in the order in which they find what they wait for in a cluster; a first container that
fails is started again; a copy that leaves is taken out of the ingress, pauses as its preStop says,
and has its grace. The ingress is nginx on this machine; it speaks TLS with the certificate that
`make cluster-secrets` made.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from k8s.cluster_secrets import make_files
from tests.cluster import play_kube
from tests.cluster.rendering import Case, Object, Workload, of_kind, workloads
from tests.product import free_port
from tests.three_rooms import nginx, wait_until

NETWORK = "kubevision-cluster"
ROOM_PORT = 8000
POD_GROUP = 10001
TRIES, PAUSE_SECONDS = 5, 2.0
READY_WITHIN_SECONDS = 120.0
PREFIXES = {"dashboard": "/", "accounts": "/auth/", "facelogin": "/face/"}


def podman(*arguments: str, text: str | None = None, check: bool = True) -> str:
    """Run podman; a missing one fails."""
    done = subprocess.run(
        ["podman", *arguments], input=text, capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        raise RuntimeError(f"podman {' '.join(arguments[:3])}: {done.stderr or done.stdout}")
    return done.stdout.strip()


def logs(container: str) -> str:
    """Return what a container said, on both its ways out."""
    done = subprocess.run(
        ["podman", "logs", container],
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout


@dataclass
class Cluster:
    """An overlay that runs."""

    case: Case
    folder: Path
    https: int
    http: int  # the same without TLS, for clients that cannot be told of an authority
    running: dict[str, tuple[Workload, play_kube.Pod]] = field(default_factory=dict)
    started: dict[str, int] = field(default_factory=dict)  # copies ever, by workload
    volumes: set[str] = field(default_factory=set)
    ingress: subprocess.Popen[bytes] | None = None

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.https}"

    @property
    def authority(self) -> Path:
        return self.folder / "keys/portal-tls/authority.pem"

    def objects(self) -> list[Object]:
        return self.case.objects()

    def workload(self, name: str) -> Workload:
        (found,) = [each for each in workloads(self.objects()) if each.name == name]
        return found

    # -- pods --------------------------------------------------------------------------------------

    def play(self, pod: play_kube.Pod) -> None:
        """Start a pod in the network, under the names of its Services."""
        claims = [
            volume["persistentVolumeClaim"]["claimName"]
            for volume in pod.spec["volumes"]
            if "persistentVolumeClaim" in volume
        ]
        new = set(claims) - self.volumes
        if new:
            make_volumes(new, pod.spec["containers"][0]["image"])
        self.volumes |= new
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", dir=self.folder) as file:
            file.write(pod.text(of_kind(self.objects(), "ConfigMap")))
            file.flush()
            options = ",".join(f"alias={alias}" for alias in pod.aliases)
            podman("play", "kube", "--network", f"{NETWORK}:{options}".rstrip(":"), file.name)

    def run_to_its_end(self, pod: play_kube.Pod) -> None:
        """Play a pod that ends, again until it succeeds, as the kubelet does."""
        said = ""
        for _try in range(TRIES):
            self.play(pod)
            container = f"{pod.name}-{pod.spec['containers'][0]['name']}"
            status = podman("wait", container)
            said = logs(container)
            podman("pod", "rm", "--force", pod.name)
            if status == "0":
                return
            time.sleep(PAUSE_SECONDS)
        raise RuntimeError(f"{pod.name} never succeeded:\n{said}")

    def start_copy(self, name: str) -> str:
        """Start one more copy of a workload, wait until it is ready, and let people come."""
        number = self.started.get(name, 0)
        self.started[name] = number + 1
        each = self.workload(name)
        *_before, pod = play_kube.pods(self.objects(), each, copies=number + 1)
        for first in pod.first:
            self.run_to_its_end(first)
        self.play(pod)
        self.running[pod.name] = (each, pod)
        if pod.readiness:
            container = f"{pod.name}-{pod.spec['containers'][0]['name']}"
            wait_until(lambda: self._is_ready(container, pod), pod.name, READY_WITHIN_SECONDS)
        self.route()
        return pod.name

    def _is_ready(self, container: str, pod: play_kube.Pod) -> bool:
        done = subprocess.run(
            ["podman", "exec", container, *pod.readiness], capture_output=True, check=False
        )
        if done.returncode and podman("inspect", container, "--format", "{{.State.Running}}") != (
            "true"
        ):
            raise RuntimeError(logs(container))
        return done.returncode == 0

    def stop_copy(self, pod_name: str) -> int:
        """Take a copy out as a rolling update does; return its exit status."""
        each, _pod = self.running.pop(pod_name)
        self.route()
        container = each.pod["containers"][0]
        pause = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [])
        name = f"{pod_name}-{container['name']}"
        if pause:
            podman("exec", name, *pause)
        grace = each.pod.get("terminationGracePeriodSeconds", 30)
        podman("stop", "--time", str(grace), name)
        status = int(podman("inspect", name, "--format", "{{.State.ExitCode}}"))
        podman("pod", "rm", "--force", pod_name)
        return status

    def replace_all(self, name: str) -> list[int]:
        """Do a rolling update: one more copy, then one fewer, until all are new."""
        old = [pod for pod, (each, _pod) in self.running.items() if each.name == name]
        statuses = []
        for pod in old:
            self.start_copy(name)
            statuses.append(self.stop_copy(pod))
        return statuses

    # -- the ingress -------------------------------------------------------------------------------

    def addresses(self, name: str) -> list[str]:
        """Return where the ready copies of a workload are."""
        found = []
        for pod, (each, _pod) in self.running.items():
            if each.name == name:
                infra = podman("pod", "inspect", pod, "--format", "{{.InfraContainerID}}")
                inspected = json.loads(podman("inspect", infra))
                networks = inspected[0]["NetworkSettings"]["Networks"]
                found.append(networks[NETWORK]["IPAddress"])
        return found

    def route(self) -> None:
        """Let the ingress know who is there."""
        routed = {name: self.addresses(name) for name in PREFIXES}
        if not all(routed.values()):
            return
        upstreams = "".join(
            f"  upstream {name} {{ "
            + " ".join(f"server {address}:{ROOM_PORT};" for address in found)
            + " }\n"
            for name, found in routed.items()
        )
        locations = "".join(
            f"    location {prefix} {{ proxy_pass http://{name}; }}\n"
            for name, prefix in PREFIXES.items()
        )
        configuration = self.folder / "nginx.conf"
        configuration.write_text(
            NGINX.format(
                folder=self.folder,
                https=self.https,
                http=self.http,
                upstreams=upstreams,
                locations=locations,
            )
        )
        if self.ingress is None:
            with (self.folder / "nginx.log").open("w") as log:
                self.ingress = subprocess.Popen(
                    [nginx(), "-e", "stderr", "-p", str(self.folder), "-c", str(configuration)],
                    start_new_session=True,
                    stderr=log,
                )
            wait_until(self._answers, "nginx")
        else:
            self.ingress.send_signal(signal.SIGHUP)
            time.sleep(0.5)  # new connections go to new workers from here on

    def _answers(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"http://localhost:{self.http}/", trust_env=False).status_code > 0
        return False

    def stop(self) -> None:
        """End it all; what was kept goes too."""
        if self.ingress is not None:
            self.ingress.terminate()
            self.ingress.wait()
        for pod in podman("pod", "ps", "--quiet", "--filter", f"network={NETWORK}").split():
            podman("pod", "rm", "--force", "--time", "0", pod, check=False)
        for volume in self.volumes:
            podman("volume", "rm", "--force", volume, check=False)
        podman("network", "rm", "--force", NETWORK, check=False)


def make_volumes(names: set[str], image: str) -> None:
    """Make volumes that belong to the pods' group, as fsGroup says.

    Podman gives a volume to whom the image's folder of that name belongs, at the first mount: so
    that one is made here, at a place that no image has.
    """
    who = ("--user", f"{POD_GROUP}:{POD_GROUP}", "--network", "none", "--entrypoint", "true")
    mounts = [word for name in sorted(names) for word in ("--volume", f"{name}:/made-here/{name}")]
    podman("run", "--rm", *who, *mounts, image)


def fill(volume: str, files: dict[str, bytes], image: str) -> None:
    """Make a volume of a Secret's files: root's, and for the pod's group to read."""
    make_volumes({volume}, image)
    folder = Path(podman("volume", "inspect", volume, "--format", "{{.Mountpoint}}"))
    for name, content in files.items():
        (folder / name).write_bytes(content)
        os.chown(folder / name, 0, POD_GROUP)
        (folder / name).chmod(0o440)


NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
{upstreams}
  server {{
    listen 127.0.0.1:{https} ssl;
    listen 127.0.0.1:{http};
    ssl_certificate {folder}/keys/portal-tls/certificate.pem;
    ssl_certificate_key {folder}/keys/portal-tls/certificate.key;
    client_max_body_size 1m;
    proxy_http_version 1.1;
    proxy_connect_timeout 3s;
    proxy_read_timeout 75s;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
{locations}
  }}
}}
"""


@contextmanager
def running_cluster(folder: Path, base: Case) -> Iterator[Cluster]:
    """Play an overlay until the block is left."""
    https, http = free_port(), free_port()
    podman("network", "create", NETWORK)
    subnets = json.loads(podman("network", "inspect", NETWORK))[0]["subnets"]
    case = base.told(
        f"PUBLIC_ORIGINS=https://localhost:{https}",
        f"TRUSTED_PROXIES=127.0.0.0/8,{subnets[0]['subnet']}",
        "ACCOUNTS_REGISTRATION=open",
        "FACELOGIN_ALLOW_MISSING_ORIGIN=on",
        "FACELOGIN_CHALLENGE=none",
    )
    cluster = Cluster(case, folder, https, http)
    try:
        make_files(folder / "keys", {"portal-tls": "localhost"})
        found = list(workloads(case.objects()))
        for name, files in play_kube.secrets(folder / "keys", found).items():
            fill(name, files, found[0].containers[0]["image"])
            cluster.volumes.add(name)
        for each in found:
            if each.kind == "StatefulSet" or each.name == "redis":
                cluster.start_copy(each.name)
        for each in found:
            if each.kind == "Job":
                cluster.run_to_its_end(next(play_kube.pods(case.objects(), each)))
        for name in PREFIXES:
            for _copy in range(cluster.workload(name).found["spec"].get("replicas", 1)):
                cluster.start_copy(name)
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder / "keys", ignore_errors=True)
