"""Makes and reads the key files: secret keys, template keys and Ed25519 signing keys.

Run as `python -m kubevision.keys FOLDER` it makes those that are missing and leaves the others
alone. Every file holds one or more keys, newest first: the newest signs or seals, the older ones
still verify or open while a rotation is under way.
"""

import argparse
import base64
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.core.exceptions import ImproperlyConfigured

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
            # Written beside and renamed: a file that exists is whole.
            partial = path.with_suffix(".new")
            with os.fdopen(
                os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
            ) as out:
                out.write(maker())
            partial.rename(path)
            made.append(path)
    return made


def main() -> None:
    """Make the missing keys of a folder and name them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    for path in make_missing(parser.parse_args().folder):
        print(f"made {path}")


if __name__ == "__main__":
    main()
