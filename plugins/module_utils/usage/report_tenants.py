"""Shapes of the report: who uses what. Memory and storage are GiB (2**30 bytes), processors are virtual CPUs (vCPU)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

# What differs between a machine as described and as vCenter has it.
Difference = Literal["missing", "vcpu", "memory", "storage", "power"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TierSize:
    """Storage of one tier. `tier` is None for a datastore that platform/storage.yml does not describe."""

    tier: str | None
    gib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """What is allocated. `machines` are servers, `desktops` beside them; the sizes are of both together."""

    machines: int = 0
    desktops: int = 0
    vcpu: int = 0
    memory_gib: float = 0.0
    storage_gib_by_tier: tuple[TierSize, ...] = ()  # each tier once, None last

    @property
    def storage_gib(self) -> float:
        """GiB of all tiers."""
        return sum(size.gib for size in self.storage_gib_by_tier)

    def tier_gib(self, tier: str | None) -> float:
        """GiB of one tier; 0 where it is not used."""
        return sum(size.gib for size in self.storage_gib_by_tier if size.tier == tier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What is really used at the time of reading, or None where it was not measured; `machines_measured` gave it.

    `cpu_mhz` is vCenter's overall CPU usage; `cpu_vcpu` is the same in processors: MHz divided by the MHz of one core
    of the machine's host. `memory_gib` is what guests actively touch; `storage_gib` is what their files take (thin
    disks less than allocated, snapshots more).
    """

    machines_measured: int
    cpu_mhz: float | None
    cpu_vcpu: float | None
    memory_gib: float | None
    storage_gib: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineUsage:
    """One machine: described against actual against used. `described` is None for a machine only history knows."""

    key: str
    name: str
    system: str
    role: str
    status: str  # planned | in-service | retiring | retired
    segment: str
    cluster: str
    described: Amount | None  # None: retired
    actual: Amount | None  # None: not observed (see the notes), or missing in vCenter (see the differences)
    used: Use | None
    power: str | None  # on | off | suspended; None: not observed
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemUsage:
    """One system. `tape_gib` None: not collected."""

    system: str
    name: str
    name_en: str
    kind: str
    status: str
    owner: str  # organisation id of the section
    division: str  # organisation id; the owner itself where nothing of kind division stands above it
    segment: str
    cluster: str
    equipment: str
    described: Amount
    actual: Amount | None
    used: Use | None
    tape_gib: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DivisionUsage:
    """All systems of one division, in the filters of the report."""

    division: str
    name: str
    name_en: str
    bureau: str | None
    systems: tuple[str, ...]
    described: Amount
    actual: Amount | None
    used: Use | None
    tape_gib: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DesktopPoolUsage:
    """One pool of desktops as described; what is None comes from the desktop provider and was not collected."""

    pool: str  # key
    name: str
    system: str
    segment: str
    cluster: str
    tier: str
    described_desktops: int
    vcpu_each: int
    memory_gib_each: float
    storage_gib_each: float
    provisioned_desktops: int | None
    in_use_desktops: int | None
    peak_in_use_desktops: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmanagedMachine:
    """A machine in vCenter that systems/ does not describe; it uses capacity and belongs to nobody here."""

    name: str
    vcenter: str
    cluster: str
    power: str
    actual: Amount
    used: Use


def sum_amounts(amounts: Iterable[Amount]) -> Amount:
    """The amounts added up, tier by tier."""
    machines = desktops = vcpu = 0
    memory_gib = 0.0
    tiers: dict[str | None, float] = {}
    for amount in amounts:
        machines += amount.machines
        desktops += amount.desktops
        vcpu += amount.vcpu
        memory_gib += amount.memory_gib
        for size in amount.storage_gib_by_tier:
            tiers[size.tier] = tiers.get(size.tier, 0.0) + size.gib
    return Amount(
        machines=machines,
        desktops=desktops,
        vcpu=vcpu,
        memory_gib=memory_gib,
        storage_gib_by_tier=tier_sizes(tiers),
    )


def tier_sizes(gib_by_tier: dict[str | None, float]) -> tuple[TierSize, ...]:
    """Tiers in the order of their ids, storage of no known tier last."""
    order = sorted(gib_by_tier, key=lambda tier: (tier is None, tier or ""))
    return tuple(TierSize(tier=tier, gib=gib_by_tier[tier]) for tier in order)


def sum_uses(uses: Iterable[Use]) -> Use | None:
    """The uses added up; a quantity that nobody measured stays None, and nothing at all gives None."""
    listed = list(uses)
    if not listed:
        return None
    return Use(
        machines_measured=sum(use.machines_measured for use in listed),
        cpu_mhz=_sum_known(use.cpu_mhz for use in listed),
        cpu_vcpu=_sum_known(use.cpu_vcpu for use in listed),
        memory_gib=_sum_known(use.memory_gib for use in listed),
        storage_gib=_sum_known(use.storage_gib for use in listed),
    )


def _sum_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
