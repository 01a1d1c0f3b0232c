"""What the past tells, as the report takes it: daily values, gaps left out. Filled from the records' samples.

A day without a sample has no point: a gap is never a zero. Memory and storage are GiB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import TierSize

Place = Literal["cluster", "tier", "datastore"]
Metric = Literal[
    "allocated_vcpu",  # of a cluster
    "allocated_memory_gib",  # of a cluster
    "used_cpu_mhz",  # of a cluster
    "used_memory_gib",  # of a cluster
    "allocated_storage_gib",  # of a tier: full size of the disks that the machines of one cluster have on it
    "used_storage_gib",  # of a datastore: what is written to it, by anybody
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DailySeries:
    """One quantity of one place. `points` are in the order of days, each day once."""

    place: Place
    name: str  # of the cluster or datastore; of a tier as kyotsu-lgwan/fast
    metric: Metric
    points: tuple[tuple[date, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemDay:
    """What one system had on one day, running or not; `machines` counts desktops too."""

    day: date
    machines: int
    vcpu: int
    memory_gib: float
    storage_gib_by_tier: tuple[TierSize, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSeries:
    """One system on one equipment over the report's period, also one that is gone; `days` in order, each day once."""

    system: str
    owner: str | None  # organisation id, for a system that systems/ no longer has
    equipment: str
    days: tuple[SystemDay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineHistory:
    """How one machine was used in the last days (`use_days` of platform/capacity.yml).

    `*_p95` is the highest of the daily 95th percentiles; None: not measured. `days` have samples, `days_on` of them
    samples with the machine running.
    """

    identity: str  # instanceUuid, lower case
    key: str | None
    name: str
    system: str | None
    first_day: date
    last_day: date
    days: int
    days_on: int
    cpu_p95_mhz: float | None
    memory_p95_gib: float | None
    network_p95_kib_per_second: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything that the report takes from the records.

    `sampled_days` are the days of the report's period that have samples, in order; `missing` the vCenters that were not
    read on one of them. `series` may reach further back: the forecast looks at `history_days` of platform/capacity.yml
    before the report's day.
    """

    sampled_days: tuple[date, ...]
    missing: Mapping[date, tuple[str, ...]]
    series: tuple[DailySeries, ...]
    systems: tuple[SystemSeries, ...]
    machines: tuple[MachineHistory, ...]

    def points(self, place: str, name: str, metric: Metric) -> tuple[tuple[date, float], ...]:
        """The points of one series; none where it is not there."""
        for series in self.series:
            if (series.place, series.name, series.metric) == (place, name, metric):
                return series.points
        return ()
