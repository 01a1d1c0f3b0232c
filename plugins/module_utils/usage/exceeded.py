"""Which thresholds of platform/capacity.yml are passed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.model.capacity import Thresholds
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report import Exceeded, Threshold
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import (
    Balance,
    ClusterCapacity,
    DatastoreUsage,
    Forecast,
    TierCapacity,
)


def exceeded(
    limits: Thresholds,
    *,
    clusters: Sequence[ClusterCapacity],
    tiers: Sequence[TierCapacity],
    datastores: Sequence[DatastoreUsage],
    forecasts: Sequence[Forecast],
    machines_with_old_snapshots: int,
) -> tuple[Exceeded, ...]:
    """In the order of the report. What is full already is said once: by its percentage if that is passed."""
    found: list[Exceeded] = []
    for cluster in clusters:
        for balance in cluster.balances:
            if balance.resource == "cpu":
                found += _over("cluster_cpu_percent", cluster.cluster, balance, limits.cluster_cpu_percent)
            else:
                found += _over("cluster_memory_percent", cluster.cluster, balance, limits.cluster_memory_percent)
    for tier in tiers:
        for balance in tier.balances:
            found += _over("storage_percent", tier.name, balance, limits.storage_percent)
    for datastore in datastores:
        percent = datastore.used_percent
        if percent is not None and percent > limits.datastore_used_percent:
            found.append(
                Exceeded(
                    threshold="datastore_used_percent",
                    place=datastore.datastore,
                    resource="storage",
                    basis="demand",
                    value=percent,
                    limit=limits.datastore_used_percent,
                )
            )
    said = {(each.place, each.resource, each.basis) for each in found}
    found += [
        Exceeded(
            threshold="days_until_full",
            place=each.place,
            resource=each.resource,
            basis=each.basis,
            value=each.days_until_full,
            limit=limits.days_until_full,
        )
        for each in forecasts
        if each.days_until_full is not None
        and (
            (each.status == "full" and (each.place, each.resource, each.basis) not in said)
            or (each.status == "growing" and each.days_until_full < limits.days_until_full)
        )
    ]
    if machines_with_old_snapshots > limits.old_snapshots:
        found.append(
            Exceeded(
                threshold="old_snapshots",
                place="",
                resource=None,
                basis="actual",
                value=machines_with_old_snapshots,
                limit=limits.old_snapshots,
            )
        )
    return tuple(found)


def _over(threshold: Threshold, place: str, balance: Balance, limit: int) -> Iterator[Exceeded]:
    percent = balance.percent
    if percent is None or percent > limit:
        yield Exceeded(
            threshold=threshold,
            place=place,
            resource=balance.resource,
            basis=balance.basis,
            value=percent,
            limit=limit,
        )
