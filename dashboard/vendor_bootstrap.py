"""Fetches Bootstrap's files from its npm package: `make vendor`.

The package is checked against the hash its registry published with this version; only what the
pages load is kept, so that there is no build step and no node_modules.
"""

import base64
import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

VERSION = "5.3.9"
SHA512 = "20cU0rcfw8WdxtVbmfU+xT2EjvVTw9Ror/h1Qvd7DXCujRg8OO9mdBCsmTHdJFf3BuadmBNJtgIuUXsBqSkk/w=="
FILES = ("dist/css/bootstrap.min.css", "LICENSE")
TARGET = Path(__file__).parent / "static/dashboard/vendor/bootstrap"


def main() -> None:
    """Fetch, check, unpack."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", f"bootstrap@{VERSION}"], cwd=folder, check=True)
        archive = Path(folder) / f"bootstrap-{VERSION}.tgz"
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if digest != SHA512:
            raise SystemExit(f"bootstrap {VERSION} has the hash {digest}, not {SHA512}")
        TARGET.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as tar:
            for name in FILES:
                member = tar.extractfile(f"package/{name}")
                if member is None:
                    raise SystemExit(f"{name} is not in the package")
                text = member.read()
                # The map is not shipped, and a link to it would only be a 404 in the log.
                marker = b"/*# sourceMappingURL="
                (TARGET / Path(name).name).write_bytes(text.split(marker)[0])
    print(f"Bootstrap {VERSION} is in {TARGET}")


if __name__ == "__main__":
    main()
