"""A disk as it lies on tape (stream-optimized VMDK) to a raw file, sparse. Pure: it reads and writes what it is given.

VMware Virtual Disk Format 5.0, "Stream-Optimized Compressed Sparse Extents": a header, then grains that are each
compressed, tables between them, a footer, and a marker for the end. Numbers are little-endian, sectors are 512 bytes.
"""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

SECTOR = 512
_MAGIC = 0x564D444B  # KDMV
_COMPRESSED, _MARKERS = 1 << 16, 1 << 17
# magic, version, flags, capacity, grain size, descriptor offset and size, entries per table, two directories, overhead
_HEADER = struct.Struct("<IIIQQQQIQQQ")
_END, _FOOTER = 0, 3
_MOST_GRAIN = 16 * 2**20


class NotAStream(Exception):
    """The content is no stream-optimized VMDK, or it is cut off."""


def unpack(source: BinaryIO, target: BinaryIO) -> int:
    """Write the disk into `target` (seekable, empty) and give its capacity in bytes. Holes stay holes."""
    first = _exactly(source, SECTOR)
    magic, _, flags, capacity, grain, _, _, _, _, _, overhead = _HEADER.unpack_from(first)
    if magic != _MAGIC or not flags & _COMPRESSED or not flags & _MARKERS:
        raise NotAStream("it is no stream-optimized VMDK")
    if not 0 < grain * SECTOR <= _MOST_GRAIN or overhead < 1:
        raise NotAStream(f"its grains of {grain} sectors cannot be read")
    _exactly(source, (overhead - 1) * SECTOR)
    target.truncate(capacity * SECTOR)
    while True:
        head = _exactly(source, SECTOR)
        value, size = struct.unpack_from("<QI", head)
        if size:
            rest = max(0, 12 + size - SECTOR)
            body = head[12:] + _exactly(source, -(-rest // SECTOR) * SECTOR)
            _grain(target, value, body[:size], grain * SECTOR, capacity * SECTOR)
            continue
        kind = struct.unpack_from("<I", head, 12)[0]
        if kind == _END:
            return int(capacity * SECTOR)
        _exactly(source, SECTOR if kind == _FOOTER else value * SECTOR)


def _grain(target: BinaryIO, sector: int, packed: bytes, largest: int, capacity: int) -> None:
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(packed, largest)
    except zlib.error as error:
        raise NotAStream(f"the grain at sector {sector} cannot be unpacked: {error}") from error
    if not unpacker.eof or sector * SECTOR >= capacity:
        raise NotAStream(f"the grain at sector {sector} is larger than a grain, or lies behind the end")
    target.seek(sector * SECTOR)
    target.write(content[: capacity - sector * SECTOR])


def _exactly(source: BinaryIO, size: int) -> bytes:
    content = source.read(size)
    if len(content) != size:
        raise NotAStream("the stream is cut off")
    return content
