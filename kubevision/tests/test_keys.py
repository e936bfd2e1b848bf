import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from kubevision import keys


def test_missing_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    made = keys.make_missing(tmp_path / "keys")
    assert {path.name for path in made} == set(keys.MAKERS)
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    before = {path: path.read_bytes() for path in made}
    assert keys.make_missing(tmp_path / "keys") == []
    assert {path: path.read_bytes() for path in made} == before


def test_files_hold_several_keys_newest_first(tmp_path: Path) -> None:
    for name in ("old", "new"):
        keys.make_missing(tmp_path / name)
    for name in ("accounts-signing.pem", "template.key", "secret.key"):
        both = (tmp_path / "new" / name).read_bytes() + (tmp_path / "old" / name).read_bytes()
        (tmp_path / name).write_bytes(both)
    signing = keys.read_signing_keys(tmp_path / "accounts-signing.pem")
    newest = keys.read_signing_keys(tmp_path / "new/accounts-signing.pem")
    assert len(signing) == 2
    assert signing[0].private_bytes_raw() == newest[0].private_bytes_raw()
    assert len(keys.read_template_keys(tmp_path / "template.key")) == 2
    assert len(keys.read_secret_keys(tmp_path / "secret.key")) == 2


@pytest.mark.parametrize("content", ["", "c2hvcnQ="])
def test_a_bad_template_key_stops_the_start(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    with pytest.raises(ImproperlyConfigured):
        keys.read_template_keys(tmp_path / "key")


def test_other_kinds_of_signing_keys_are_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    pem = Ed448PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "key").write_bytes(pem)
    with pytest.raises(ImproperlyConfigured, match="not Ed25519"):
        keys.read_signing_keys(tmp_path / "key")


READERS = {
    "secret.key": keys.read_secret_keys,
    "accounts-signing.pem": keys.read_signing_keys,
    "template.key": keys.read_template_keys,
}


def in_plain(key: object) -> object:
    """A key in a form that compares."""
    return key.private_bytes_raw() if hasattr(key, "private_bytes_raw") else key


@pytest.mark.parametrize("name", READERS)
def test_a_renewed_file_has_a_new_key_in_front_until_the_old_one_is_retired(
    tmp_path: Path, name: str
) -> None:
    keys.make_missing(tmp_path)
    # Operators name their files as they like.
    file = (tmp_path / name).rename(tmp_path / "mounted")
    (old,) = map(in_plain, READERS[name](file))
    keys.renew(file)
    new, second = map(in_plain, READERS[name](file))
    assert second == old != new
    assert file.stat().st_mode & 0o777 == 0o600
    assert keys.retire(file) == 1
    assert list(map(in_plain, READERS[name](file))) == [new]
    assert keys.retire(file) == 0
    assert list(map(in_plain, READERS[name](file))) == [new]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kubevision.keys", *words],
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_command_renews_and_retires_and_refuses_in_words(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    assert run(str(folder)).stdout.count("made ") == len(keys.MAKERS)
    file = folder / "template.key"
    assert run("renew", str(file)).returncode == 0
    assert len(keys.read_template_keys(file)) == 2
    assert "1 old keys" in run("retire", str(file)).stdout
    before = file.read_bytes()
    (tmp_path / "notes.txt").write_text("not a key")
    for wrong in (tmp_path / "missing", tmp_path / "notes.txt", folder):
        refused = run("renew", str(wrong))
        assert refused.returncode == 1
        assert str(wrong) in refused.stderr and "Traceback" not in refused.stderr
    assert file.read_bytes() == before
