"""Writes the list of the files that a backup by an agent must hold: each with its size and SHA-256, one JSON per line.

The agent runs it inside the machine right before it reads the files (`file_list.py FOLDER WHAT`), and the list is
written to tape with them. It stands alone, for Python 3.9 or newer: the machine has nothing of ours.
FOLDER/ID.jsonl becomes the list. WHAT is base64 of JSON: {"source": ID, "paths": […], "excludes": […]}. The line that
it prints is what the records keep: `file-list sha256=… files=… bytes=…`. What cannot be read ends it with exit code 1
and one line.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import stat
import sys
import time
from collections.abc import Iterator
from typing import Any

VERSION = 1
# Where it lies in the machine, and the folder for its lists there.
PROGRAM = "/usr/local/lib/kyotsu-backup/file_list.py"
LISTS = "/var/lib/kyotsu-backup"
_BLOCK = 1 << 20


def hashed(path: str) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def entries(paths: list[str], excludes: list[str]) -> Iterator[dict[str, Any]]:
    """One value per file and link below the paths, in a stable order; links are told, never followed.

    Folders are not told, nor sockets, devices and pipes: they have no content. Raises OSError for what cannot be read.
    """
    waiting = list(reversed(paths))
    while waiting:
        path = waiting.pop()
        if path in excludes:
            continue
        mode = os.lstat(path).st_mode
        if stat.S_ISDIR(mode):
            waiting += [os.path.join(path, name) for name in sorted(os.listdir(path), reverse=True)]
        elif stat.S_ISLNK(mode):
            yield {"link": path, "target": os.readlink(path)}
        elif stat.S_ISREG(mode):
            size, sha256 = hashed(path)
            yield {"file": path, "bytes": size, "sha256": sha256}


def write_list(folder: str, source: str, paths: list[str], excludes: list[str]) -> str:
    """Write the list of a source; give the line that tells of it. Raises OSError."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    target = os.path.join(folder, f"{source}.jsonl")
    head = {
        "version": VERSION,
        "source": source,
        "host": socket.gethostname(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "paths": paths,
        "excludes": excludes,
    }
    digest, files, size = hashlib.sha256(), 0, 0
    descriptor = os.open(f"{target}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        for value in _with_head(head, entries(paths, excludes)):
            # Escaped to ASCII: a name that is no UTF-8 keeps its bytes this way.
            line = json.dumps(value).encode() + b"\n"
            digest.update(line)
            stream.write(line)
            files += "file" in value
            size += value.get("bytes", 0)
    os.replace(f"{target}.new", target)
    return f"file-list sha256={digest.hexdigest()} files={files} bytes={size}"


def _with_head(head: dict[str, Any], values: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield head
    yield from values


def main(arguments: list[str]) -> int:
    """Entry point."""
    folder, what = arguments
    wanted = json.loads(base64.urlsafe_b64decode(what))
    try:
        print(write_list(folder, wanted["source"], wanted["paths"], wanted["excludes"]))
    except OSError as error:
        print(f"file-list failed: {error.filename}: {error.strerror}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
