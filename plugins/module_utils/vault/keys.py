"""Key pairs of tapes: made, put on paper, read back from paper. A private key is a file of mode 0600, never text."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import NameOID

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.key_paper import (
    KeyPaperUnreadable,
    join_parts,
    key_parts,
    lock_key,
    new_passphrase,
    unlock_key,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.shares import join_sheets, split_passphrase
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import KeyEscrow
from ansible_collections.kyotsu.platform.plugins.module_utils.papers.keys import (
    EscrowSheet,
    escrow_pages,
    key_page,
    passphrase_page,
)

_BITS = 3072  # CRYPTREC: RSA of 3072 bits is good beyond 2030
_YEARS = 30  # as long as a tape may have to be read; the date is not checked when tapes are


class KeyRefused(Exception):
    """A key file or paper cannot be used; the message is one line, says what to do, and holds nothing secret."""


@dataclass(frozen=True, slots=True)
class Printed:
    """Papers of a key: `parts` QR codes; `files` of mode 0600 that are deleted once they are printed."""

    parts: int
    files: tuple[Path, ...]


def ensure_key_pair(file: Path, name: str) -> bool:
    """Make a key pair with its certificate, as Bacula's `PKI Keypair` takes it; give whether it is new."""
    if file.exists():
        return False
    certificate, private = new_key_pair(name)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_secret(file, certificate + private)
    return True


def new_key_pair(name: str) -> tuple[bytes, bytes]:
    """(certificate, private key) in PEM; in one file, in this order, Bacula takes them as `PKI Keypair`."""
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
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def rotate(file: Path, old_id: str, new_name: str) -> Path:
    """Put a new key pair in place of one, which stays beside it under its id; give where the old one is.

    After a kill the same call goes on: the old key is moved before the new one is made, and never overwritten.
    """
    kept = file.with_name(f"{old_id}.pem")
    if not kept.exists():
        if not file.exists():
            raise KeyRefused(f"{file}: there is no key to take the place of")
        file.rename(kept)
    ensure_key_pair(file, new_name)
    return kept


def fingerprint(file: Path) -> str:
    """SHA-256 of the public key (SubjectPublicKeyInfo, DER): what paper, records and the key in use must agree on."""
    return _fingerprint(_private(file, _content(file)))


def print_key(templates: Path, file: Path, key_id: str, rule: KeyEscrow, *, folder: Path, made_on: date) -> Printed:
    """Write envelope A (locked key), envelope B (words) and the escrow sheets, each a page for a printer of its own.

    Every call takes new words and new sheets: those of an earlier print no longer belong to this paper.
    """
    key = _private(file, _content(file))
    phrase = new_passphrase()
    locked = lock_key(key_id, _pem(key), phrase)
    words = split_passphrase(phrase, needed=rule.needed, sheets=rule.sheets)
    pages = {
        "A": key_page(templates, locked, _fingerprint(key), made_on),
        "B": passphrase_page(templates, locked, phrase, made_on),
    }
    for number, (text, site) in enumerate(zip(words, sheet_sites(rule), strict=True), 1):
        sheet = EscrowSheet(number, site, text)
        pages[f"sheet-{number}"] = escrow_pages(templates, locked, [sheet], rule.needed, made_on)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = []
    for name, text in pages.items():
        files.append(folder / f"{key_id}-{name}.html")
        write_secret(files[-1], text.encode())
    return Printed(len(key_parts(locked)), tuple(files))


def sheet_sites(rule: KeyEscrow) -> tuple[str, ...]:
    """Where each sheet goes: as many to each place, so that no place alone opens a key and one may burn down."""
    if not rule.sites:
        raise KeyRefused("key_escrow in platform/backup.yml names no sites: add two that are neither vault nor library")
    return tuple(rule.sites[number * len(rule.sites) // rule.sheets] for number in range(rule.sheets))


def key_from_paper(codes: Sequence[str], phrase: str) -> tuple[str, bytes]:
    """(key id, private key in PEM) from the QR codes of envelope A and the words. KeyPaperUnreadable else."""
    locked = join_parts([line for line in codes if line.strip()])
    return locked.key_id, unlock_key(locked, phrase)


def drill(codes: Sequence[str], phrase: str, sheets: Mapping[int, str], expected: str) -> tuple[str, bytes]:
    """Read both envelopes and some escrow sheets back; give key id and private key.

    Raises KeyPaperUnreadable where paper, words or sheets do not give the key whose fingerprint is `expected`.
    """
    name, by_words = key_from_paper(codes, phrase)
    _, by_sheets = key_from_paper(codes, join_sheets(list(sheets.values())))
    for pem, how in ((by_words, "envelope B"), (by_sheets, "the escrow sheets")):
        if fingerprint_of(pem) != expected:
            raise KeyPaperUnreadable(f"{name}: {how} open another key than the records know; print the papers anew")
    return name, by_words


def fingerprint_of(pem: bytes) -> str:
    """The same for a private key that is not in a file."""
    return _fingerprint(serialization.load_pem_private_key(pem, password=None))


def write_secret(file: Path, content: bytes) -> None:
    """Write a file of mode 0600 that is complete or absent. It is never written over another one's secret."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    fresh.replace(file)


def _content(file: Path) -> bytes:
    try:
        if file.stat().st_mode & 0o077:
            raise KeyRefused(f"{file}: others can read it: chmod 600 {file}, and make a new key if it lay open")
        return file.read_bytes()
    except OSError as error:
        raise KeyRefused(f"{file}: {error.strerror}") from error


def _private(file: Path, content: bytes) -> PrivateKeyTypes:
    try:
        return serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise KeyRefused(f"{file}: holds no unencrypted private key in PEM") from error


def _fingerprint(key: PrivateKeyTypes) -> str:
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return f"SHA256:{hashlib.sha256(public).hexdigest()}"


def _pem(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
