"""Headroom of clusters with hosts lost: as described, as allocated in vCenter, and by demand. Pure.

Capacity is that of `module_utils.capacity` (vSphere HA, "host failures the cluster tolerates": what runs must fit when
the largest hosts are lost), taken for the described hosts, and for those that vCenter shows connected and not in
maintenance. Overcommit ratios hold for what is allocated; demand is measured in MHz and GiB and has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.capacity import (
    ClusterHeadroom,
    cluster_headroom,
    left_after_loss,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Cluster
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import (
    HostSample,
    MachineSample,
    total_or_none,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.report_capacity import Balance, ClusterCapacity
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.scope import Scope
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.sighting import Sighting

# What HA counts for a running machine without a CPU reservation (das.vmcpuminmhz; vSphere Availability, "Cluster
# Resources Percentage Admission Control").
_HA_CPU_MHZ = 32


def clusters(scope: Scope, sighting: Sighting) -> tuple[ClusterCapacity, ...]:
    """Clusters of the scope in the order of the data; without a filter also those that only vCenter knows."""
    rows = [
        _described(cluster, headroom, sighting)
        for cluster, headroom in zip(scope.estate.platform.clusters, cluster_headroom(scope.estate), strict=True)
        if cluster.name in scope.clusters
    ]
    if scope.is_whole:
        rows += [_undescribed(name, sighting) for name in undescribed_clusters(scope, sighting)]
    return tuple(rows)


def undescribed_clusters(scope: Scope, sighting: Sighting) -> list[str]:
    """Clusters with hosts in vCenter that platform/clusters.yml does not describe, by name."""
    return sorted(name for name in sighting.hosts if name and name not in scope.estate.cluster_by_name)


def demand_capacity_mhz(cluster: Cluster) -> float:
    """MHz that the described hosts leave with the tolerated number of them lost."""
    return left_after_loss((host.cpu_cores * host.cpu_mhz for host in cluster.hosts), cluster.host_failures_tolerated)


def _described(cluster: Cluster, headroom: ClusterHeadroom, sighting: Sighting) -> ClusterCapacity:
    hosts = sighting.hosts.get(cluster.name, []) if sighting.knows(cluster.vcenter) else None
    machines = sighting.machines_on.get(cluster.name, [])
    lost = cluster.host_failures_tolerated
    balances = [
        Balance(
            resource="cpu",
            basis="described",
            unit="vCPU",
            demand=headroom.cpu_demand,
            capacity=headroom.cpu_capacity,
            total=headroom.cpu_total,
        ),
        Balance(
            resource="memory",
            basis="described",
            unit="GiB",
            demand=headroom.memory_demand_gb,
            capacity=headroom.memory_capacity_gb,
            total=headroom.memory_total_gb,
        ),
    ]
    if hosts is not None:
        ratios = (cluster.cpu_overcommit_ratio, cluster.memory_overcommit_ratio)
        balances += _observed(hosts, machines, lost, *ratios)
    return ClusterCapacity(
        cluster=cluster.name,
        segment=cluster.segment,
        equipment=cluster.equipment,
        hosts_described=len(cluster.hosts),
        hosts_observed=None if hosts is None else sum(host.usable for host in hosts),
        hosts_unavailable=tuple(host.name for host in hosts or () if not host.usable),
        host_failures_tolerated=lost,
        cpu_overcommit_ratio=cluster.cpu_overcommit_ratio,
        memory_overcommit_ratio=cluster.memory_overcommit_ratio,
        failover_percent=_failover_percent(lost, len(cluster.hosts)),
        reserved_cpu_percent=_reserved_cpu_percent(hosts or (), machines),
        reserved_memory_percent=_reserved_memory_percent(hosts or (), machines),
        balances=tuple(balances),
    )


def _undescribed(name: str, sighting: Sighting) -> ClusterCapacity:
    """A cluster of which nothing is described: no overcommit; hosts lost as vCenter's own HA is set."""
    hosts = sighting.hosts[name]
    machines = sighting.machines_on.get(name, [])
    samples = sighting.observation.clusters if sighting.observation else ()
    lost = next((each.host_failures_tolerated for each in samples if each.name == name), 0)
    return ClusterCapacity(
        cluster=name,
        segment=None,
        equipment=None,
        hosts_described=0,
        hosts_observed=sum(host.usable for host in hosts),
        hosts_unavailable=tuple(host.name for host in hosts if not host.usable),
        host_failures_tolerated=lost,
        cpu_overcommit_ratio=1.0,
        memory_overcommit_ratio=1.0,
        failover_percent=_failover_percent(lost, len(hosts)),
        reserved_cpu_percent=_reserved_cpu_percent(hosts, machines),
        reserved_memory_percent=_reserved_memory_percent(hosts, machines),
        balances=tuple(_observed(hosts, machines, lost, 1.0, 1.0)),
    )


def _observed(
    hosts: Sequence[HostSample], machines: Sequence[MachineSample], lost: int, cpu_ratio: float, memory_ratio: float
) -> Iterator[Balance]:
    """What is allocated in vCenter and what is used, against the hosts that can carry machines now."""
    usable = [host for host in hosts if host.usable]
    cores = [host.cpu_cores for host in usable]
    mhz = [host.cpu_cores * host.cpu_mhz for host in usable]
    memory = [host.memory_gb for host in usable]
    yield Balance(
        resource="cpu",
        basis="actual",
        unit="vCPU",
        demand=sum(machine.cpu_count for machine in machines),
        capacity=left_after_loss(cores, lost) * cpu_ratio,
        total=sum(cores) * cpu_ratio,
    )
    yield Balance(
        resource="memory",
        basis="actual",
        unit="GiB",
        demand=sum(machine.memory_gb for machine in machines),
        capacity=left_after_loss(memory, lost) * memory_ratio,
        total=sum(memory) * memory_ratio,
    )
    used_mhz = total_or_none(host.cpu_used_mhz for host in usable)
    if usable and used_mhz is not None:
        yield Balance(
            resource="cpu",
            basis="demand",
            unit="MHz",
            demand=used_mhz,
            capacity=left_after_loss(mhz, lost),
            total=sum(mhz),
        )
    used_gib = total_or_none(host.memory_used_gb for host in usable)
    if usable and used_gib is not None:
        yield Balance(
            resource="memory",
            basis="demand",
            unit="GiB",
            demand=used_gib,
            capacity=left_after_loss(memory, lost),
            total=sum(memory),
        )


def _failover_percent(lost: int, hosts: int) -> float:
    """What vSphere's percentage policy reserves for this number of failures (since vSphere 6.5: lost / hosts)."""
    return 100 * min(lost, hosts) / hosts if hosts else 0.0


def _reserved_cpu_percent(hosts: Iterable[HostSample], machines: Iterable[MachineSample]) -> float | None:
    whole = sum(host.cpu_cores * host.cpu_mhz for host in hosts if host.usable)
    reserved = total_or_none(machine.cpu_reserved_mhz for machine in machines if machine.power == "on")
    if not whole or reserved is None:
        return None
    least = sum(max(machine.cpu_reserved_mhz or 0, _HA_CPU_MHZ) for machine in machines if machine.power == "on")
    return 100 * least / whole


def _reserved_memory_percent(hosts: Iterable[HostSample], machines: Iterable[MachineSample]) -> float | None:
    whole = sum(host.memory_gb for host in hosts if host.usable)
    reserved = total_or_none(machine.memory_reserved_gb for machine in machines if machine.power == "on")
    return None if not whole or reserved is None else 100 * reserved / whole
