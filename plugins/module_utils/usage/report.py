"""The whole usage report as frozen values: what the forms (table, JSON, CSV, XLSX, HTML) show, in no language.

Codes are Literals, so that a form can prove that it has words for all of them. Units stand in the names: memory and
storage are GiB (2**30 bytes), processors vCPU, money whole yen, percentages 0 to 100.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import OrphanedDisk
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import (
    ClusterCapacity,
    DatastoreUsage,
    Forecast,
    Resource,
    TierCapacity,
    WhatIf,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_cost import CostAllocation, FiscalYearUsage
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import (
    Amount,
    DesktopPoolUsage,
    DivisionUsage,
    MachineUsage,
    SystemUsage,
    UnmanagedMachine,
    Use,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_waste import (
    IdleMachine,
    OldSnapshot,
    PoweredOffMachine,
    Reclaimable,
    RightSizing,
)

SourceKind = Literal["repository", "vcenter", "history", "tape", "desktops"]
NoteCode = Literal[
    "estate-empty",  # nothing in systems/ (or in the filters)
    "described-later",  # subject: the commit; the repository is read as it is now, the report's day is past
    "vcenter-not-asked",  # described only
    "vcenter-unreachable",  # subject: the vCenter
    "history-not-given",  # no database asked for, or none there
    "history-empty",  # a database without samples in the period
    "history-gaps",  # value: days without samples
    "tape-not-collected",
    "desktops-not-collected",
    "use-not-measured",  # value: machines of which vCenter gave no utilisation; limit: of how many
    "orphans-not-collected",  # datastores were not searched for disks of nobody
    "right-sizing-needs-history",  # value: days that are there; limit: days that are needed
    "cluster-not-described",  # subject: a cluster only vCenter knows; taken with the usual ratios of 1
    "datastore-not-described",  # subject: a datastore only vCenter knows
    "machines-missing",  # value: machines that are described and not in vCenter
    "machines-unmanaged",  # value: machines in vCenter that nobody describes
    "tariff-missing",  # subject: equipment without a tariff for the period
    "cost-by-described",  # no history: every machine is taken for the whole period
    "cost-assumed",  # the tariff is our assumption
    "days-without-tariff",  # subject: equipment; value: days of the period before or after its tariff
    "cost-projected",  # value: days after the report's day, for which the last known sizes are taken
]
Threshold = Literal[
    "cluster_cpu_percent",
    "cluster_memory_percent",
    "storage_percent",
    "datastore_used_percent",
    "days_until_full",
    "old_snapshots",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where numbers come from. `at` is when it was read; `detail` names it (commit, vCenter, last sample)."""

    kind: SourceKind
    name: str
    available: bool
    at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that is missing or must be known to read the numbers, with its reason."""

    code: NoteCode
    subject: str = ""
    value: float | None = None
    limit: float | None = None
    reason: str = ""  # of a failure, as it was told


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceeded:
    """A threshold of platform/capacity.yml that is passed; one is enough for exit code 2."""

    threshold: Threshold
    place: str
    resource: Resource | None  # None: of snapshots
    basis: str  # described | actual | demand
    value: float | None  # None: something is asked of a place that has nothing
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the report is about. `filters` are those that were asked for, None for all."""

    estate: str
    estate_en: str
    as_of: date
    first_day: date
    last_day: date
    fiscal_year: str | None  # R6, where the period was asked for so
    system: str | None
    owner: str | None
    segment: str | None
    sources: tuple[Source, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Everything in the filters. `actual` counts described machines only; `unmanaged` stands beside it."""

    described: Amount
    actual: Amount | None
    used: Use | None
    unmanaged: Amount | None
    tape_gib: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """Everything. Lists are in the order of the data, or the worst first where it says so."""

    header: Header
    total: Total
    divisions: tuple[DivisionUsage, ...]
    systems: tuple[SystemUsage, ...]
    machines: tuple[MachineUsage, ...]
    unmanaged: tuple[UnmanagedMachine, ...]
    desktop_pools: tuple[DesktopPoolUsage, ...]
    clusters: tuple[ClusterCapacity, ...]  # the whole of every cluster that the filters touch
    tiers: tuple[TierCapacity, ...]
    datastores: tuple[DatastoreUsage, ...]
    forecasts: tuple[Forecast, ...]  # soonest first
    what_if: WhatIf | None
    right_sizing: tuple[RightSizing, ...]  # most memory first
    idle: tuple[IdleMachine, ...]
    powered_off: tuple[PoweredOffMachine, ...]
    orphaned_disks: tuple[OrphanedDisk, ...] | None  # largest first; None: nobody looked
    old_snapshots: tuple[OldSnapshot, ...]  # oldest first
    reclaimable: tuple[Reclaimable, ...]
    cost: CostAllocation | None  # None: no tariff
    fiscal_year: FiscalYearUsage | None  # None: the period is not one
    exceeded: tuple[Exceeded, ...]
