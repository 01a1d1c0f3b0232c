"""A virtual machine as the simulator tells it to the manager."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Disk:
    """A virtual disk: `file` holds its bytes (…-flat.vmdk in the datastore), `capacity` is what vCenter says, bytes."""

    key: int
    capacity: int
    file: Path


@dataclass(frozen=True)
class Nic:
    """A virtual interface."""

    mac: str
    port_group: str
    connected: bool


@dataclass(frozen=True)
class Machine:
    """A virtual machine. Disks and interfaces are in the order of their controllers and keys."""

    vcenter: str
    reference: str
    instance_uuid: str
    name: str
    guest_id: str
    power: str  # poweredOn | poweredOff | suspended
    cpu: int
    memory_mb: int
    guestinfo: dict[str, str]
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    snapshots: tuple[str, ...]

    @property
    def identity(self) -> str:
        """Name of the machine's folder and container."""
        return f"{self.vcenter}-{self.reference}"

    @property
    def is_linux(self) -> bool:
        """Windows and unknown systems have no guest."""
        return any(
            self.guest_id.lower().startswith(name) for name in ("debian", "ubuntu", "otherlinux", "other3", "other4")
        )

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Machine:
        """Read what the simulator sends."""
        return cls(
            vcenter=value["vcenter"],
            reference=value["reference"],
            instance_uuid=value["instance_uuid"].lower(),
            name=value["name"],
            guest_id=value["guest_id"],
            power=value["power"],
            cpu=value["cpu"],
            memory_mb=value["memory_mb"],
            guestinfo=value.get("guestinfo") or {},
            disks=tuple(Disk(each["key"], each["capacity"], Path(each["file"])) for each in value.get("disks") or ()),
            nics=tuple(Nic(each["mac"], each["port_group"], each["connected"]) for each in value.get("nics") or ()),
            snapshots=tuple(value.get("snapshots") or ()),
        )

    def metadata(self) -> dict[str, Any]:
        """Give guestinfo.metadata, decoded; empty if there is none or it is not ours to read."""
        try:
            value = json.loads(base64.b64decode(self.guestinfo.get("guestinfo.metadata", ""), validate=True))
        except (binascii.Error, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    def mount_of(self, position: int) -> str | None:
        """Give where the disk at a position (from 0) is mounted; None if nobody said so."""
        return "/" if position == 0 else self.guestinfo.get(f"guestinfo.kyotsu.disk{position}")
