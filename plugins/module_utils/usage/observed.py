"""What vCenter says about size and use at one moment: the input of the capacity report, live or out of the records.

Conventions of every class here:

* None means "not collected" (vCenter did not say, or the account may not see it); it never stands for 0.
* `*_gb` is GiB (2**30 bytes), `*_mhz` MHz, `*_kbps` KiB per second, as vCenter counts them.
* A size that vCenter gives in bytes becomes bytes / 2**30, which a float holds exactly, so that sums do not depend on
  their order.
* What a machine belongs to (key, system, owner, segment, equipment) comes from the repository, by the instanceUuid; for
  a machine that the repository no longer describes, from the attributes that it wrote into vCenter; else it is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageUse:
    """What one machine has on one datastore.

    `allocated_gb` is the full size of its virtual disks there; `used_gb` what its files take (disks, snapshots, swap,
    logs). `tier` is None for a datastore that platform/storage.yml does not name. In values older than the retention
    of single samples `datastore` is "" and `tier` None: a day keeps one sum per machine.
    """

    datastore: str
    tier: str | None
    allocated_gb: float
    used_gb: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSample:
    """One virtual machine that is no template. `identity` is its instanceUuid (lower case)."""

    vcenter: str
    identity: str
    name: str
    key: str | None  # permanent key of platform data; None: not described
    system: str | None
    owner: str | None  # id in platform/organisations.yml
    segment: str | None
    cluster: str  # name in vCenter; "" where it lies in none
    equipment: str | None
    managed: bool  # described in systems/, or made or adopted by this repository
    power: str  # "on" | "off" | "suspended"
    cpu_count: int
    memory_gb: float
    pool: str | None = None  # key of its desktop pool
    host: str = ""
    cpu_reserved_mhz: int | None = None
    memory_reserved_gb: float | None = None
    cpu_used_mhz: int | None = None  # quickStats.overallCpuUsage; 0 while the machine is off
    memory_used_gb: float | None = None  # quickStats.guestMemoryUsage (active memory); 0 while the machine is off
    memory_consumed_gb: float | None = None  # quickStats.hostMemoryUsage: what the host gave it; 0 while it is off
    network_used_kbps: int | None = None  # sent and received
    storage: tuple[StorageUse, ...] = ()  # by datastore name
    snapshots: int = 0
    snapshot_gb: float | None = None  # part of the used storage; 0.0 without snapshots
    oldest_snapshot: datetime | None = None  # aware; None without snapshots
    guest_disk_used_gb: float | None = None  # sum over the guest's file systems, told by VMware Tools
    guest_disk_capacity_gb: float | None = None

    @property
    def storage_allocated_gb(self) -> float:
        """Full size of all virtual disks."""
        return sum(each.allocated_gb for each in self.storage)

    @property
    def storage_used_gb(self) -> float | None:
        """What all files take, or None where vCenter did not say it of one datastore."""
        return total_or_none(each.used_gb for each in self.storage)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSample:
    """One ESXi host. `cpu_mhz` is per core."""

    vcenter: str
    name: str
    cluster: str
    equipment: str | None
    cpu_cores: int
    cpu_mhz: int
    memory_gb: float
    state: str  # "connected" | "disconnected" | "notResponding"
    in_maintenance: bool
    cpu_used_mhz: int | None = None
    memory_used_gb: float | None = None

    @property
    def usable(self) -> bool:
        """Whether machines run on it."""
        return self.state == "connected" and not self.in_maintenance


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSample:
    """One cluster; cores, MHz and memory are sums over all its hosts, `cpu_total_mhz` cores times MHz per core."""

    vcenter: str
    name: str
    segment: str | None
    equipment: str | None
    ha: bool
    host_failures_tolerated: int
    admission_policy: str  # vSphere's type when HA counts by percent or slots of its own; "" when it counts hosts
    hosts: int
    cpu_cores: int
    cpu_total_mhz: int
    memory_gb: float
    cpu_used_mhz: int | None = None
    memory_used_gb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatastoreSample:
    """One datastore. `uncommitted_gb` is what thin disks may still grow by."""

    vcenter: str
    name: str
    tier: str | None
    equipment: str | None
    clusters: tuple[str, ...]  # as described; () for a datastore that platform/storage.yml does not name
    capacity_gb: float
    free_gb: float
    accessible: bool
    uncommitted_gb: float | None = None

    @property
    def used_gb(self) -> float:
        """What is written to it, by whomever."""
        return self.capacity_gb - self.free_gb

    @property
    def provisioned_gb(self) -> float | None:
        """What would be written if every thin disk were full (vSphere's "provisioned space")."""
        return None if self.uncommitted_gb is None else self.used_gb + self.uncommitted_gb


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanedDisk:
    """A virtual disk on a datastore that belongs to no machine and no template of any vCenter that was read."""

    vcenter: str
    datastore: str
    path: str  # "[datastore] folder/file.vmdk"
    used_gb: float
    modified: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything of one reading.

    `missing` says per vCenter that could not be read why (one line, what to do). `read_at` says per vCenter when its
    values here were read; for a live reading `taken_at` for all that answered. A vCenter can be in both: then what
    stands here is its last known state.
    """

    taken_at: datetime  # aware
    machines: tuple[MachineSample, ...]  # by vCenter, name, identity
    hosts: tuple[HostSample, ...]
    clusters: tuple[ClusterSample, ...]
    datastores: tuple[DatastoreSample, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    read_at: Mapping[str, datetime] = field(default_factory=dict)
    orphaned_disks: tuple[OrphanedDisk, ...] | None = None  # None: nobody looked (it costs a search per datastore)


def total_or_none(values: Iterable[float | None]) -> float | None:
    """The sum, or None as soon as one value was not collected: a part is not the whole."""
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total
