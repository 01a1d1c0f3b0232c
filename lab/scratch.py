"""Folders for one use in the system's temporary folder: gone afterwards, also those of a process that was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Between its making and its lock a folder looks like one that was left behind.
_NEW_SECONDS = 60


@contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """A folder whose name begins with `prefix`, which no other kind of folder has.

    Its process holds a lock on it, which ends with the process, however that ends: what a killed one left is taken away
    by the next that asks for the same prefix. So nothing may live in it that outlives its process, such as a lab.
    """
    _take_away_what_is_left(prefix)
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        # A child at its end may still write into it: what remains of it is left behind, and taken away as such.
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _take_away_what_is_left(prefix: str) -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:  # gone since it was listed, no folder, or another user's
            continue
        try:
            status = os.fstat(descriptor)
            if status.st_uid == os.getuid() and time.time() - status.st_mtime > _NEW_SECONDS:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass  # its process lives
        finally:
            os.close(descriptor)
