"""What the usage report judges and counts by: platform/capacity.yml and platform/tariff.yml. Shapes only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What the report speaks up about, with exit code 2. Percentages are of the capacity with the hosts lost."""

    cluster_cpu_percent: int
    cluster_memory_percent: int
    storage_percent: int  # of a tier, against what may be filled
    datastore_used_percent: int  # of one datastore, against its full size
    days_until_full: int  # full sooner than this at the expected growth
    old_snapshots: int  # machines with a snapshot older than snapshot_age_hours of policy.yml; more than this


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastPolicy:
    """How the growth of the past is taken for the future."""

    history_days: int
    minimum_weeks: int  # with fewer weeks that have values nothing is foretold
    confidence_percent: int
    horizon_days: int  # what lies further off is said as "not within"


@dataclass(frozen=True, slots=True, kw_only=True)
class RightSizing:
    """Which sizes follow their use; compared with the 95th percentile, in percent of what the machine has."""

    minimum_days: int
    cpu_low_percent: int
    cpu_high_percent: int
    cpu_target_percent: int
    memory_low_percent: int
    memory_high_percent: int
    memory_target_percent: int
    minimum_cpu: int
    minimum_memory_gb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """A machine that stays under both is idle."""

    minimum_days: int
    cpu_percent: int
    network_kib_per_second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedMachine:
    """The disk of a machine of which only the flavour is known ("add 4 of m8")."""

    disk_gb: int
    tier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityPolicy:
    """platform/capacity.yml. `use_days`: how far back the use of single machines is looked at."""

    use_days: int
    thresholds: Thresholds
    forecast: ForecastPolicy
    right_sizing: RightSizing
    idle: Idle
    added_machine: AddedMachine
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TierWeight:
    """How much a GiB of one tier counts against a GiB of the others."""

    tier: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitKeys:
    """The bill split by keys. The percentages come to 100; each part is shared out by what is allocated, day by day."""

    machine_percent: int
    cpu_percent: int
    memory_percent: int
    storage_percent: int
    tier_weights: tuple[TierWeight, ...]  # a tier that is not named counts 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TierRate:
    """Price of one tier."""

    tier: str
    yen_per_gb_month: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Prices in yen per month of what is allocated; a part of a month pays by days."""

    yen_per_machine_month: int
    yen_per_cpu_month: int
    yen_per_gb_memory_month: int
    storage: tuple[TierRate, ...]  # a tier that is not named is free


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """The bill of one equipment and how it is split. ISO dates, both included; two of one equipment never overlap."""

    equipment: str
    valid_from: str
    valid_to: str
    bill_yen_per_year: int  # of a whole fiscal year; a part of one costs its part by days
    method: str  # split | rates
    basis: str
    keys: SplitKeys | None = None
    rates: Rates | None = None


# Those of platform/capacity.yml, for estates without one (tests build some in memory).
USUAL_CAPACITY = CapacityPolicy(
    use_days=30,
    thresholds=Thresholds(
        cluster_cpu_percent=90,
        cluster_memory_percent=90,
        storage_percent=95,
        datastore_used_percent=85,
        days_until_full=180,
        old_snapshots=0,
    ),
    forecast=ForecastPolicy(history_days=365, minimum_weeks=8, confidence_percent=90, horizon_days=1825),
    right_sizing=RightSizing(
        minimum_days=14,
        cpu_low_percent=20,
        cpu_high_percent=80,
        cpu_target_percent=60,
        memory_low_percent=30,
        memory_high_percent=90,
        memory_target_percent=70,
        minimum_cpu=1,
        minimum_memory_gb=2,
    ),
    idle=Idle(minimum_days=14, cpu_percent=2, network_kib_per_second=5),
    added_machine=AddedMachine(disk_gb=40, tier="standard"),
    basis="assumed",
)
