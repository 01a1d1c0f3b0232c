"""Forecasts of every cluster and tier: what is allocated and what is used, against what may be. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.clusters import demand_capacity_mhz
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.forecast import forecast
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.history import History, Metric
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import (
    Basis,
    ClusterCapacity,
    Forecast,
    Resource,
    TierCapacity,
    Unit,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.storage import fill_capacity_gib

_OF_CLUSTERS: tuple[tuple[Resource, Basis, Unit, Metric], ...] = (
    ("cpu", "actual", "vCPU", "allocated_vcpu"),
    ("cpu", "demand", "MHz", "used_cpu_mhz"),
    ("memory", "actual", "GiB", "allocated_memory_gib"),
    ("memory", "demand", "GiB", "used_memory_gib"),
)


def forecasts(
    scope: Scope,
    history: History,
    clusters: Sequence[ClusterCapacity],
    tiers: Sequence[TierCapacity],
    as_of: date,
) -> tuple[Forecast, ...]:
    """One per resource and basis, what is full soonest first. Limits are those of today, as far as they are known."""
    found = [
        *_of_clusters(scope, history, clusters, as_of),
        *_of_tiers(scope, history, tiers, as_of),
    ]
    far = scope.estate.platform.capacity.forecast.horizon_days + 1
    return tuple(sorted(found, key=lambda each: far if each.days_until_full is None else each.days_until_full))


def _of_clusters(
    scope: Scope, history: History, clusters: Sequence[ClusterCapacity], as_of: date
) -> Iterator[Forecast]:
    for cluster in clusters:
        for resource, basis, unit, metric in _OF_CLUSTERS:
            yield forecast(
                history.points("cluster", cluster.cluster, metric),
                _cluster_limit(scope, cluster, resource, basis),
                resource=resource,
                basis=basis,
                place=cluster.cluster,
                unit=unit,
                as_of=as_of,
                policy=scope.estate.platform.capacity.forecast,
            )


def _cluster_limit(scope: Scope, cluster: ClusterCapacity, resource: Resource, basis: Basis) -> float:
    """Capacity with hosts lost: as observed, else as described."""
    balance = cluster.balance(resource, basis)
    if balance is not None:
        return balance.capacity
    described = cluster.balance(resource, "described")
    if described is None:
        return 0.0
    if basis != "demand":
        return described.capacity
    if resource == "cpu":
        return demand_capacity_mhz(scope.estate.cluster_by_name[cluster.cluster])
    return described.capacity / cluster.memory_overcommit_ratio


def _of_tiers(scope: Scope, history: History, tiers: Sequence[TierCapacity], as_of: date) -> Iterator[Forecast]:
    described = {datastore.name: datastore for datastore in scope.estate.platform.datastores}
    for tier in tiers:
        allocated = [
            points
            for cluster in tier.clusters
            if (points := history.points("tier", f"{cluster}/{tier.tier}", "allocated_storage_gib"))
        ]  # a cluster that never had a machine on the tier lacks nothing
        written = [history.points("datastore", name, "used_storage_gib") for name in tier.datastores]
        to_fill = sum(fill_capacity_gib(described[name], described[name].capacity_gb) for name in tier.datastores)
        as_described = tier.balance("described")
        listed: tuple[tuple[Basis, list[tuple[tuple[date, float], ...]], float], ...] = (
            ("actual", allocated, as_described.capacity if as_described else 0.0),
            ("demand", written, to_fill),
        )
        for basis, series, limit in listed:
            balance = tier.balance(basis)
            yield forecast(
                _sum_of_days(series),
                balance.capacity if balance else limit,
                resource="storage",
                basis=basis,
                place=tier.name,
                unit="GiB",
                as_of=as_of,
                policy=scope.estate.platform.capacity.forecast,
            )


def _sum_of_days(series: Sequence[Sequence[tuple[date, float]]]) -> list[tuple[date, float]]:
    """Day by day sum of several series; a day that one of them lacks is a gap of the sum."""
    if len(series) == 1:
        return list(series[0])
    values: dict[date, float] = {}
    times: Counter[date] = Counter()
    for points in series:
        for day, value in points:
            values[day] = values.get(day, 0.0) + value
            times[day] += 1
    return [(day, values[day]) for day in sorted(values) if times[day] == len(series)]
