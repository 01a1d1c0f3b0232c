"""Samples of capacity and use: saved by `collect`, read by the capacity report.

Three grains: a *sample* is one reading of everything, kept for `raw_days`; a *day* is what the samples of one machine,
host, cluster or datastore come to, kept for the retention of `capacity` in platform/policy.yml; a *group day* is the
sum over all machines that lie in the same place (vCenter, system, owner, segment, cluster, equipment), made together
with each sample, so that five years are read without the rows of single machines.

Days are those of the estate's time zone, so that fiscal years begin on the right day. A day on which nothing was read
has no row: a gap is a gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Literal

from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import Observation

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


class SampleStore:
    """The samples of one open store. `zone` is the estate's time zone: it says when a day begins.

    Everything raises RecordsError where the database fails; an empty database gives empty results.
    """

    def __init__(self, store: Store, zone: tzinfo) -> None:
        self._database = store.database
        self._zone = zone

    def save(self, observation: Observation) -> int:
        """Keep one reading in one transaction, all or nothing, and return its number.

        InvalidRecordError: `taken_at` is not after the last reading (two collectors, or a clock that went back).
        """
        raise NotImplementedError

    def latest(self, as_of: datetime | None = None) -> Observation | None:
        """What was known at a moment (default: now): of each vCenter its last reading until then; None: nothing.

        `missing` names the vCenters that the last reading did not reach, `read_at` when each was last read. For a
        moment whose single samples are no longer kept, the day's values stand in (used: the mean; storage: one sum per
        machine; no snapshots' files, guest disks or hosts' state).
        """
        raise NotImplementedError

    def days(self, first: date, last: date) -> list[SampleDay]:
        """The days from `first` to `last` (both included) that have samples, in order; what is not here is a gap."""
        raise NotImplementedError

    def daily_totals(
        self, dimension: Dimension, first: date, last: date, filters: Filters = Filters()
    ) -> Mapping[str | None, Sequence[DayTotal]]:
        """Series by value of the dimension (None: machines of nobody), each in the order of days, gaps left out."""
        raise NotImplementedError

    def storage_totals(
        self, dimension: Dimension, first: date, last: date, filters: Filters = Filters()
    ) -> Mapping[str | None, Sequence[StorageTotal]]:
        """Storage by tier, else as daily_totals; in the order of day and tier."""
        raise NotImplementedError

    def cluster_days(self, first: date, last: date) -> Sequence[ClusterDay]:
        """Every cluster on every day, in the order of vCenter, cluster and day."""
        raise NotImplementedError

    def datastore_days(self, first: date, last: date) -> Sequence[DatastoreDay]:
        """Every datastore on every day, in the order of vCenter, datastore and day."""
        raise NotImplementedError

    def machine_periods(self, first: date, last: date, filters: Filters = Filters()) -> Sequence[MachinePeriod]:
        """Every machine that existed in a period, also those that are gone, in the order of vCenter and name.

        Reads one row per machine and day: 10,433 machines over 30 days take about a second.
        """
        raise NotImplementedError
