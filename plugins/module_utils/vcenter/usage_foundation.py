"""From the objects of a bulk read to HostSample, ClusterSample and DatastoreSample."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import (
    ClusterSample,
    DatastoreSample,
    HostSample,
    total_or_none,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.ownership import Ownerships
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.inventory import (
    GIBIBYTE,
    Inventory,
    host_name_of,
    name_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import truth
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read_items import availability, foreign_policy

MEBIBYTES_PER_GIBIBYTE = 1024


def hosts(vcenter: str, inventory: Inventory, ownerships: Ownerships) -> Iterator[HostSample]:
    """Every host, also one that does not answer at the moment: it has a size and no use."""
    owners = inventory.of("ClusterComputeResource", "ComputeResource")
    for host in inventory.hosts.values():
        cluster = name_of(owners.get(str(host.get("parent")), {}))
        state = str(host.get("runtime.connectionState", ""))
        up = state == "connected"
        yield HostSample(
            vcenter=vcenter,
            name=host_name_of(host),
            cluster=cluster,
            equipment=ownerships.equipment_of(cluster),
            cpu_cores=int(host.get("summary.hardware.numCpuCores") or 0),
            cpu_mhz=int(host.get("summary.hardware.cpuMhz") or 0),
            memory_gb=int(host.get("summary.hardware.memorySize") or 0) / GIBIBYTE,
            state=state,
            in_maintenance=truth(host.get("runtime.inMaintenanceMode")),
            # vCenter keeps the last values of a host that it has lost.
            cpu_used_mhz=whole(host.get("summary.quickStats.overallCpuUsage")) if up else None,
            memory_used_gb=gibibytes_of_mebibytes(host.get("summary.quickStats.overallMemoryUsage")) if up else None,
        )


def clusters(vcenter: str, inventory: Inventory, ownerships: Ownerships) -> Iterator[ClusterSample]:
    """Every cluster with the sums of its hosts."""
    by_cluster: dict[str, list[HostSample]] = {}
    for host in hosts(vcenter, inventory, ownerships):
        by_cluster.setdefault(host.cluster, []).append(host)
    for cluster in inventory.clusters.values():
        name = name_of(cluster)
        members = by_cluster.get(name, [])
        config = {"dasConfig": cluster.get("configurationEx.dasConfig") or {}}
        ha, tolerated = availability(config)
        cpu = total_or_none(host.cpu_used_mhz for host in members)
        yield ClusterSample(
            vcenter=vcenter,
            name=name,
            segment=ownerships.segment_of(name),
            equipment=ownerships.equipment_of(name),
            ha=ha,
            host_failures_tolerated=tolerated,
            admission_policy=foreign_policy(config),
            hosts=len(members),
            cpu_cores=sum(host.cpu_cores for host in members),
            cpu_total_mhz=sum(host.cpu_cores * host.cpu_mhz for host in members),
            memory_gb=sum(host.memory_gb for host in members),
            cpu_used_mhz=None if cpu is None else int(cpu),
            memory_used_gb=total_or_none(host.memory_used_gb for host in members),
        )


def datastores(vcenter: str, inventory: Inventory, estate: Estate) -> Iterator[DatastoreSample]:
    """Every datastore; tier, clusters and equipment are those of platform/storage.yml."""
    described = {datastore.name: datastore for datastore in estate.platform.datastores}
    for store in inventory.of("Datastore").values():
        name = name_of(store)
        own = described.get(name)
        cluster = estate.cluster_by_name.get(own.clusters[0]) if own and own.clusters else None
        uncommitted = store.get("summary.uncommitted")
        yield DatastoreSample(
            vcenter=vcenter,
            name=name,
            tier=own.tier if own else None,
            equipment=cluster.equipment if cluster else None,
            clusters=own.clusters if own else (),
            capacity_gb=int(store.get("summary.capacity") or 0) / GIBIBYTE,
            free_gb=int(store.get("summary.freeSpace") or 0) / GIBIBYTE,
            accessible=truth(store.get("summary.accessible")),
            uncommitted_gb=None if uncommitted is None else int(uncommitted) / GIBIBYTE,
        )


def whole(value: Any) -> int | None:
    """A number of vCenter, or None where it gives none."""
    return None if value is None or value == "" else int(value)


def gibibytes_of_mebibytes(value: Any) -> float | None:
    """GiB of a number that vCenter gives in MiB (and calls MB), or None."""
    number = whole(value)
    return None if number is None else number / MEBIBYTES_PER_GIBIBYTE
