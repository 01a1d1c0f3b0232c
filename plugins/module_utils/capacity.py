"""What is described against what the clusters and datastores carry (rules K-01 and K-02).

Cluster: vSphere HA admission control, "host failures the cluster tolerates": what runs must still fit when the
`host_failures_tolerated` largest hosts are lost. Largest is taken for CPU and for memory on their own, so the result is
right whichever host fails. Capacity in vCPU is physical cores times the overcommit ratio of the cluster, in GiB of
memory likewise; demand is what is configured, not what is used.

Storage, per tier and the clusters that share its datastores: capacity times the fill limit, minus the snapshot reserve
(both percent of the datastore's capacity). Demand is the disks' full size, as if none were thin; swap files are not
counted, they live from what the fill limit leaves.

Counted are machines that are planned (they will be built), in service and retiring (they run until the day), whether on
or off (an off one may be started); not retired ones. A pool counts with all its desktops.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Cluster, Datastore
from ansible_collections.kyotsu.platform.plugins.module_utils.model.system import DesktopPool, Machine, System


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterHeadroom:
    """One cluster. CPU in vCPU, memory in GiB; `*_capacity` with hosts lost, `*_total` with all hosts up."""

    cluster: str
    equipment: str
    hosts: int
    host_failures_tolerated: int
    cpu_demand: int
    cpu_capacity: float
    cpu_total: float
    memory_demand_gb: int
    memory_capacity_gb: float
    memory_total_gb: float

    @property
    def cpu_percent(self) -> float:
        """CPU demand in percent of what is left with hosts lost."""
        return _percent(self.cpu_demand, self.cpu_capacity)

    @property
    def memory_percent(self) -> float:
        """Memory demand in percent of what is left with hosts lost."""
        return _percent(self.memory_demand_gb, self.memory_capacity_gb)

    @property
    def fits(self) -> bool:
        """Whether everything runs with the tolerated number of hosts lost."""
        return self.cpu_demand <= self.cpu_capacity and self.memory_demand_gb <= self.memory_capacity_gb


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageHeadroom:
    """One tier in the clusters that share its datastores (usually one cluster). Sizes in GiB."""

    tier: str
    clusters: tuple[str, ...]
    datastores: tuple[str, ...]
    demand_gb: int
    usable_gb: float
    capacity_gb: int

    @property
    def percent(self) -> float:
        """Demand in percent of the usable capacity."""
        return _percent(self.demand_gb, self.usable_gb)

    @property
    def fits(self) -> bool:
        """Whether the datastores stay under their fill limit, snapshot reserve kept free."""
        return self.demand_gb <= self.usable_gb


def cluster_headroom(estate: Estate) -> tuple[ClusterHeadroom, ...]:
    """Every cluster, in the order of the data."""
    cpu: defaultdict[str, int] = defaultdict(int)
    memory: defaultdict[str, int] = defaultdict(int)
    for system, item, count in _counted(estate):
        item_cpu, item_memory = _size(estate, item)
        cpu[system.cluster] += item_cpu * count
        memory[system.cluster] += item_memory * count
    return tuple(_headroom(cluster, cpu[cluster.name], memory[cluster.name]) for cluster in estate.platform.clusters)


def storage_headroom(estate: Estate) -> tuple[StorageHeadroom, ...]:
    """Every tier in every group of clusters that has datastores of it or needs them, in the order of the data."""
    demand: defaultdict[tuple[str, str], int] = defaultdict(int)
    for system, item, count in _counted(estate):
        if isinstance(item, Machine):
            for disk in item.disks:
                demand[disk.tier, system.cluster] += disk.size_gb
        else:
            demand[item.tier, system.cluster] += item.disk_gb * count
    groups = datastore_groups(estate.platform.datastores)
    covered = {(tier, cluster) for tier, clusters, _ in groups for cluster in clusters}
    groups.extend((tier, (cluster,), ()) for tier, cluster in sorted(demand) if (tier, cluster) not in covered)
    return tuple(
        StorageHeadroom(
            tier=tier,
            clusters=clusters,
            datastores=tuple(datastore.name for datastore in datastores),
            demand_gb=sum(demand[tier, cluster] for cluster in clusters),
            usable_gb=sum(usable_gb(datastore) for datastore in datastores),
            capacity_gb=sum(datastore.capacity_gb for datastore in datastores),
        )
        for tier, clusters, datastores in groups
    )


def usable_gb(datastore: Datastore) -> float:
    """GiB of a datastore that machines may fill: under the fill limit, without the snapshot reserve."""
    return datastore.capacity_gb * (datastore.fill_limit_percent - datastore.snapshot_reserve_percent) / 100


def left_after_loss(sizes: Iterable[float], lost: int) -> float:
    """What is left of hosts of these sizes when the `lost` largest fail; 0 where that is all of them."""
    ordered = sorted(sizes)
    return sum(ordered[: max(len(ordered) - lost, 0)])


def _counted(estate: Estate) -> Iterator[tuple[System, Machine | DesktopPool, int]]:
    for system, machine in estate.machines():
        if status_of(system, machine) != "retired":
            yield system, machine, 1
    for system, pool in estate.desktop_pools():
        if system.status != "retired":
            yield system, pool, pool.count


def _size(estate: Estate, item: Machine | DesktopPool) -> tuple[int, int]:
    """As Estate.size; nothing for a flavour that does not exist, of which rule E-04 speaks."""
    if item.flavour is not None and item.flavour not in estate.flavour_by_id:
        return 0, 0
    return estate.size(item)


def _headroom(cluster: Cluster, cpu_demand: int, memory_demand_gb: int) -> ClusterHeadroom:
    cores = [host.cpu_cores for host in cluster.hosts]
    memory = [host.memory_gb for host in cluster.hosts]
    lost = cluster.host_failures_tolerated
    return ClusterHeadroom(
        cluster=cluster.name,
        equipment=cluster.equipment,
        hosts=len(cluster.hosts),
        host_failures_tolerated=lost,
        cpu_demand=cpu_demand,
        cpu_capacity=left_after_loss(cores, lost) * cluster.cpu_overcommit_ratio,
        cpu_total=sum(cores) * cluster.cpu_overcommit_ratio,
        memory_demand_gb=memory_demand_gb,
        memory_capacity_gb=left_after_loss(memory, lost) * cluster.memory_overcommit_ratio,
        memory_total_gb=sum(memory) * cluster.memory_overcommit_ratio,
    )


def datastore_groups(datastores: tuple[Datastore, ...]) -> list[tuple[str, tuple[str, ...], tuple[Datastore, ...]]]:
    """(tier, clusters, datastores): clusters that share a datastore of a tier share its space and count as one."""
    groups: list[tuple[str, set[str], list[Datastore]]] = []
    for datastore in datastores:
        clusters = set(datastore.clusters)
        members = [datastore]
        rest = []
        for group in groups:
            if group[0] == datastore.tier and group[1] & clusters:
                clusters |= group[1]
                members = [*group[2], *members]
            else:
                rest.append(group)
        groups = [*rest, (datastore.tier, clusters, members)]
    return [(tier, tuple(sorted(clusters)), tuple(members)) for tier, clusters, members in groups]


def _percent(demand: float, capacity: float) -> float:
    """Percent, and infinite where something is asked of nothing."""
    if capacity > 0:
        return 100 * demand / capacity
    return float("inf") if demand else 0.0
