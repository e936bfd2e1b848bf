import ssl
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from kubevision.first_start import certificate, keys
from kubevision.keys import read_secret_keys, read_signing_keys, read_template_keys

NAMES = ["secret.key", "facelogin-signing.pem", "template.key", "database.password"]
LOCALHOST = certificate.names_of("https://localhost:8443")


def run(module: str, *arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"kubevision.first_start.{module}", *map(str, arguments)]
    return subprocess.run(command, check=False, env=env, capture_output=True, text=True)


# -- keys ------------------------------------------------------------------------------------------


def test_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    assert keys.make_missing(tmp_path, NAMES) == NAMES
    assert read_secret_keys(tmp_path / "secret.key")
    assert read_signing_keys(tmp_path / "facelogin-signing.pem")
    assert read_template_keys(tmp_path / "template.key")
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in NAMES} == {0o600}
    before = {name: (tmp_path / name).read_bytes() for name in NAMES}
    assert keys.make_missing(tmp_path, NAMES) == []
    assert {name: (tmp_path / name).read_bytes() for name in NAMES} == before


def test_a_start_that_was_killed_goes_on(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("half there")
    (tmp_path / "template.key.new").write_text("hal")
    assert keys.make_missing(tmp_path, NAMES) == NAMES[1:]
    assert read_template_keys(tmp_path / "template.key")
    assert not list(tmp_path.glob("*.new"))


def test_a_key_that_was_lost_is_not_replaced(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in NAMES]
    assert run("keys", *paths).returncode == 0
    (tmp_path / "template.key").unlink()
    done = run("keys", *paths)
    assert done.returncode == 1 and not (tmp_path / "template.key").exists()
    assert "template.key is gone" in done.stderr and "DATA=delete" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_later_version_may_want_one_more(tmp_path: Path) -> None:
    keys.make_missing(tmp_path, NAMES[:2])
    assert keys.make_missing(tmp_path, NAMES) == NAMES[2:]


def test_the_members_key_lies_alone_where_mongod_may_look(tmp_path: Path) -> None:
    own, shared = tmp_path / "own", tmp_path / "shared"
    own.mkdir(mode=0o700)
    shared.mkdir(mode=0o700)
    assert run("keys", own / "secret.key", shared / "members.key").returncode == 0
    key = shared / "members.key"
    assert (shared.stat().st_mode & 0o777, key.stat().st_mode & 0o777) == (0o755, 0o644)
    assert own.stat().st_mode & 0o777 == 0o700
    # What mongod takes: 6 to 1024 letters of base64.
    assert len(key.read_text().strip()) == 128
    assert key.read_text().strip().replace("+", "").replace("/", "").isalnum()


def test_nobody_makes_what_has_no_name(tmp_path: Path) -> None:
    done = run("keys", tmp_path / "master.key")
    assert done.returncode == 2 and "nobody makes master.key" in done.stderr


# -- certificate -----------------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    made = tmp_path / "authority", tmp_path / "certificate"
    for folder in made:
        folder.mkdir()
    return made


def served_as(folders: tuple[Path, Path], name: str) -> str:
    """Shake hands as a server with this certificate and a browser with this authority would.

    Returns what the browser says against it, nothing if it is content.
    """
    server, browser = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    server.load_cert_chain(folders[1] / "certificate.pem", folders[1] / "certificate.key")
    browser.load_verify_locations(folders[1] / "authority.pem")
    to_server, to_browser = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = browser.wrap_bio(to_browser, to_server, server_hostname=name)
    other = server.wrap_bio(to_server, to_browser, server_side=True)
    for _round in range(4):
        for side in (one, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
    return ""


def test_browsers_with_the_authority_are_content(folders: tuple[Path, Path]) -> None:
    made = run("certificate", *folders, PUBLIC_ORIGINS="https://localhost:8443,https://127.0.0.1")
    assert made.returncode == 0 and made.stdout == "made the authority\nmade the certificate\n"
    assert served_as(folders, "localhost") == served_as(folders, "127.0.0.1") == ""
    assert "mismatch" in served_as(folders, "portal.example.org")
    assert (
        run("certificate", *folders, PUBLIC_ORIGINS="https://localhost,https://127.0.0.1").stdout
        == ""
    )
    private = [folders[0] / "authority.key", folders[1] / "certificate.key"]
    assert {file.stat().st_mode & 0o777 for file in private} == {0o600}
    # Whoever serves has no use for what signs.
    assert not (folders[1] / "authority.key").exists()


def test_the_authority_can_vouch_for_its_names_only(folders: tuple[Path, Path]) -> None:
    certificate.make(*folders, LOCALHOST)
    authority = certificate._read(folders[0], "authority")
    assert authority is not None
    for other in ("bank.example", "10.0.0.1"):
        forged = certificate._make_certificate(certificate.names_of(f"https://{other}"), *authority)
        certificate._write(folders[1], "certificate", *forged)
        assert served_as(folders, other) == "permitted subtree violation"


def test_other_names_get_another_authority(folders: tuple[Path, Path]) -> None:
    certificate.make(*folders, LOCALHOST)
    names = certificate.names_of("https://portal.example.org, https://10.1.2.3:8443")
    assert certificate.make(*folders, names) == ["authority", "certificate"]
    assert served_as(folders, "portal.example.org") == served_as(folders, "10.1.2.3") == ""


def test_only_the_certificate_is_renewed_before_its_end(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        then.setattr(certificate, "CERTIFICATE_LIFE", timedelta(days=89))
        certificate.make(*folders, LOCALHOST)
    assert certificate.make(*folders, LOCALHOST) == ["certificate"]
    assert certificate.make(*folders, LOCALHOST) == []
    assert served_as(folders, "localhost") == ""


def test_half_of_a_pair_is_made_again(folders: tuple[Path, Path]) -> None:
    certificate.make(*folders, LOCALHOST)
    (folders[1] / "certificate.key").unlink()
    assert certificate.make(*folders, LOCALHOST) == ["certificate"]
    (folders[0] / "authority.pem").unlink()
    assert certificate.make(*folders, LOCALHOST) == ["authority", "certificate"]
    assert served_as(folders, "localhost") == ""


def test_a_certificate_lives_as_long_as_browsers_take_it(folders: tuple[Path, Path]) -> None:
    certificate.make(*folders, LOCALHOST)
    read = x509.load_pem_x509_certificate((folders[1] / "certificate.pem").read_bytes())
    assert read.not_valid_after_utc - read.not_valid_before_utc <= timedelta(days=826)
