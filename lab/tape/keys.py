"""Encryption keys of the lab's clients: one pair per segment, and a master pair that opens every tape."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from lab.files import write_atomically

_BITS = 3072  # CRYPTREC: RSA of 3072 bits is good beyond 2030
_YEARS = 30  # as long as a tape may have to be read; the date is not checked when tapes are


def ensure_key_pair(folder: Path, name: str) -> Path:
    """Make a pair once; give `<name>.pem`, which holds certificate and private key as Bacula wants them together.

    `<name>.cert.pem` beside it is the certificate alone, which is all that a client needs of a master key.
    """
    pair = folder / f"{name}.pem"
    if pair.exists():
        return pair
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    write_atomically(folder / f"{name}.cert.pem", public, mode=0o644)
    write_atomically(pair, public + private)
    return pair
