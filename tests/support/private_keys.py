"""Whether a private key stands in a file of a lab where none belongs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

# Folders whose content is there to be secret: passwords, keys of administrators, mirrors and of the lab's authority.
_SECRET_FOLDERS = ("secrets", "namespaces")
# A server's own key beside its certificate, and the disks of guests with the host key that each has made.
_SECRET_SUFFIXES = (".key", ".vmdk")
# Line of an Ed25519 key file (OpenSSH's format, no pass phrase) that holds the secret; those before are public, or the
# same in every file.
SECRET_LINE = 5
TELL_SECRET_LINE = f"sudo sed -n {SECRET_LINE}p /etc/ssh/ssh_host_ed25519_key"


def secret_line(file: Path) -> str:
    """The line of a key file of this machine that holds the secret."""
    return file.read_text(encoding="utf-8").splitlines()[SECRET_LINE - 1]


def open_files(root: Path) -> list[Path]:
    """Every file of a lab that is not there to be secret, or a disk."""
    return [
        path
        for path in root.rglob("*")
        if path.is_file() and path.parent.name not in _SECRET_FOLDERS and path.suffix not in _SECRET_SUFFIXES
    ]


def with_private_key(files: Iterable[Path], keys: Iterable[str]) -> list[Path]:
    """The files that hold one of the lines of private keys, or the head of any."""
    wanted = [b"PRIVATE KEY", *(key.encode() for key in keys)]
    assert all(len(each) > 40 for each in wanted[1:])
    return [path for path in files if holds(path.read_bytes(), wanted)]


def holds(content: bytes, wanted: Iterable[bytes]) -> bool:
    """Whether one of the words stands in it."""
    return any(each in content for each in wanted)
