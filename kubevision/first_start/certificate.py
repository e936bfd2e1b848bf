"""Makes a certificate for the public names: `python -m kubevision.first_start.certificate ...`.

    certificate AUTHORITY_FOLDER CERTIFICATE_FOLDER

The authority that signs it is made here too, and can vouch for the names of PUBLIC_ORIGINS only:
whoever takes it into a browser trusts it with nothing else. Both are renewed when the names change;
the certificate alone when its end comes near.
"""

import argparse
import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kubevision import whole_files

AUTHORITY, CERTIFICATE = "authority", "certificate"
AUTHORITY_LIFE = timedelta(days=3650)
# Apple's browsers take no longer one, whoever signed it.
CERTIFICATE_LIFE = timedelta(days=825)
RENEWED_BEFORE_END = timedelta(days=90)
CLOCKS_APART = timedelta(hours=1)

Key = ec.EllipticCurvePrivateKey


def names_of(origins: str) -> list[x509.GeneralName]:
    """Return the hosts of a list of origins as a certificate names them, each once."""
    hosts = dict.fromkeys(urlsplit(origin.strip()).hostname or "" for origin in origins.split(","))
    return [_name(host) for host in hosts if host]


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def make(authority_folder: Path, folder: Path, names: list[x509.GeneralName]) -> list[str]:
    """Make what is missing, about to end or for other names; return what was made."""
    made = []
    authority = _read(authority_folder, AUTHORITY)
    if authority is None or _names_in_authority(authority[0]) != _constraints(names):
        authority = _make_authority(names)
        _write(authority_folder, AUTHORITY, *authority)
        made.append(AUTHORITY)
    present = _read(folder, CERTIFICATE)
    if made or present is None or not _is_good(present[0], authority[0], names):
        _write(folder, CERTIFICATE, *_make_certificate(names, *authority))
        made.append(CERTIFICATE)
    # Beside the certificate, for whoever hands it to browsers.
    public = authority[0].public_bytes(Encoding.PEM)
    whole_files.write(folder / f"{AUTHORITY}.pem", public, whole_files.EVERYBODY)
    return made


def _constraints(names: list[x509.GeneralName]) -> list[x509.GeneralName]:
    """Return the names as an authority is bound to them: an address is a network of one."""
    return [
        x509.IPAddress(ipaddress.ip_network(name.value))
        if isinstance(name, x509.IPAddress)
        else name
        for name in names
    ]


def _names_in_authority(authority: x509.Certificate) -> list[x509.GeneralName]:
    bound = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    return list(bound.permitted_subtrees or [])


def _is_good(
    certificate: x509.Certificate, authority: x509.Certificate, names: list[x509.GeneralName]
) -> bool:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    ends_late = certificate.not_valid_after_utc > datetime.now(UTC) + RENEWED_BEFORE_END
    return certificate.issuer == authority.subject and list(found) == names and ends_late


def _builder(
    common_name: str, issuer: x509.Name | None, key: Key, life: timedelta
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_APART)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _make_authority(names: list[x509.GeneralName]) -> tuple[x509.Certificate, Key]:
    key = ec.generate_private_key(ec.SECP256R1())
    # Its own name each time, so that a browser does not take a new one for an old one.
    common_name = f"KubeVision authority of {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    builder = (
        _builder(common_name, None, key, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(
            x509.NameConstraints(permitted_subtrees=_constraints(names), excluded_subtrees=None),
            critical=True,
        )
    )
    return builder.sign(key, hashes.SHA256()), key


def _make_certificate(
    names: list[x509.GeneralName], authority: x509.Certificate, authority_key: Key
) -> tuple[x509.Certificate, Key]:
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    builder = (
        _builder(str(names[0].value), authority.subject, key, CERTIFICATE_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(own, critical=False)
    )
    return builder.sign(authority_key, hashes.SHA256()), key


def _read(folder: Path, name: str) -> tuple[x509.Certificate, Key] | None:
    """Return a certificate and its key; None unless both are there."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    if not (certificate.is_file() and key.is_file()):
        return None
    read = load_pem_private_key(key.read_bytes(), password=None)
    assert isinstance(read, Key)
    return x509.load_pem_x509_certificate(certificate.read_bytes()), read


def _write(folder: Path, name: str, certificate: x509.Certificate, key: Key) -> None:
    # A start killed in between leaves a key without its certificate: both are made again then.
    (folder / f"{name}.pem").unlink(missing_ok=True)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    whole_files.write(folder / f"{name}.key", private)
    whole_files.write(
        folder / f"{name}.pem", certificate.public_bytes(Encoding.PEM), whole_files.EVERYBODY
    )


def main() -> None:
    """Make what the command line and PUBLIC_ORIGINS name."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("authority_folder", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    for name in make(
        options.authority_folder, options.folder, names_of(os.environ["PUBLIC_ORIGINS"])
    ):
        print(f"made the {name}")


if __name__ == "__main__":
    main()
