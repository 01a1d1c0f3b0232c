"""The manifest of one backup: written to the tape itself and into the records. Pure.

Whoever has only tapes and the paper key reads here what is on them, what it must be equal to, and with which software
it was written. The format is versioned and closed; docs/reference/manifest.schema.json is made from these types.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import msgspec

VERSION = 1
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Time = Annotated[str, msgspec.Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?Z$")]
Bytes = Annotated[int, msgspec.Meta(ge=0)]
MOST_BYTES = 16 * 2**20


class ManifestUnreadable(Exception):
    """The content is no manifest of a version that this code knows, or was changed; the message says where."""


class _Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base: no field that the schema does not know."""


class DiskRecord(_Closed, frozen=True, kw_only=True):
    """One disk. `stored` false: it was unchanged, and `same_as` names the backup that holds it."""

    name: str
    key: int
    capacity_bytes: Bytes
    size_bytes: Bytes  # of the stream on tape before compression
    sha256: Sha256
    stored: bool = True
    same_as: str | None = None


class TapePart(_Closed, frozen=True, kw_only=True):
    """One tape of the copy, in their order."""

    barcode: str
    pool: str


class Software(_Closed, frozen=True, kw_only=True):
    """One program that took part, so that a reader in ten years knows what to look for."""

    name: str
    version: str


class FileHashes(_Closed, frozen=True, kw_only=True):
    """A list of hashes taken inside the guest before the snapshot; `sha256` is that of the list."""

    path: str
    entries: int
    sha256: Sha256


class Manifest(_Closed, frozen=True, kw_only=True):
    """One backup of one machine. Times are UTC; `backup` is its name: machine key and moment.

    `machine_yaml` is the machine's part of its system file at `commit`; `vcenter` the configuration that vCenter gave,
    as JSON values. `chain_head`: head of the records' chain when it was written (ID:HASH), an anchor.
    """

    version: Literal[1] = 1
    backup: str
    machine_key: str
    machine_name: str
    system: str
    instance_uuid: str
    taken_at: Time
    commit: str
    machine_yaml: str
    vcenter: dict[str, Any]
    disks: tuple[DiskRecord, ...]
    tapes: tuple[TapePart, ...]
    key_id: str | None
    compression: str
    software: tuple[Software, ...]
    chain_head: str
    quiesced: bool
    file_hashes: tuple[FileHashes, ...] = ()
    opaque: bool = False  # bytes of disks only: nothing inside the guest was looked at


def write_manifest(manifest: Manifest) -> bytes:
    """Canonical bytes: keys in the order of the format, sorted inside vCenter's values, one line end at the end."""
    _check(manifest)
    return msgspec.json.encode(manifest, order="deterministic") + b"\n"


def manifest_digest(content: bytes) -> str:
    """SHA-256 of a manifest as written; what the records keep."""
    return hashlib.sha256(content).hexdigest()


def read_manifest(content: bytes, *, digest: str | None = None) -> Manifest:
    """Read a manifest; with the digest of the records also prove that it is the one that was written."""
    if len(content) > MOST_BYTES:
        raise ManifestUnreadable(f"the manifest has {len(content)} bytes, more than {MOST_BYTES}")
    if digest is not None and manifest_digest(content) != digest:
        raise ManifestUnreadable("the manifest is not the one that the records know (SHA-256 differs): do not trust it")
    try:
        version = msgspec.json.decode(content, type=dict[str, Any]).get("version")
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise ManifestUnreadable(f"the manifest is no JSON: {error}") from None
    if version != VERSION:
        raise ManifestUnreadable(f"the manifest has version {version!r}, this code reads {VERSION}: use a newer one")
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.ValidationError as error:
        raise ManifestUnreadable(f"the manifest does not have the form of version {VERSION}: {error}") from None
    _check(manifest)
    return manifest


def compare_disks(manifest: Manifest, found: dict[str, tuple[int, str]]) -> list[str]:
    """Differences between a manifest and restored disks: (size in bytes, SHA-256) by disk name. Empty: equal."""
    wrong = []
    for disk in manifest.disks:
        if disk.name not in found:
            wrong.append(f"{disk.name}: was not restored")
            continue
        size, sha256 = found[disk.name]
        if size != disk.size_bytes:
            wrong.append(f"{disk.name}: {size} bytes instead of {disk.size_bytes}")
        elif sha256 != disk.sha256:
            wrong.append(f"{disk.name}: SHA-256 differs")
    known = {disk.name for disk in manifest.disks}
    wrong += [f"{name}: is not in the manifest" for name in sorted(set(found) - known)]
    return wrong


def manifest_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the format."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:kyotsu:manifest:{VERSION}"}
    return msgspec.json.decode(msgspec.json.encode(head | msgspec.json.schema(Manifest)), type=dict[str, Any])


def _check(manifest: Manifest) -> None:
    names = [disk.name for disk in manifest.disks]
    if len(names) != len(set(names)):
        raise ManifestUnreadable(f"{manifest.backup}: two disks have one name")
    for disk in manifest.disks:
        if disk.stored == (disk.same_as is not None):
            raise ManifestUnreadable(f"{manifest.backup}: {disk.name} must either be stored or name what it equals")
    if not manifest.tapes:
        raise ManifestUnreadable(f"{manifest.backup}: names no tape")
