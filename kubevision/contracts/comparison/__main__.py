"""`python -m kubevision.contracts.comparison [REF]` compares the working tree with a commit.

Without REF it takes the newest release (a tag v...), or the commit that first had a contract.
"""

import argparse
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from kubevision.contracts.comparison import Contract, breaks
from kubevision.contracts.comparison.accepted import ACCEPTED

HERE = Path(__file__).parent.parent
IN_REPOSITORY = "kubevision/contracts"


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], check=True, capture_output=True).stdout


def default_reference() -> str:
    """Return the newest release, or the commit that first had a contract."""
    tags = _git("tag", "--list", "v*", "--sort=-version:refname", "--merged", "HEAD").split()
    if tags:
        return tags[0].decode()
    first = _git("log", "--diff-filter=A", "--format=%H", "--", f"{IN_REPOSITORY}/errors.json")
    if not first.split():
        raise SystemExit("No commit has a contract yet: commit it, then compare.")
    return first.split()[-1].decode()


def at_commit(reference: str) -> Contract:
    """Return the contract as it was at a commit of this repository."""
    archive = _git("archive", "--format=tar", reference, IN_REPOSITORY)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        return Contract.read(Path(folder) / IN_REPOSITORY)


def main() -> int:
    """Compare; 1 if something broke."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("reference", nargs="?", help="a commit, branch or tag")
    reference = parser.parse_args().reference or default_reference()
    try:
        found = breaks(at_commit(reference), Contract.read(HERE))
    except subprocess.CalledProcessError as error:
        print(f"git cannot show {reference}: {error.stderr.decode().strip()}", file=sys.stderr)
        return 2
    for line in filter(ACCEPTED.__contains__, found):
        print(f"accepted: {line}: {ACCEPTED[line]}")
    found = [line for line in found if line not in ACCEPTED]
    for line in found:
        print(f"breaks clients of {reference[:12]}: {line}", file=sys.stderr)
    if found:
        print("Keep the old as it is and add beside it, or raise the version in the path.")
        return 1
    print(f"The contract breaks nothing of {reference[:12]}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
