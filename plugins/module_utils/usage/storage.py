"""Headroom of storage: tiers in the clusters that share them, and single datastores. GiB. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from ansible_collections.kyotsu.platform.plugins.module_utils.capacity import StorageHeadroom, storage_headroom
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Datastore
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import DatastoreSample
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import (
    Balance,
    DatastoreUsage,
    TierCapacity,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.sighting import Sighting


def tiers(scope: Scope, sighting: Sighting) -> tuple[TierCapacity, ...]:
    """Tiers of the scope's clusters, in the order of the data."""
    described = {datastore.name: datastore for datastore in scope.estate.platform.datastores}
    observed = observed_datastores(sighting)
    allocated = allocated_gib(sighting)
    rows = []
    for headroom in storage_headroom(scope.estate):
        if not scope.clusters.isdisjoint(headroom.clusters):
            members = [described[name] for name in headroom.datastores]
            rows.append(_tier(scope, headroom, members, observed, allocated))
    return tuple(rows)


def datastores(scope: Scope, sighting: Sighting) -> tuple[DatastoreUsage, ...]:
    """Datastores of the scope's clusters in the order of the data; without a filter also those only vCenter knows."""
    observed = observed_datastores(sighting)
    machines = _written(sighting)
    orphaned = _orphaned(sighting)
    rows = [
        _datastore(datastore, observed.get(datastore.name), machines, orphaned)
        for datastore in scope.estate.platform.datastores
        if not scope.clusters.isdisjoint(datastore.clusters)
    ]
    if scope.is_whole:
        rows += [_undescribed(observed[name], machines, orphaned) for name in undescribed_datastores(scope, sighting)]
    return tuple(rows)


def undescribed_datastores(scope: Scope, sighting: Sighting) -> list[str]:
    """Datastores in vCenter that platform/storage.yml does not describe, by name."""
    described = {datastore.name for datastore in scope.estate.platform.datastores}
    return sorted(name for name in observed_datastores(sighting) if name not in described)


def observed_datastores(sighting: Sighting) -> dict[str, DatastoreSample]:
    """What was observed, by name."""
    samples = sighting.observation.datastores if sighting.observation else ()
    return {sample.name: sample for sample in samples}


def fill_capacity_gib(datastore: Datastore, capacity_gib: float) -> float:
    """What may be written to a datastore of this real size: up to the fill limit, snapshots included."""
    return capacity_gib * datastore.fill_limit_percent / 100


def _tier(
    scope: Scope,
    headroom: StorageHeadroom,
    members: list[Datastore],
    observed: Mapping[str, DatastoreSample],
    allocated: Mapping[str, float] | None,
) -> TierCapacity:
    balances = [
        Balance(
            resource="storage",
            basis="described",
            unit="GiB",
            demand=headroom.demand_gb,
            capacity=headroom.usable_gb,
            total=headroom.capacity_gb,
        )
    ]
    samples = [observed[datastore.name] for datastore in members if datastore.name in observed]
    if members and len(samples) == len(members):  # a part of the tier is not the tier
        total = sum(sample.capacity_gb for sample in samples)
        if allocated is not None:
            free_of_machines = (
                datastore.fill_limit_percent - datastore.snapshot_reserve_percent for datastore in members
            )
            balances.append(
                Balance(
                    resource="storage",
                    basis="actual",
                    unit="GiB",
                    demand=sum(allocated.get(sample.name, 0.0) for sample in samples),
                    capacity=sum(
                        sample.capacity_gb * percent / 100
                        for sample, percent in zip(samples, free_of_machines, strict=True)
                    ),
                    total=total,
                )
            )
        balances.append(
            Balance(
                resource="storage",
                basis="demand",
                unit="GiB",
                demand=sum(sample.used_gb for sample in samples),
                capacity=sum(
                    fill_capacity_gib(datastore, sample.capacity_gb)
                    for datastore, sample in zip(members, samples, strict=True)
                ),
                total=total,
            )
        )
    cluster = scope.estate.cluster_by_name.get(headroom.clusters[0]) if headroom.clusters else None
    return TierCapacity(
        tier=headroom.tier,
        clusters=headroom.clusters,
        equipment=cluster.equipment if cluster else None,
        datastores=headroom.datastores,
        balances=tuple(balances),
    )


def _datastore(
    datastore: Datastore,
    sample: DatastoreSample | None,
    machines: Mapping[str, float | None],
    orphaned: Mapping[str, float] | None,
) -> DatastoreUsage:
    parts = _parts(sample, machines, orphaned) if sample else {}
    return DatastoreUsage(
        datastore=datastore.name,
        vcenter=datastore.vcenter,
        tier=datastore.tier,
        clusters=datastore.clusters,
        capacity_gib=sample.capacity_gb if sample else float(datastore.capacity_gb),
        fill_limit_percent=datastore.fill_limit_percent,
        accessible=sample.accessible if sample else None,
        used_gib=parts.get("used"),
        machines_gib=parts.get("machines"),
        orphaned_gib=parts.get("orphaned"),
        other_gib=parts.get("other"),
        provisioned_gib=sample.provisioned_gb if sample else None,
    )


def _undescribed(
    sample: DatastoreSample, machines: Mapping[str, float | None], orphaned: Mapping[str, float] | None
) -> DatastoreUsage:
    parts = _parts(sample, machines, orphaned)
    return DatastoreUsage(
        datastore=sample.name,
        vcenter=sample.vcenter,
        tier=None,
        clusters=(),
        capacity_gib=sample.capacity_gb,
        fill_limit_percent=None,
        accessible=sample.accessible,
        used_gib=parts["used"],
        machines_gib=parts["machines"],
        orphaned_gib=parts["orphaned"],
        other_gib=parts["other"],
        provisioned_gib=sample.provisioned_gb,
    )


def _parts(
    sample: DatastoreSample, machines: Mapping[str, float | None], orphaned: Mapping[str, float] | None
) -> dict[str, float | None]:
    """What the used space is made of. An array that saves space makes parts come to more than used: other is then 0."""
    used = sample.used_gb
    of_machines = machines.get(sample.name, 0.0)
    of_nobody = orphaned.get(sample.name, 0.0) if orphaned is not None else None
    other = None if of_machines is None else max(used - of_machines - (of_nobody or 0.0), 0.0)
    return {"used": used, "machines": of_machines, "orphaned": of_nobody, "other": other}


def allocated_gib(sighting: Sighting) -> dict[str, float] | None:
    """Full size of the disks by datastore; None where the samples are so old that they no longer tell."""
    sums: defaultdict[str, float] = defaultdict(float)
    for part in _storage(sighting):
        if not part[0]:
            return None
        sums[part[0]] += part[1]
    return sums


def _written(sighting: Sighting) -> dict[str, float | None]:
    """What machines' files take by datastore; None as soon as one of them was not told."""
    sums: dict[str, float | None] = {}
    for name, _, used in _storage(sighting):
        before = sums.get(name, 0.0)
        sums[name] = None if before is None or used is None else before + used
    return sums


def _storage(sighting: Sighting) -> Iterator[tuple[str, float, float | None]]:
    for machine in sighting.observation.machines if sighting.observation else ():
        for part in machine.storage:
            yield part.datastore, part.allocated_gb, part.used_gb


def _orphaned(sighting: Sighting) -> dict[str, float] | None:
    if sighting.observation is None or sighting.observation.orphaned_disks is None:
        return None
    sums: defaultdict[str, float] = defaultdict(float)
    for disk in sighting.observation.orphaned_disks:
        sums[disk.datastore] += disk.used_gb
    return sums
