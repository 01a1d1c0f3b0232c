"""Shapes of the report: what is left. Memory and storage are GiB, processors vCPU (allocated) or MHz (demand)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Resource = Literal["cpu", "memory", "storage"]
# allocated: what is configured; demand: what is used.
Basis = Literal["described", "actual", "demand"]
Unit = Literal["vCPU", "MHz", "GiB"]
# Of added machines; passes-threshold: they fit, and a threshold of platform/capacity.yml is passed.
Answer = Literal["fits", "passes-threshold", "does-not-fit"]
ForecastStatus = Literal["full", "growing", "not-growing", "beyond-horizon", "too-little-history", "no-history"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One resource of one place on one basis: demand against capacity."""

    resource: Resource
    basis: Basis
    unit: Unit
    demand: float
    capacity: float  # with the tolerated hosts lost and overcommit; for storage what may be filled
    total: float  # with everything up; for storage the full size

    @property
    def free(self) -> float:
        """What may still be added; negative where it is exceeded already."""
        return self.capacity - self.demand

    @property
    def percent(self) -> float | None:
        """Demand in percent of the capacity; None where something is asked of nothing."""
        if self.capacity > 0:
            return 100 * self.demand / self.capacity
        return None if self.demand else 0.0

    @property
    def fits(self) -> bool:
        """Whether it still fits."""
        return self.demand <= self.capacity


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterCapacity:
    """One cluster with `host_failures_tolerated` of its largest hosts lost.

    `described` counts the hosts of platform/clusters.yml, `actual` and `demand` the hosts that vCenter shows connected
    and not in maintenance. `failover_percent` is what the percentage policy of vSphere HA would reserve for the same
    number of hosts; `reserved_*_percent` is what reservations take of all hosts, which is all that HA itself counts.
    """

    cluster: str
    segment: str | None  # None: a cluster that platform/clusters.yml does not describe
    equipment: str | None
    hosts_described: int
    hosts_observed: int | None  # usable ones; None: not observed
    hosts_unavailable: tuple[str, ...]  # disconnected or in maintenance
    host_failures_tolerated: int
    cpu_overcommit_ratio: float
    memory_overcommit_ratio: float
    failover_percent: float
    reserved_cpu_percent: float | None
    reserved_memory_percent: float | None
    balances: tuple[Balance, ...]  # cpu and memory, for each basis that is known

    def balance(self, resource: Resource, basis: Basis) -> Balance | None:
        """The balance of one resource on one basis, or None if it is not known."""
        return next((each for each in self.balances if (each.resource, each.basis) == (resource, basis)), None)

    @property
    def fits(self) -> bool:
        """Whether every balance holds."""
        return all(each.fits for each in self.balances)


@dataclass(frozen=True, slots=True, kw_only=True)
class TierCapacity:
    """One tier in the clusters that share its datastores.

    `described`: full size of the described disks against fill limit minus snapshot reserve (rule K-02). `actual`: the
    same with the disks that vCenter has. `demand`: space that is really taken, snapshots included, against the fill
    limit.
    """

    tier: str | None
    clusters: tuple[str, ...]
    equipment: str | None
    datastores: tuple[str, ...]
    balances: tuple[Balance, ...]

    @property
    def name(self) -> str:
        """How people name it: kyotsu-lgwan/fast."""
        return f"{'+'.join(self.clusters)}/{self.tier or '?'}"

    def balance(self, basis: Basis) -> Balance | None:
        """The balance on one basis, or None if it is not known."""
        return next((each for each in self.balances if each.basis == basis), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatastoreUsage:
    """One datastore. What vCenter shows as used is told apart; every GiB stands in one part only.

    `used_gib` = machines (with their snapshots) + orphaned + other. `other_gib` is what no read tells: templates,
    directories, files of others, and disks of nobody where nobody looked for them (`orphaned_gib` None).
    """

    datastore: str
    vcenter: str
    tier: str | None
    clusters: tuple[str, ...]
    capacity_gib: float
    fill_limit_percent: int | None
    accessible: bool | None
    used_gib: float | None  # None: not observed
    machines_gib: float | None
    orphaned_gib: float | None
    other_gib: float | None
    provisioned_gib: float | None  # as if every thin disk were full

    @property
    def used_percent(self) -> float | None:
        """Used space in percent of the whole size."""
        return None if self.used_gib is None or self.capacity_gib <= 0 else 100 * self.used_gib / self.capacity_gib


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """The median of one week's daily values; `day` is the middle of the days that have one."""

    day: date
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """When one resource of one place is full, by the growth of the past. See docs/capacity.md for the method.

    `low` belongs to the fast end of the band (full soonest), `high` to the slow end. Days count from the report's day;
    None: not within the horizon, or never at that growth.
    """

    resource: Resource
    basis: Basis
    place: str  # name of the cluster, or of the tier as TierCapacity.name
    unit: Unit
    status: ForecastStatus
    current: float | None  # the last week's median
    limit: float
    confidence_percent: int
    growth_per_day: float | None
    growth_per_day_slow: float | None
    growth_per_day_fast: float | None
    days_until_full_low: int | None
    days_until_full: int | None
    days_until_full_high: int | None
    history_days: int  # days that have a value
    gap_days: int  # days between the first and the last that have none
    first_day: date | None
    last_day: date | None
    points: tuple[TrendPoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One resource that the added machines take, and what is left of it. `over` > 0: this is what tips.

    `piece`: the sum would fit, but what cannot be cut does not. `place` is the host or datastore with most room where
    one machine or disk is too large for it; else the cluster or tier, and `free` what whole pieces may take of it.
    """

    resource: Resource
    place: str
    unit: Unit
    needed: float
    free: float
    capacity: float
    percent_after: float | None
    threshold_percent: float  # of platform/capacity.yml
    piece: bool = False

    @property
    def over(self) -> float:
        """By how much it does not fit; 0 where it does, or where nothing of it is needed."""
        return max(self.needed - self.free, 0.0) if self.needed else 0.0

    @property
    def answer(self) -> Answer:
        """Whether it fits, and under the threshold; what nothing is needed of fits."""
        if self.over > 0:
            return "does-not-fit"
        passes = self.needed and self.percent_after is not None and self.percent_after > self.threshold_percent
        return "passes-threshold" if passes and not self.piece else "fits"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfPlace:
    """The added machines in one cluster. What is a piece stands in `limits` only where it tips."""

    cluster: str
    equipment: str
    basis: Basis  # described, or actual where asked for and known
    limits: tuple[Limit, ...]
    most_machines: int  # as many of them as fit

    @property
    def tipping(self) -> tuple[Limit, ...]:
        """What does not fit."""
        return tuple(limit for limit in self.limits if limit.over > 0)

    @property
    def answer(self) -> Answer:
        """The worst of its limits."""
        answers = {limit.answer for limit in self.limits}
        return next(each for each in ("does-not-fit", "passes-threshold", "fits") if each in answers)

    @property
    def fits(self) -> bool:
        """Whether nothing tips."""
        return self.answer != "does-not-fit"


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """ "Add 4 machines of flavour m8 to lgwan": one answer per cluster; clusters are never taken together.

    `left_out`: clusters of the segment whose equipment hosts no system of a division (desktops, infrastructure). Only
    their name asks for them.
    """

    count: int
    flavour: str
    vcpu_each: int
    memory_gib_each: float
    storage_gib_each: float
    tier: str
    where: str  # segment or cluster, as asked
    places: tuple[WhatIfPlace, ...]
    left_out: tuple[str, ...]
