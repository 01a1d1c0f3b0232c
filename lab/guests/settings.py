"""What a guest manager is started with, and where it keeps its things."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.files import read_json, write_json
from lab.paths import LabPaths


@dataclass(frozen=True)
class GuestPaths:
    """The folders of a lab's guests, below `.lab/<name>/guests/`."""

    root: Path

    @property
    def settings_file(self) -> Path:
        """What the manager is started with."""
        return self.root / "settings.json"

    @property
    def socket(self) -> Path:
        """Where the manager answers."""
        return self.root / "manager.sock"

    @property
    def log_file(self) -> Path:
        """Where the manager writes."""
        return self.root / "manager.log"

    @property
    def pid_file(self) -> Path:
        """Process id of the manager."""
        return self.root / "pid.json"

    @property
    def mount_namespace(self) -> Path:
        """The mount namespace in which all file systems of the guests are mounted, kept open by this file."""
        return self.root / "namespaces" / "mount"

    @property
    def mounts(self) -> Path:
        """Where file systems are mounted, in that namespace only."""
        return self.root / "mounts"

    @property
    def runtime(self) -> Path:
        """State of runc."""
        return self.root / "runtime"

    def machine(self, identity: str) -> Path:
        """What belongs to one machine's guest but its disks."""
        return self.root / "machines" / identity


def guest_paths(lab: LabPaths) -> GuestPaths:
    """Give the folders of a lab's guests."""
    return GuestPaths(lab.root / "guests")


def namespace_name(lab: LabPaths) -> str:
    """Give the name of the lab's network namespace: two labs of one name in different folders have two."""
    return f"lab-{lab.name}-{hashlib.sha256(str(lab.root).encode()).hexdigest()[:6]}"


@dataclass(frozen=True)
class Network:
    """A port group with the bridge that stands for it. `gateway` is the bridge's own address, with prefix length."""

    vcenter: str
    port_group: str
    bridge: str
    gateway: str


@dataclass(frozen=True)
class Flow:
    """A registered flow with the addresses of both ends (addresses or networks)."""

    id: str
    source: tuple[str, ...]
    destination: tuple[str, ...]
    protocol: str
    ports: tuple[int, ...]


@dataclass(frozen=True)
class Settings:
    """What a manager is started with. `machines` are instance UUIDs that get a guest; None is every Linux machine."""

    namespace: str
    image: str
    known_hosts: str
    controls: dict[str, str]  # vCenter id -> control socket of its simulator
    networks: tuple[Network, ...]
    flows: tuple[Flow, ...]
    machines: tuple[str, ...] | None
    mebibytes_per_gibibyte: int = 4
    smallest_mebibytes: int = 48

    def write(self, path: Path) -> None:
        """Write the file that the manager reads."""
        write_json(path, asdict(self))

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Read it back. Raises LabError if there is none."""
        values: dict[str, Any] = read_json(path)
        if not values:
            raise LabError(f"{path} is missing: run make lab-up")
        values["networks"] = tuple(Network(**each) for each in values["networks"])
        values["flows"] = tuple(
            Flow(
                id=each["id"],
                source=tuple(each["source"]),
                destination=tuple(each["destination"]),
                protocol=each["protocol"],
                ports=tuple(each["ports"]),
            )
            for each in values["flows"]
        )
        values["machines"] = None if values["machines"] is None else tuple(values["machines"])
        return cls(**values)

    def disk_bytes(self, capacity: int) -> int:
        """Give the size of the file that stands for a disk of `capacity` bytes."""
        mebibyte = 1024 * 1024
        scaled = capacity * self.mebibytes_per_gibibyte // 1024 // mebibyte * mebibyte
        return max(scaled, self.smallest_mebibytes * mebibyte)
