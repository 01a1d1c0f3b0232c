"""A disk from tape unpacked, and files taken out of it without mounting it."""

from __future__ import annotations

import io
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.restore.disk_files import (
    NoSuchFile,
    ext_offsets,
    take_files,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.stream_vmdk import NotAStream, unpack

SECTOR, GRAIN = 512, 64 * 1024


def packed(raw: bytes) -> bytes:
    """A stream-optimized VMDK of a disk, written here by the format's text and not by the code that reads it."""
    header = struct.pack(
        "<IIIQQQQIQQQ", 0x564D444B, 3, 1 | 1 << 16 | 1 << 17, len(raw) // SECTOR, 128, 1, 1, 512, 0, 2**64 - 1, 2
    )
    out = header.ljust(SECTOR, b"\0") + b"# descriptor".ljust(SECTOR, b"\0")
    for position in range(0, len(raw), GRAIN):
        content = raw[position : position + GRAIN]
        if content.strip(b"\0"):
            body = zlib.compress(content.ljust(GRAIN, b"\0"))
            out += pad(struct.pack("<QI", position // SECTOR, len(body)) + body)
    out += marker(4, 1) + bytes(4 * SECTOR)  # a table
    out += marker(1, 2) + bytes(SECTOR)  # the directory
    out += marker(1, 3) + header.ljust(SECTOR, b"\0")  # the footer
    return out + marker(0, 0)


def pad(content: bytes) -> bytes:
    return content + bytes(-len(content) % SECTOR)


def marker(sectors: int, kind: int) -> bytes:
    return pad(struct.pack("<QII", sectors, 0, kind))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An ext4 file system with two files."""
    folder = tmp_path_factory.mktemp("ext")
    (folder / "root" / "etc").mkdir(parents=True)
    (folder / "root" / "etc" / "name").write_text("s13\n", encoding="utf-8")
    (folder / "root" / "a b").write_bytes(bytes(range(256)) * 400)
    image = folder / "image"
    command = ["mkfs.ext4", "-q", "-d", str(folder / "root"), str(image), "4M"]
    subprocess.run(command, check=True, capture_output=True)
    return image.read_bytes()


def test_a_disk_is_unpacked_to_what_it_was(system: bytes, tmp_path: Path) -> None:
    target = tmp_path / "raw"
    with target.open("w+b") as stream:
        assert unpack(io.BytesIO(packed(system)), stream) == len(system)
    assert target.read_bytes() == system


@pytest.mark.parametrize("end", [100, 511, 1024, 5000, -1, -600])
def test_a_stream_that_is_cut_off_is_no_disk(system: bytes, end: int) -> None:
    with pytest.raises(NotAStream):
        unpack(io.BytesIO(packed(system)[:end]), io.BytesIO())


def test_what_is_no_stream_is_refused(system: bytes) -> None:
    with pytest.raises(NotAStream, match="no stream-optimized VMDK"):
        unpack(io.BytesIO(system), io.BytesIO())
    broken = bytearray(packed(system))
    broken[2 * SECTOR + 20] ^= 0xFF
    with pytest.raises(NotAStream):
        unpack(io.BytesIO(bytes(broken)), io.BytesIO())


def test_files_come_out_of_a_whole_disk_and_of_a_partition(system: bytes, tmp_path: Path) -> None:
    mbr = bytearray(2048 * SECTOR)
    mbr[446 + 8 : 446 + 16] = struct.pack("<II", 2048, len(system) // SECTOR)
    mbr[510:512] = b"\x55\xaa"
    for name, content, offset in (("whole", system, 0), ("parted", bytes(mbr) + system, 2048 * SECTOR)):
        disk = tmp_path / name
        disk.write_bytes(content)
        with disk.open("rb") as stream:
            assert ext_offsets(stream) == [offset]
        first, second = take_files(disk, ["/etc/name", "/a b"], tmp_path / f"{name}-files")
        assert first.read_text(encoding="utf-8") == "s13\n"
        assert second.read_bytes() == bytes(range(256)) * 400
        assert disk.read_bytes() == content  # only read


def test_what_is_not_there_is_named(system: bytes, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(system)
    for path in ("/nothing", "relative", "/../up"):
        with pytest.raises(NoSuchFile):
            take_files(disk, [path], tmp_path / "files")
    disk.write_bytes(bytes(1 << 20))
    with pytest.raises(NoSuchFile, match="no ext2, ext3 or ext4"):
        take_files(disk, ["/etc/name"], tmp_path / "files")
