"""What the samples of the records come to when they are asked for; see `samples` for the words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Dimension = Literal["vcenter", "system", "owner", "segment", "cluster", "equipment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """One measured value over a period: mean, highest and 95th percentile (nearest rank) of the samples."""

    mean: float
    highest: float
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDay:
    """One day on which at least one vCenter was read. `missing`: those known by then that were not read on it."""

    day: date
    samples: int  # readings of that day
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTotal:
    """All machines of one value of a dimension on one day.

    What is allocated is that of the day's last reading, off machines too; what is used is of all readings of the day.
    `Used` of several places (a division in two clusters) adds their peaks, which need not fall together: an upper
    bound; the mean is exact. None: not collected on that day.
    """

    day: date
    machines: int
    powered_on: int
    cpu_count: int
    memory_gb: float
    storage_allocated_gb: float
    storage_used_gb: float | None
    snapshot_gb: float | None
    cpu_used_mhz: Used | None
    memory_used_gb: Used | None
    network_used_kbps: Used | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageTotal:
    """One tier of one value of a dimension on one day, of the day's last reading; `tier` None: not described."""

    day: date
    tier: str | None
    allocated_gb: float
    used_gb: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterDay:
    """One cluster on one day: size by the last reading, use by its hosts' own measurement."""

    day: date
    vcenter: str
    cluster: str
    equipment: str | None
    hosts: int
    host_failures_tolerated: int
    cpu_cores: int
    cpu_total_mhz: int
    memory_gb: float
    cpu_used_mhz: Used | None
    memory_used_gb: Used | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostDay:
    """One host on one day: size by the last reading."""

    day: date
    vcenter: str
    host: str
    cluster: str
    cpu_cores: int
    cpu_mhz: int
    memory_gb: float
    cpu_used_mhz: Used | None
    memory_used_gb: Used | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatastoreDay:
    """One datastore on one day, of the day's last reading."""

    day: date
    vcenter: str
    datastore: str
    tier: str | None
    equipment: str | None
    capacity_gb: float
    free_gb: float
    uncommitted_gb: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePeriod:
    """One machine over a period: allocated by its last day, used over all days (for the right-sizing list).

    `Used.p95` is the highest of the daily 95th percentiles. `days` with samples, `days_on` with the machine running at
    some reading. `last_day` before the end of the period: the machine is gone.
    """

    vcenter: str
    identity: str
    key: str | None
    name: str
    system: str | None
    owner: str | None
    segment: str | None
    cluster: str
    equipment: str | None
    first_day: date
    last_day: date
    days: int
    days_on: int
    cpu_count: int
    memory_gb: float
    storage_allocated_gb: float
    storage_used_gb: float | None
    cpu_used_mhz: Used | None
    memory_used_gb: Used | None
    network_used_kbps: Used | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a series is limited to; an empty tuple limits nothing. None among the values means "of nobody"."""

    systems: tuple[str | None, ...] = ()
    owners: tuple[str | None, ...] = ()
    segments: tuple[str | None, ...] = ()
    clusters: tuple[str, ...] = ()
