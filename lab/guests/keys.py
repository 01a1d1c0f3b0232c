"""The administrator's SSH key: a pair per lab, in its folder of secrets. Only the public half ever leaves it."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lab.files import write_atomically


def administrator_key(secrets: Path) -> Path:
    """Give the file of the private key; the public one stands beside it with .pub."""
    return secrets / "administrator"


def ensure_administrator_key(secrets: Path) -> Path:
    """Give the private key's file, and make the pair if there is none."""
    file = administrator_key(secrets)
    public_file = file.with_suffix(".pub")
    if file.exists() and public_file.exists():
        return file
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    write_atomically(file, private)
    write_atomically(public_file, public + b" administrator of the lab\n", mode=0o644)
    return file
