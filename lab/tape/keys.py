"""Encryption keys of the lab's clients: one pair per segment, and a master pair that opens every tape."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.vault.keys import new_key_pair
from lab.files import write_atomically


def ensure_key_pair(folder: Path, name: str) -> Path:
    """Make a pair once; give `<name>.pem`, which holds certificate and private key as Bacula wants them together.

    `<name>.cert.pem` beside it is the certificate alone, which is all that a client needs of a master key.
    """
    pair = folder / f"{name}.pem"
    if pair.exists():
        return pair
    certificate, private = new_key_pair(name)
    write_atomically(folder / f"{name}.cert.pem", certificate, mode=0o644)
    write_atomically(pair, certificate + private)
    return pair
