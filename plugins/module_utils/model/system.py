"""What is hosted: one System per file of systems/. systems/_schema/system.schema.json says the same in JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text in the two languages that its readers read."""

    ja: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """自治体機密性・完全性・可用性 of a system, with the edition of the guideline that it was judged by (rule C-01)."""

    confidentiality: str  # "3A" "3B" "3C" "2" "1"
    integrity: str  # "2" "1"
    availability: str  # "2" "1"
    edition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """A season in which the system is busier than usual."""

    name: Text
    months: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHours:
    """When the users need the system. Times are HH:MM in the estate's time zone."""

    days: str  # "weekdays" | "daily"
    start: str
    end: str
    peaks: tuple[Peak, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """RPO and RTO in hours (rule B-03); number and distance of copies follow from the backup class."""

    rpo_hours: int
    rto_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Patching:
    """Which group of machines this one is patched with, when, and when not (ids of platform/patching.yml)."""

    wave: str
    window: str
    freezes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """Class of platform/backup.yml and whether a copy is couriered to the remote store."""

    backup_class: str
    offsite: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """One system or external service that this system needs; exactly one of `system` and `external` is given."""

    reason: Text
    system: str | None = None
    external: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """One network interface. The MAC address follows from the address unless it is given (see identity.mac_address)."""

    network: str
    address: str
    mac: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """One virtual disk. `size_gb` is in GiB; the first disk of a machine is its system disk."""

    name: str
    size_gb: int
    tier: str
    mount: str | None = None  # None: no file system of ours on it (swap, raw, Windows drive letters are given as "D:")


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """An order that keeps a system or machine as it is: nothing of it is switched off, replaced or deleted."""

    since: str
    reason: Text
    ordered_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicRecords:
    """What the owner has confirmed of the public records in a system: retention ended, historical ones moved."""

    confirmed_on: str
    confirmed_by: str
    retention_ended: bool
    historical: str  # none | moved | pending

    @property
    def is_settled(self) -> bool:
        """Whether nothing has to be kept any more (保存期間満了, 歴史的文書の移管)."""
        return self.retention_ended and self.historical in {"none", "moved"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """Why and when a system or machine goes (status retiring or retired)."""

    date: str  # last day of use
    reason: Text
    requested_by: str
    approved_by: str
    records: PublicRecords | None = None
    last_copy_years: int | None = None
    grace_days: int | None = None  # None: limits.grace_days of the policy
    moved_to: Text | None = None
    reusable_from: str | None = None  # written by decommission when all is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One virtual server of a system. Either `flavour` or both `cpu` and `memory_gb` (GiB) are given."""

    key: str  # permanent, never reused; gives the instanceUuid
    name: str
    role: str
    image: str
    nics: tuple[Nic, ...]
    disks: tuple[Disk, ...]
    flavour: str | None = None
    cpu: int | None = None
    memory_gb: int | None = None
    pair: str | None = None  # machines of one system with the same value run on different hosts
    stateless: bool = False
    power: str = "on"
    status: str | None = None  # None: as the system
    patch: Patching | None = None  # None: as the system
    backup: Backup | None = None  # None: as the system
    retirement: Retirement | None = None
    instance_uuid: str | None = None  # written by adopt only
    notes: Text | None = None
    legal_hold: LegalHold | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesktopPool:
    """Desktops given as count and shape; one entry here and one inventory host."""

    key: str
    name: str
    purpose: Text
    count: int
    name_prefix: str
    image: str
    network: str
    tier: str
    disk_gb: int  # GiB per desktop
    persistent: bool
    flavour: str | None = None
    cpu: int | None = None
    memory_gb: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """Physical equipment of the system, described but not managed (dedicated terminals, biometric devices)."""

    key: str
    name: Text
    count: int | None
    location: str
    notes: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One hosted system, VDI server group or group of infrastructure servers: the content of one file of systems/."""

    id: str
    kind: str  # hosted | vdi | infrastructure | platform
    name: str
    name_en: str
    owner: str  # organisation id
    status: str  # planned | in-service | retiring | retired
    description: Text
    shape_reason: Text
    segment: str
    cluster: str
    resource_pool: str
    classification: Classification
    service: ServiceHours
    recovery: Recovery
    patch: Patching
    backup: Backup
    assumed: tuple[str, ...]
    machines: tuple[Machine, ...] = ()
    slug: str | None = None
    report_number: int | None = None
    equipment_name: str | None = None
    desktop_pools: tuple[DesktopPool, ...] = ()
    assets: tuple[Asset, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    role_order: tuple[str, ...] = ()  # empty: the platform's (desired.role_order)
    retirement: Retirement | None = None
    legal_hold: LegalHold | None = None
