"""Makes, renews and reads the key files: secret keys, template keys and Ed25519 signing keys.

Every file holds one or more keys, newest first: the newest signs or seals, the older ones still
verify or open while a rotation is under way.

    python -m kubevision.keys FOLDER        make those that are missing, leave the others alone
    python -m kubevision.keys renew FILE    put a new key in front of the present ones
    python -m kubevision.keys retire FILE   take all but the newest one away, for good
"""

import argparse
import base64
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.core.exceptions import ImproperlyConfigured

from kubevision import whole_files

TEMPLATE_KEY_BYTES = 32  # AES-256
SECRET_KEY_CHARACTERS = 50  # what Django's own check asks for (security.W009)
_PEM_END = b"-----END PRIVATE KEY-----\n"


def read_secret_keys(path: Path) -> list[str]:
    """Return Django's secret keys, one a line.

    Raises
    ------
    ImproperlyConfigured
        If the file holds none, or one so short that it could be guessed.
    """
    keys = path.read_text().split()
    if not keys or any(len(key) < SECRET_KEY_CHARACTERS for key in keys):
        raise ImproperlyConfigured(
            f"{path} must hold keys of {SECRET_KEY_CHARACTERS} characters or more, one a line"
        )
    return keys


def read_template_keys(path: Path) -> list[bytes]:
    """Return the 32-byte keys that wrap people's own keys, one base64url line each.

    Raises
    ------
    ImproperlyConfigured
        If the file holds none, or one of another length.
    """
    keys = [base64.urlsafe_b64decode(line) for line in path.read_text().split()]
    if not keys or any(len(key) != TEMPLATE_KEY_BYTES for key in keys):
        raise ImproperlyConfigured(f"{path} must hold base64url keys of 32 bytes, one a line")
    return keys


def read_signing_keys(path: Path) -> list[Ed25519PrivateKey]:
    """Return the Ed25519 keys of a PEM file.

    Raises
    ------
    ImproperlyConfigured
        If the file holds none, or one of another kind.
    """
    blocks = [block + _PEM_END for block in path.read_bytes().split(_PEM_END) if block.strip()]
    keys = [load_pem_private_key(block, password=None) for block in blocks]
    if not keys:
        raise ImproperlyConfigured(f"{path} holds no private key")
    signing_keys = [key for key in keys if isinstance(key, Ed25519PrivateKey)]
    if len(signing_keys) != len(keys):
        raise ImproperlyConfigured(f"{path} holds a key that is not Ed25519")
    return signing_keys


def _new_signing_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


def _new_template_key() -> bytes:
    return base64.urlsafe_b64encode(secrets.token_bytes(TEMPLATE_KEY_BYTES)) + b"\n"


def _new_secret_key() -> bytes:
    return secrets.token_urlsafe(48).encode() + b"\n"


MAKERS = {
    "secret.key": _new_secret_key,
    "accounts-signing.pem": _new_signing_key,
    "facelogin-signing.pem": _new_signing_key,
    "template.key": _new_template_key,
}


def make_missing(folder: Path) -> list[Path]:
    """Make the key files that are missing, readable by their owner alone; return those made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    for name, maker in MAKERS.items():
        path = folder / name
        if not path.exists():
            whole_files.write(path, maker())
            made.append(path)
    return made


def _kind(path: Path) -> tuple[Callable[[], bytes], bytes]:
    """Return what makes another key for this file, and what its keys end with."""
    if _PEM_END in path.read_bytes():
        read_signing_keys(path)
        return _new_signing_key, _PEM_END
    try:
        read_template_keys(path)
    except (ImproperlyConfigured, ValueError):
        read_secret_keys(path)
        return _new_secret_key, b"\n"
    return _new_template_key, b"\n"


def renew(path: Path) -> None:
    """Put a new key in front of those of a file; the old ones still verify or open.

    Raises
    ------
    ImproperlyConfigured
        If it is no key file.
    OSError
        If it cannot be read or replaced.
    """
    make, _end = _kind(path)
    whole_files.write(path, make() + path.read_bytes())


def retire(path: Path) -> int:
    """Take all keys but the newest away; return how many went.

    The file is replaced, not overwritten: what a disk keeps of the old one is beyond a program's
    reach, so the disk itself should be encrypted.

    Raises
    ------
    ImproperlyConfigured
        If it is no key file.
    OSError
        If it cannot be read or replaced.
    """
    _make, end = _kind(path)
    newest, *old = [key for key in path.read_bytes().split(end) if key.strip()]
    if old:
        whole_files.write(path, newest.strip() + end)
    return len(old)


def main() -> int:
    """Do what the command line asks for; 0 if it was done."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = ("make", "renew", "retire")
    parser.add_argument("verb", nargs="?", choices=verbs, default="make", help="make by default")
    parser.add_argument("path", type=Path, help="the folder, or with another verb the file")
    options = parser.parse_args()
    path: Path = options.path
    try:
        if options.verb == "make":
            for made in make_missing(path):
                print(f"made {made}")
        elif options.verb == "renew":
            renew(path)
            print(f"{path} has a new key; the old ones still count")
        else:
            print(f"{path}: {retire(path)} old keys taken away")
    except (ImproperlyConfigured, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or path}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
