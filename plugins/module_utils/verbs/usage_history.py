"""The past as the capacity report takes it, out of the samples of the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.samples import (
    DayTotal,
    Filters,
    MachinePeriod,
    SampleStore,
    StorageTotal,
    Used,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import (
    DailySeries,
    History,
    MachineHistory,
    Metric,
    Place,
    SystemDay,
    SystemSeries,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_tenants import tier_sizes

Points = dict[date, float]


def read_history(samples: SampleStore, estate: Estate, as_of: date, first_day: date, last_day: date) -> History:
    """Everything that the report looks at: its period, the days of the forecast, the days of use.

    What is used counts by the day's 95th percentile, as sizes are chosen by it; what is allocated by the day's last
    reading. A cluster or datastore of the same name in two vCenters is added up.

    Raises:
        RecordsError: the database fails.
    """
    capacity = estate.platform.capacity
    last = min(last_day, as_of)
    days = samples.days(first_day, last)
    forecast_first = as_of - timedelta(days=capacity.forecast.history_days - 1)
    use_first = as_of - timedelta(days=capacity.use_days - 1)
    return History(
        sampled_days=tuple(each.day for each in days),
        missing={each.day: each.missing for each in days if each.missing},
        series=(
            *_clusters(samples, forecast_first, as_of),
            *_tiers(samples, forecast_first, as_of),
            *_datastores(samples, forecast_first, as_of),
        ),
        systems=tuple(_systems(samples, estate, first_day, last)),
        machines=tuple(_machine(each) for each in samples.machine_periods(use_first, as_of)),
    )


def _clusters(samples: SampleStore, first: date, last: date) -> Iterator[DailySeries]:
    for cluster, totals in samples.daily_totals("cluster", first, last).items():
        if cluster:
            yield _series("cluster", cluster, "allocated_vcpu", {each.day: each.cpu_count for each in totals})
            yield _series("cluster", cluster, "allocated_memory_gib", {each.day: each.memory_gb for each in totals})
    cpu: dict[str, Points] = {}
    memory: dict[str, Points] = {}
    for day in samples.cluster_days(first, last):
        _add(cpu, day.cluster, day.day, _p95(day.cpu_used_mhz))
        _add(memory, day.cluster, day.day, _p95(day.memory_used_gb))
    yield from (_series("cluster", name, "used_cpu_mhz", points) for name, points in cpu.items())
    yield from (_series("cluster", name, "used_memory_gib", points) for name, points in memory.items())


def _tiers(samples: SampleStore, first: date, last: date) -> Iterator[DailySeries]:
    allocated: dict[str, Points] = {}
    for cluster, totals in samples.storage_totals("cluster", first, last).items():
        for each in totals:
            if cluster and each.tier:
                _add(allocated, f"{cluster}/{each.tier}", each.day, each.allocated_gb)
    yield from (_series("tier", name, "allocated_storage_gib", points) for name, points in allocated.items())


def _datastores(samples: SampleStore, first: date, last: date) -> Iterator[DailySeries]:
    used: dict[str, Points] = {}
    for day in samples.datastore_days(first, last):
        _add(used, day.datastore, day.day, day.capacity_gb - day.free_gb)
    yield from (_series("datastore", name, "used_storage_gib", points) for name, points in used.items())


def _add(found: dict[str, Points], name: str, day: date, value: float | None) -> None:
    if value is not None:
        points = found.setdefault(name, {})
        points[day] = points.get(day, 0.0) + value


def _series(place: Place, name: str, metric: Metric, points: Points) -> DailySeries:
    return DailySeries(place=place, name=name, metric=metric, points=tuple(sorted(points.items())))


def _systems(samples: SampleStore, estate: Estate, first: date, last: date) -> Iterator[SystemSeries]:
    """Every system on every equipment: one that moved stands there twice, one that is gone once."""
    clusters: dict[str, list[str]] = {}
    for cluster in estate.platform.clusters:
        clusters.setdefault(cluster.equipment, []).append(cluster.name)
    for equipment, names in clusters.items():
        filters = Filters(clusters=tuple(names))
        totals = samples.daily_totals("system", first, last, filters)
        storage = samples.storage_totals("system", first, last, filters)
        for system, days in totals.items():
            if system is not None:
                listed = tuple(_system_days(days, storage.get(system, ())))
                owner = None if system in estate.system_by_id else _last_owner(samples, system, first, last)
                yield SystemSeries(system=system, owner=owner, equipment=equipment, days=listed)


def _last_owner(samples: SampleStore, system: str, first: date, last: date) -> str | None:
    """Whose a system was that systems/ no longer has."""
    owners = samples.daily_totals("owner", first, last, Filters(systems=(system,)))
    return max(owners, key=lambda owner: owners[owner][-1].day, default=None)


def _system_days(days: Iterable[DayTotal], storage: Sequence[StorageTotal]) -> Iterator[SystemDay]:
    tiers: dict[date, dict[str | None, float]] = {}
    for each in storage:
        sizes = tiers.setdefault(each.day, {})
        sizes[each.tier] = sizes.get(each.tier, 0.0) + each.allocated_gb
    for day in days:
        yield SystemDay(
            day=day.day,
            machines=day.machines,
            vcpu=day.cpu_count,
            memory_gib=day.memory_gb,
            storage_gib_by_tier=tier_sizes(tiers.get(day.day, {})),
        )


def _machine(period: MachinePeriod) -> MachineHistory:
    return MachineHistory(
        identity=period.identity,
        key=period.key,
        name=period.name,
        system=period.system,
        first_day=period.first_day,
        last_day=period.last_day,
        days=period.days,
        days_on=period.days_on,
        cpu_p95_mhz=_p95(period.cpu_used_mhz),
        memory_p95_gib=_p95(period.memory_used_gb),
        network_p95_kib_per_second=_p95(period.network_used_kbps),
    )


def _p95(used: Used | None) -> float | None:
    return None if used is None else used.p95
