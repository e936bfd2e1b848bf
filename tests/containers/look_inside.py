"""Runs inside an image, as root, and prints as JSON what is in it that one would look for."""

import importlib.util
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

COMPILERS = ("cc", "gcc", "g++", "c++", "clang", "ld", "as", "make", "rustc", "cargo", "go")
PACKAGES = ("accounts", "dashboard", "facelogin", "cv2", "numpy", "dlib", "onnxruntime", "pip")
KINDS_OF_KEYS = (b"", b"ENCRYPTED ", b"RSA ", b"EC ", b"OPENSSH ")
BEGINS_A_KEY = [b"-----BEGIN " + kind + b"PRIVATE KEY-----\n" for kind in KINDS_OF_KEYS]
OF_THE_KERNEL = {Path("/proc"), Path("/sys"), Path("/dev")}
LARGEST_KEY_BYTES = 100_000


def walk() -> Iterator[tuple[Path, os.stat_result]]:
    """Yield every file of the image with its status."""
    for folder, folders, names in os.walk("/"):
        here = Path(folder)
        folders[:] = [name for name in folders if here / name not in OF_THE_KERNEL]
        for name in names:
            yield here / name, (here / name).lstat()


def holds_a_key(path: Path, status: os.stat_result) -> bool:
    """Say whether a file has a private key in it, whatever its name."""
    if not stat.S_ISREG(status.st_mode) or not 0 < status.st_size < LARGEST_KEY_BYTES:
        return False
    # Programs know these words; a key has them on a line of their own.
    content = b"\n" + path.read_bytes()
    return any(b"\n" + words in content for words in BEGINS_A_KEY)


def is_writable(path: Path, status: os.stat_result) -> bool:
    """Say whether anybody but root may write to a file of the product."""
    is_ours = path.is_relative_to("/srv") or path.is_relative_to("/opt")
    is_open = bool(status.st_uid or status.st_mode & 0o022) and not stat.S_ISLNK(status.st_mode)
    return is_ours and is_open


sys.path.insert(0, str(Path.cwd()))
files = list(walk())
found = {
    "packages": [name for name in PACKAGES if importlib.util.find_spec(name)],
    "files": [str(path) for path, _status in files],
    "keys": [str(path) for path, status in files if holds_a_key(path, status)],
    "compilers": [name for name in COMPILERS if shutil.which(name)],
    "product": sorted(path.name for path in Path.cwd().iterdir()),
    "writable": [str(path) for path, status in files if is_writable(path, status)],
}
print(json.dumps(found))
