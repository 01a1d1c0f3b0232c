"""A manifest for tests: a machine of two disks, each field changed by keyword."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import DiskRecord, Manifest, TapePart
from ansible_collections.kyotsu.platform.plugins.module_utils.state import ObservedDisk, ObservedMachine, ObservedNic

GIBIBYTE = 2**30


def make_observed(**fields: Any) -> ObservedMachine:
    """The machine as vCenter tells it: a system disk of 30 GiB, one of 20 GiB for data, one interface."""
    usual: dict[str, Any] = {
        "reference": "vm-1",
        "instance_uuid": "0c4b6a1e-5c1b-5d7e-9b2f-1f2f3f4f5f6f",
        "name": "s01-db01",
        "folder": "internet/s01",
        "cluster": "cluster-a",
        "resource_pool": "standard",
        "host": "cluster-a-esx01",
        "is_template": False,
        "guest_id": "debian12_64Guest",
        "cpu": 2,
        "memory_mb": 4096,
        "disks": (
            ObservedDisk(
                device_key=2000, unit_number=0, controller_key=1000, size_gb=30.0, datastore="fast-01", path="a.vmdk"
            ),
            ObservedDisk(
                device_key=2001,
                unit_number=1,
                controller_key=1000,
                size_gb=20.0,
                datastore="standard-01",
                path="b.vmdk",
            ),
        ),
        "nics": (ObservedNic(device_key=4000, port_group="pg-a", mac="00:50:56:12:00:32", connected=True),),
        "notes": "",
        "tags": {},
        "attributes": {},
        "power": "on",
        "change_version": "1",
        "snapshots": 0,
    }
    return ObservedMachine(**{**usual, **fields})


def make_manifest(**fields: Any) -> Manifest:
    """A manifest of that machine."""
    usual: dict[str, Any] = {
        "backup": "s01-db-1-20261124T010000Z",
        "machine_key": "s01-db-1",
        "machine_name": "s01-db01",
        "system": "s01",
        "instance_uuid": make_observed().instance_uuid,
        "taken_at": "2026-11-24T01:00:00Z",
        "commit": "0" * 40,
        "machine_yaml": "key: s01-db-1\n",
        "vcenter": asdict(make_observed()),
        "disks": (
            DiskRecord(name="disk0", key=2000, capacity_bytes=30 * GIBIBYTE, size_bytes=1000, sha256="a" * 64),
            DiskRecord(name="disk1", key=2001, capacity_bytes=20 * GIBIBYTE, size_bytes=2000, sha256="b" * 64),
        ),
        "tapes": (TapePart(barcode="KYT001L8", pool="lgwan-c3-onsite"),),
        "key_id": "lgwan-g1",
        "compression": "lzo",
        "software": (),
        "chain_head": f"0:{'0' * 64}",
        "quiesced": True,
    }
    return Manifest(**{**usual, **fields})
