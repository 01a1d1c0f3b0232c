"""The manifest of one backup from what vCenter said, what the streams measured and which tapes they went to. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.choose import Item
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import (
    DiskRecord,
    Manifest,
    Software,
    TapePart,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredDisk:
    """One disk, in the order of the streams. `bytes` and `sha256` are of its stream.

    `same_as`: name of the backup that holds the bytes; None: this one.
    """

    device_key: int
    capacity_bytes: int
    bytes: int
    sha256: str
    same_as: str | None = None


def backup_name(machine_key: str, taken_at: datetime) -> str:
    """How a backup is called: the machine's permanent key and the moment of its snapshot, UTC."""
    return f"{machine_key}-{taken_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def manifest_of(
    item: Item,
    *,
    taken_at: datetime,
    quiesced: bool,
    disks: Sequence[MeasuredDisk],
    tapes: Sequence[str],
    hardware: Mapping[str, Any],
    commit: str,
    machine_yaml: str,
    chain_head: str,
    software: Sequence[Software],
) -> Manifest:
    """The manifest; `tapes` are those known until it is written, for it is the last stream of its job."""
    seen = dict(msgspec.to_builtins(item.observed))
    return Manifest(
        backup=backup_name(item.machine.key, taken_at),
        machine_key=item.machine.key,
        machine_name=item.machine.name,
        system=item.system.id,
        instance_uuid=item.instance_uuid,
        taken_at=f"{taken_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
        commit=commit,
        machine_yaml=machine_yaml,
        vcenter=seen | dict(hardware),
        disks=tuple(
            DiskRecord(
                name=f"disk{number}",
                key=disk.device_key,
                capacity_bytes=disk.capacity_bytes,
                size_bytes=disk.bytes,
                sha256=disk.sha256,
                stored=disk.same_as is None,
                same_as=disk.same_as,
            )
            for number, disk in enumerate(disks)
        ),
        tapes=tuple(TapePart(barcode=tape, pool=item.pool) for tape in tapes),
        key_id=item.key_id,
        compression=item.compression.lower() or "none",
        software=tuple(software),
        chain_head=chain_head,
        quiesced=quiesced,
        # Nothing inside the guest was looked at: these are the bytes of its disks.
        opaque=True,
    )
