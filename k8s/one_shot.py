"""Runs a command in the cluster as a room, where its backups are: `make cluster-run`.

    python -m k8s.one_shot ROOM COMMAND...

A Job like that of the room's backup: same image, settings, keys, claim and network, but for the
command. What it says is printed, and it is gone afterwards.
"""

import argparse
import json
import sys
import time
from typing import Any

from k8s.cluster_secrets import Refused, kubectl

IN_NAMESPACE = ("--namespace", "kubevision")
LOOK_SECONDS = 2.0
LIMIT_SECONDS = 3600.0  # of the Job itself, too
Object = dict[str, Any]


def job(cronjob: Object, command: list[str], name: str) -> Object:
    """Return a Job that is one run of a CronJob with another command."""
    described: Object = cronjob["spec"]["jobTemplate"]["spec"]
    described["backoffLimit"] = 0
    described["template"]["spec"]["containers"][0]["command"] = command
    metadata = {"name": name, "labels": described["template"]["metadata"]["labels"]}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": described}


def run(room: str, command: list[str]) -> bool:
    """Run a command and print what it says; return whether it succeeded."""
    try:
        asked = kubectl("get", "cronjob", f"{room}-backup", *IN_NAMESPACE, "--output", "json")
    except Refused as reason:
        raise Refused(f"the CronJob {room}-backup cannot be read, {reason}") from reason
    name = f"{room}-one-shot-{int(time.time())}"
    made = json.dumps(job(json.loads(asked), command, name))
    kubectl("create", *IN_NAMESPACE, "-f", "-", text=made)
    try:
        succeeded = _wait_for(name)
        print(kubectl("logs", f"job/{name}", *IN_NAMESPACE), end="")
    finally:
        kubectl("delete", "job", name, *IN_NAMESPACE, "--wait=false")
    return succeeded


def _wait_for(name: str) -> bool:
    ends_at = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < ends_at:
        found = json.loads(kubectl("get", "job", name, *IN_NAMESPACE, "--output", "json"))
        status = found.get("status", {})
        if status.get("succeeded") or status.get("failed"):
            return bool(status.get("succeeded"))
        time.sleep(LOOK_SECONDS)
    raise Refused(f"the Job {name} has not ended for {LIMIT_SECONDS:.0f} s")


def main() -> int:
    """Run what the command line names; 1 if it failed or could not be run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("room", choices=("accounts", "facelogin"))
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.command:
        parser.error("which command? Example: accounts python manage.py check --deploy")
    try:
        return 0 if run(options.room, options.command) else 1
    except Refused as reason:
        print(reason, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
