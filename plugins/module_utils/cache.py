"""The valid model of the last load, kept as JSON so that the next command starts in milliseconds.

The cache is only ever a copy: when anything about it is odd (other key, cut short, altered, unreadable) it is a miss.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

NAME = "estate.json"


def read(directory: Path, key: str) -> bytes | None:
    """The body stored under this key, or None."""
    try:
        content = (directory / NAME).read_bytes()
    except OSError:
        return None
    header, _, body = content.partition(b"\n")
    return body if header == _header(key, body) else None


def write(directory: Path, key: str, body: bytes) -> None:
    """Store the body in one step, mode 0600. A folder that cannot be written costs time, never the run."""
    with contextlib.suppress(OSError):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{NAME}.", dir=directory)  # mode 0600
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(_header(key, body) + b"\n" + body)
            temporary.replace(directory / NAME)
        finally:
            temporary.unlink(missing_ok=True)


def _header(key: str, body: bytes) -> bytes:
    return f"{key} {hashlib.sha256(body).hexdigest()}".encode()
