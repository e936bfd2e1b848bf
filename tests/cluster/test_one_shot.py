"""`make cluster-run`: a command as a room, beside its backups."""

import subprocess
import threading
from pathlib import Path

import pytest

from tests.cluster.api_server import Cluster, api_server
from tests.cluster.network import reach
from tests.cluster.rendering import ON_PREM, Object, Workload
from tests.cluster.rules import RULES
from tests.cluster.test_secrets import run_with

COMMAND = ("python", "manage.py", "restore", "/backups/accounts-20261127T011500Z.backup")


def kubelet(cluster: Cluster, status: dict[str, int], seen: list[Object]) -> None:
    """Stand in for what runs Jobs: each gets a pod that says something, and ends."""
    while not cluster.is_over.wait(0.1):
        for name, found in list(cluster.of_kind("Job").items()):
            if "one-shot" in name and "status" not in found:
                seen.append(found)
                labels = {"batch.kubernetes.io/job-name": name, "controller-uid": "1"}
                found["spec"]["selector"] = {"matchLabels": {"controller-uid": "1"}}
                pod = {"apiVersion": "v1", "kind": "Pod", "status": {"phase": "Succeeded"}}
                pod["metadata"] = {"name": "p", "namespace": "kubevision", "labels": labels}
                pod["spec"] = {"containers": [{"name": "backup"}]}
                cluster.put(pod)
                cluster.logs["p"] = "12 rows\n"
                found["status"] = status


def run(
    tmp_path: Path, status: dict[str, int], *arguments: str
) -> tuple[subprocess.CompletedProcess[str], list[Object], Cluster]:
    seen: list[Object] = []
    with api_server() as cluster:
        for found in ON_PREM.objects():
            cluster.put(found)
        threading.Thread(target=kubelet, args=(cluster, status, seen), daemon=True).start()
        done = run_with(cluster, tmp_path, "k8s.one_shot", *arguments)
    return done, seen, cluster


def test_a_command_runs_as_the_room_and_leaves_nothing(tmp_path: Path) -> None:
    done, seen, cluster = run(tmp_path, {"succeeded": 1}, "accounts", *COMMAND)
    assert (done.returncode, done.stdout) == (0, "12 rows\n"), done.stderr
    (made,) = [Workload(found) for found in seen]
    assert made.pod["containers"][0]["command"] == list(COMMAND)
    assert "accounts-backups" in str(made.pod["volumes"])
    assert not [name for name in cluster.of_kind("Job") if "one-shot" in name]


def test_it_may_do_no_more_than_a_backup(tmp_path: Path) -> None:
    _done, (made,), _cluster = run(tmp_path, {"succeeded": 1}, "accounts", *COMMAND)
    made["metadata"]["namespace"] = "kubevision"
    made["spec"].pop("selector")  # the kubelet's stand-in gave it one
    objects = [*ON_PREM.objects(), made]
    for rule in RULES:
        if rule not in {"K18"}:  # one more pod than the largest state, for a moment
            assert list(RULES[rule](objects)) == [], rule
    mine = {
        called for caller, called, _port in reach(objects) if caller == made["metadata"]["name"]
    }
    assert mine == {"accounts-mongodb", "dns"}


def test_a_failure_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    done, _seen, cluster = run(tmp_path, {"failed": 1}, "accounts", *COMMAND)
    assert (done.returncode, done.stdout) == (1, "12 rows\n")
    assert not [name for name in cluster.of_kind("Job") if "one-shot" in name]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("dashboard", "ls"), "invalid choice"), (("accounts",), "which command?")],
)
def test_what_cannot_be_run_is_said(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done, seen, _cluster = run(tmp_path, {}, *arguments)
    assert done.returncode == 2 and said in done.stderr and seen == []


def test_a_room_without_backups_is_said(tmp_path: Path) -> None:
    with api_server() as cluster:
        done = run_with(cluster, tmp_path, "k8s.one_shot", "accounts", "ls")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "accounts-backup" in done.stderr
