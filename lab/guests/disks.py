"""Disks of guests: sparse files with an ext4 file system each, mounted in the manager's mount namespace."""

from __future__ import annotations

import os
import shutil
from fcntl import ioctl
from pathlib import Path

from lab.errors import LabError
from lab.guests.commands import run

_FIFREEZE = 0xC0045877
_FITHAW = 0xC0045878
_SUPERBLOCK = 1024  # where it stands in an ext file system
_MEBIBYTE = 1024 * 1024
_COPY_SECONDS = 300.0


class InUse(LabError):
    """The kernel does not let this process grow a file system that is mounted."""


def prepare(file: Path, size: int) -> None:
    """Make the file as large as `size` bytes (never smaller than it is) with a file system in it.

    Raises LabError for a file that holds something else: it is never formatted over.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab"):
        pass
    found = file.stat()
    if found.st_size < size:
        os.truncate(file, size)
    if _file_system_bytes(file):
        _grow_unmounted(file)
        return
    if found.st_blocks:
        raise LabError(f"{file} holds no ext4 file system that could be mounted, and is not empty")
    # Nothing is written that is zero anyway: the file stays sparse.
    options = "nodiscard,lazy_itable_init=1,lazy_journal_init=1"
    run(["mkfs.ext4", "-F", "-q", "-m", "0", "-J", "size=4", "-E", options, str(file)])


def _file_system_bytes(file: Path) -> int:
    """Give the size of the ext4 file system in a file, 0 if there is none."""
    with file.open("rb") as stream:
        stream.seek(_SUPERBLOCK)
        block = stream.read(64)
    if len(block) < 64 or block[56:58] != b"\x53\xef":
        return 0
    blocks, shift = int.from_bytes(block[4:8], "little"), int.from_bytes(block[24:28], "little")
    return blocks * (1024 << shift)


def _grow_unmounted(file: Path) -> None:
    if file.stat().st_size - _file_system_bytes(file) >= _MEBIBYTE:
        run(["e2fsck", "-f", "-p", str(file)], accepted=(0, 1))  # 1: it has corrected something
        run(["resize2fs", str(file)])


def mount(file: Path, place: Path) -> None:
    """Mount a file; its loop device goes with the mount. Nothing to do where something is mounted already."""
    place.mkdir(parents=True, exist_ok=True)
    if not os.path.ismount(place):
        run(["mount", "-t", "ext4", "-o", "loop,noatime,noinit_itable,nodiscard", str(file), str(place)])


def mount_root(image: Path, system: Path, place: Path) -> None:
    """Mount the guest's root: the shared image below, what the guest writes on its own system disk above."""
    for folder in ("upper", "work"):
        (system / folder).mkdir(exist_ok=True)
    (system / "upper").chmod(0o755)
    place.mkdir(parents=True, exist_ok=True)
    if not os.path.ismount(place):
        options = f"lowerdir={image},upperdir={system / 'upper'},workdir={system / 'work'}"
        run(["mount", "-t", "overlay", "-o", options, "overlay", str(place)])


def unmount(place: Path) -> None:
    """Unmount and remove the folder; nothing to do where nothing is mounted."""
    while os.path.ismount(place):
        run(["umount", str(place)])
    if place.exists():
        place.rmdir()


def grow_mounted(place: Path, file: Path, size: int) -> None:
    """Grow a file and the file system in it while it is mounted. Raises InUse where that takes a right we lack."""
    if file.stat().st_size < size:
        os.truncate(file, size)
    if file.stat().st_size - _file_system_bytes(file) < _MEBIBYTE:
        return
    device = _device_of(place)
    run(["losetup", "--set-capacity", device])
    try:
        run(["resize2fs", device])
    except LabError as error:
        if "Permission denied" in str(error):
            raise InUse(f"{file} cannot grow while it is mounted: CAP_SYS_RESOURCE is withheld here") from error
        raise


def _device_of(place: Path) -> str:
    wanted = os.fsencode(place).decode()
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[4] == wanted.replace(" ", "\\040"):
            return after.split()[1]
    raise LabError(f"nothing is mounted at {place}")


def freeze(place: Path, *, thaw: bool = False) -> None:
    """Write out a mounted file system and hold every writer, or let them go on."""
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        ioctl(descriptor, _FITHAW if thaw else _FIFREEZE, 0)
    finally:
        os.close(descriptor)


def copy(source: Path, target: Path) -> None:
    """Copy a disk file; only what is written in it is read, and nothing at all where the folder can share blocks."""
    fresh = target.with_name(f".{target.name}.new")
    run(["cp", "--reflink=auto", "--sparse=always", str(source), str(fresh)], seconds=_COPY_SECONDS)
    fresh.replace(target)


def usage(place: Path) -> tuple[int, int]:
    """Give size and free bytes of a mounted file system."""
    found = shutil.disk_usage(place)
    return found.total, found.free
