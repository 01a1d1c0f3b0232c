"""The manifest of one backup from what vCenter said, what the streams measured and which tapes they went to. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

# (device key, capacity in bytes, bytes of the stream, SHA-256 of the stream) of each disk in the order of the streams.
Measured = tuple[int, int, int, str]


def backup_name(machine_key: str, taken_at: datetime) -> str:
    """How a backup is called: the machine's permanent key and the moment of its snapshot, UTC."""
    return f"{machine_key}-{taken_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def manifest_of(
    item: Item,
    *,
    taken_at: datetime,
    quiesced: bool,
    disks: Sequence[Measured],
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
            DiskRecord(name=f"disk{number}", key=key, capacity_bytes=capacity, size_bytes=size, sha256=sha256)
            for number, (key, capacity, size, sha256) in enumerate(disks)
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
