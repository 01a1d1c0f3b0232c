"""The lab's own certificate authority and server certificates.

Made with the `cryptography` package, which ansible-core requires anyway. The authority's key stays in the lab's folder
(mode 0600) and dies with it on lab-down.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.files import write_atomically

_VALID_DAYS = 825
_RENEW_BEFORE_DAYS = 30


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key, as PEM files."""

    certificate_file: Path
    key_file: Path


def ensure_authority(folder: Path, lab_name: str) -> Certificate:
    """Make the authority if it is missing or about to end."""
    files = Certificate(folder / "ca.pem", folder / "ca.key")
    if _is_valid(files):
        return files
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Lab {lab_name} certificate authority")
    builder = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    _write(files, key, builder.sign(key, hashes.SHA256()))
    return files


def ensure_server_certificate(
    folder: Path, names: list[str], authority: Certificate, *, also_client: bool = False
) -> Certificate:
    """Make a server certificate for 127.0.0.1, localhost and `names` if it is missing, foreign or about to end.

    `also_client`: its owner may prove with it who it is when it connects to others.
    """
    files = Certificate(folder / "server.pem", folder / "server.key")
    issuer = _load(authority.certificate_file)
    if _is_valid(files) and _is_issued_by(files, issuer):
        return files
    issuer_key = serialization.load_pem_private_key(authority.key_file.read_bytes(), password=None)
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{authority.key_file}: not a key of this lab")
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, *([ExtendedKeyUsageOID.CLIENT_AUTH] if also_client else [])]
    alternative = [x509.IPAddress(IPv4Address("127.0.0.1")), *(x509.DNSName(name) for name in ["localhost", *names])]
    builder = (
        _builder(_name(names[0]), issuer.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    _write(files, key, builder.sign(issuer_key, hashes.SHA256()))
    return files


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=_VALID_DAYS))
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
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


def _write(files: Certificate, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_atomically(files.key_file, private)
    write_atomically(files.certificate_file, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _is_valid(files: Certificate) -> bool:
    if not files.certificate_file.exists() or not files.key_file.exists():
        return False
    ends = _load(files.certificate_file).not_valid_after_utc
    return ends - datetime.now(UTC) > timedelta(days=_RENEW_BEFORE_DAYS)


def _is_issued_by(files: Certificate, issuer: x509.Certificate) -> bool:
    try:
        _load(files.certificate_file).verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, ValueError):  # another issuer, another kind of key, another name
        return False
    return True
