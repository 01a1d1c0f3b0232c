"""Put a mounted file system into a guest that already runs."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

from lab.errors import LabError

_SYS_OPEN_TREE, _SYS_MOVE_MOUNT = 428, 429  # the same on every architecture
_AT_FDCWD = -100
_OPEN_TREE_CLONE, _OPEN_TREE_CLOEXEC = 1, os.O_CLOEXEC
_MOVE_MOUNT_F_EMPTY_PATH = 4
_CLONE_NEWNS = 0x00020000


def mount_inside(pid: int, source: Path, place: str) -> None:
    """Mount what is mounted at `source` also at `place` in the mount namespace of a process."""
    libc = ctypes.CDLL(None, use_errno=True)
    tree = libc.syscall(_SYS_OPEN_TREE, _AT_FDCWD, os.fsencode(source), _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC)
    if tree < 0:
        raise LabError(f"{source} cannot be handed over: {os.strerror(ctypes.get_errno())}")

    def move() -> int:
        os.makedirs(place, exist_ok=True)
        return int(libc.syscall(_SYS_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(place), _MOVE_MOUNT_F_EMPTY_PATH))

    try:
        if not _inside(pid, move):
            raise LabError(f"the disk cannot be mounted at {place} of the running guest")
    finally:
        os.close(tree)


def unmount_inside(pid: int, place: str) -> bool:
    """Take a mount away from a guest that runs; give whether it was possible: what is in use stays."""
    return _inside(pid, lambda: int(ctypes.CDLL(None).umount2(os.fsencode(place), 0)))


def _inside(pid: int, work: Callable[[], int]) -> bool:
    """Do something in the mount namespace of a process; give whether it answered 0."""
    libc = ctypes.CDLL(None)
    namespace = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
    child = os.fork()
    if child == 0:
        # A process of one thread, which may change its mount namespace; it ends without Python's clean-up.
        code = 1
        try:
            if libc.setns(namespace, _CLONE_NEWNS) == 0 and work() == 0:
                code = 0
        finally:
            os._exit(code)
    os.close(namespace)
    return os.waitpid(child, 0)[1] == 0
