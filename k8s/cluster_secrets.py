"""Makes the Secrets of an installation from files outside this repository: `make cluster-secrets`.

    python -m k8s.cluster_secrets FOLDER [--portal HOST] [--faces HOST]

FOLDER holds a folder for each Secret. What is missing there is made, once; what is there is used as
it is, so a file may also be brought. Run again after a change, the Secrets follow the files. Keep
the folder like the keys that it holds: without them nothing that is stored can be opened.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from kubevision.first_start import certificate, keys

REPOSITORY = Path(__file__).resolve().parent.parent
NAMESPACE = REPOSITORY / "k8s/kustomize/base/storage/namespace.yaml"
# Secret -> its files. A room's own name stands before its signing key.
KEYS = {
    "dashboard-keys": ["secret.key"],
    "accounts-keys": ["secret.key", "accounts-signing.pem", "database.password"],
    "facelogin-keys": ["secret.key", "facelogin-signing.pem", "template.key", "database.password"],
    "accounts-mongodb-keys": ["members.key"],
    "facelogin-mongodb-keys": ["members.key"],
}
# Taken along where somebody brought them.
BROUGHT = {"accounts-keys": ["mail.password"], "facelogin-keys": ["redis.password"]}
PORTAL, FACES = "portal-tls", "facelogin-tls"


class Refused(Exception):  # noqa: N818  (an outcome)
    """The Secrets were not made; the message says why and what to do."""


def make_files(folder: Path, hosts: dict[str, str | None]) -> None:
    """Make the files that are missing; `hosts` by the Secret of their certificate."""
    if folder.resolve().is_relative_to(REPOSITORY):
        raise Refused(f"{folder} is inside the repository: keys do not belong there. Name another")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, files in KEYS.items():
        (folder / name).mkdir(mode=0o700, exist_ok=True)
        for made in keys.make_missing(folder / name, files):
            print(f"made {folder / name / made}")
    for name, host in hosts.items():
        brought = [folder / name / file for file in ("tls.crt", "tls.key")]
        if host and not any(file.is_file() for file in brought):
            authority = folder / f"{name}-authority"
            for place in (authority, folder / name):
                place.mkdir(mode=0o700, exist_ok=True)
            for made in certificate.make(
                authority, folder / name, certificate.names_of(f"https://{host}")
            ):
                print(f"made the {made} for {host} in {folder / name}")


def certificate_of(folder: Path) -> tuple[Path, Path] | None:
    """Return the files of a certificate and its key: those that were brought, else those made."""
    for pair in (("tls.crt", "tls.key"), ("certificate.pem", "certificate.key")):
        found, key = (folder / name for name in pair)
        if found.is_file() and key.is_file():
            return found, key
        if found.is_file() or key.is_file():
            raise Refused(f"{folder} must hold {pair[0]} and {pair[1]}, or neither")
    return None


def kubectl(*arguments: str, text: str | None = None) -> str:
    """Run kubectl with the configuration that it has."""
    try:
        done = subprocess.run(
            ["kubectl", *arguments], input=text, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise Refused("kubectl is missing; docs/operations.md says where to get it") from None
    if done.returncode:
        raise Refused(f"kubectl {arguments[0]} said: {done.stderr.strip()}")
    return done.stdout


def apply(manifest: str) -> None:
    """Give a Secret to the cluster; no copy of it stays in an annotation."""
    print(kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=manifest), end="")


def make_secrets(folder: Path) -> None:
    """Make the namespace, if it is not there, and the Secrets in it."""
    # As an overlay's own apply will do it again.
    print(kubectl("apply", "-f", str(NAMESPACE)), end="")
    to_stdout = ("--namespace", "kubevision", "--dry-run=client", "--output", "yaml")
    for name, files in KEYS.items():
        brought = [file for file in BROUGHT.get(name, []) if (folder / name / file).is_file()]
        sources = [f"--from-file={folder / name / file}" for file in (*files, *brought)]
        apply(kubectl("create", "secret", "generic", name, *sources, *to_stdout))
    for name in (PORTAL, FACES):
        if pair := certificate_of(folder / name):
            both = (f"--cert={pair[0]}", f"--key={pair[1]}")
            apply(kubectl("create", "secret", "tls", name, *both, *to_stdout))


def main() -> int:
    """Do what the command line says; 1 and a sentence if that cannot be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--portal", metavar="HOST", help="make a certificate for the pages")
    parser.add_argument("--faces", metavar="HOST", help="and one for the plant's own ingress")
    options = parser.parse_args()
    try:
        make_files(options.folder, {PORTAL: options.portal, FACES: options.faces})
        make_secrets(options.folder)
    except (Refused, keys.Gone) as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
