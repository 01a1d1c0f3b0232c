"""Single files out of a raw disk that is neither mounted nor booted: its file system is only read (debugfs)."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

SECTOR = 512
_EXT_MAGIC_AT, _EXT_MAGIC = 1024 + 56, b"\x53\xef"
_MBR_ENTRIES_AT, _MBR_ENTRY, _MBR_ENTRIES = 446, 16, 4
_GPT_ENTRY = struct.Struct("<16s16sQQ")
_SECONDS = 600


class NoSuchFile(Exception):
    """The disk has no file system that is read here, or the file is not in it."""


def ext_offsets(disk: BinaryIO) -> list[int]:
    """Where ext2, ext3 and ext4 file systems begin: the whole disk, or its partitions (MBR, GPT); bytes."""
    return [offset for offset in (0, *_partitions(disk)) if _is_ext(disk, offset)]


def take_files(disk: Path, paths: list[str], folder: Path) -> list[Path]:
    """Copy files of a disk into a folder, under their whole path; give them. NoSuchFile names the first missing one."""
    with disk.open("rb") as stream:
        offsets = ext_offsets(stream)
    if not offsets:
        raise NoSuchFile(
            f"{disk.name}: no ext2, ext3 or ext4 file system, neither whole nor in a partition (LVM, XFS, "
            "NTFS: restore the machine beside its original and attach the disk)"
        )
    return [_take(disk, offsets, path, folder) for path in paths]


def _take(disk: Path, offsets: list[int], path: str, folder: Path) -> Path:
    if not path.startswith("/") or '"' in path or "\n" in path:
        raise NoSuchFile(f"{path!r}: give the path in its file system, beginning with /")
    target = folder / path.lstrip("/")
    if ".." in target.relative_to(folder).parts:
        raise NoSuchFile(f"{path}: '..' is no part of a path here")
    target.parent.mkdir(parents=True, exist_ok=True)
    said = ""
    for offset in offsets:
        image = f"{disk}?offset={offset}" if offset else str(disk)
        done = subprocess.run(
            ["debugfs", "-R", f'dump -p "{path}" "{target}"', image],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        said = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
        if target.exists():
            return target
    raise NoSuchFile(f"{path}: {said or 'not found'}")


def _partitions(disk: BinaryIO) -> Iterator[int]:
    disk.seek(0)
    first = disk.read(2 * SECTOR)
    if len(first) < 2 * SECTOR or first[510:512] != b"\x55\xaa":
        return
    if first[SECTOR : SECTOR + 8] == b"EFI PART":
        entries_at, count, size = struct.unpack_from("<QII", first, SECTOR + 72)
        disk.seek(entries_at * SECTOR)
        table = disk.read(min(count, 128) * size)
        for number in range(len(table) // size if size >= _GPT_ENTRY.size else 0):
            kind, _, start, _ = _GPT_ENTRY.unpack_from(table, number * size)
            if any(kind):
                yield start * SECTOR
        return
    for number in range(_MBR_ENTRIES):
        start, length = struct.unpack_from("<II", first, _MBR_ENTRIES_AT + number * _MBR_ENTRY + 8)
        if length:
            yield start * SECTOR


def _is_ext(disk: BinaryIO, offset: int) -> bool:
    disk.seek(offset + _EXT_MAGIC_AT)
    return disk.read(2) == _EXT_MAGIC
