"""From the objects of a bulk read to MachineSample."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.usage.observed import MachineSample, StorageUse
from ansible_collections.kyotsu.platform.plugins.module_utils.usage.ownership import Ownerships
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.inventory import (
    GIBIBYTE,
    Inventory,
    host_name_of,
    name_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import PlainObject, many
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read_machines import POWER, attributes, snapshots
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.usage_foundation import (
    MEBIBYTES_PER_GIBIBYTE,
    gibibytes_of_mebibytes,
    whole,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.usage_paths import ATTRIBUTES, SNAPSHOTS

_NO_FILE = "-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """What was read beside the bulk, by machine id; `network_kbps` is None where it could not be measured."""

    attributes: Mapping[str, Mapping[str, Any]]
    devices: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, Mapping[str, Any]]
    network_kbps: Mapping[str, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One vCenter as it was read, and what the repository knows; `tiers` by datastore name."""

    vcenter: str
    inventory: Inventory
    facts: MachineFacts
    ownerships: Ownerships
    tiers: Mapping[str, str]

    def samples(self, machines: Sequence[PlainObject]) -> Iterator[MachineSample]:
        """One sample per machine."""
        datastores = {reference: name_of(store) for reference, store in self.inventory.of("Datastore").items()}
        for item in machines:
            yield _sample(self, item, _storage(item, self.facts, datastores, self.tiers))


def _sample(reading: Reading, item: PlainObject, storage: tuple[StorageUse, ...]) -> MachineSample:
    inventory, facts, ownerships = reading.inventory, reading.facts, reading.ownerships
    properties = item.properties
    identity = str(properties.get("config.instanceUuid", "")).lower()
    name = name_of(dict(properties))
    cluster, _ = inventory.pool_paths.get(str(properties.get("resourcePool")), ("", ""))
    written = attributes(inventory, many(facts.attributes.get(item.reference, {}).get(ATTRIBUTES)))
    owned = ownerships.of(identity, name, cluster, written)
    power = POWER.get(str(properties.get("runtime.powerState")), "off")
    running = power == "on"
    trees = many(properties.get(SNAPSHOTS))
    taken = [datetime.fromisoformat(each.created) for each in snapshots(trees) if each.created]
    guest_used, guest_capacity = _guest_disks(properties.get("guest.disk"))
    memory_used = gibibytes_of_mebibytes(properties.get("summary.quickStats.guestMemoryUsage")) if running else 0.0
    consumed = gibibytes_of_mebibytes(properties.get("summary.quickStats.hostMemoryUsage")) if running else 0.0
    return MachineSample(
        vcenter=reading.vcenter,
        # A machine that is not yet complete has no instanceUuid; its id in this vCenter keeps it apart from others.
        identity=identity or item.reference,
        name=name,
        key=owned.key,
        system=owned.system,
        owner=owned.owner,
        segment=owned.segment,
        cluster=cluster,
        equipment=ownerships.equipment_of(cluster),
        managed=owned.managed,
        power=power,
        cpu_count=int(properties.get("config.hardware.numCPU") or 0),
        memory_gb=int(properties.get("config.hardware.memoryMB") or 0) / MEBIBYTES_PER_GIBIBYTE,
        pool=owned.pool,
        host=host_name_of(inventory.hosts.get(str(properties.get("runtime.host")), {})),
        cpu_reserved_mhz=whole(properties.get("config.cpuAllocation.reservation")),
        memory_reserved_gb=gibibytes_of_mebibytes(properties.get("config.memoryAllocation.reservation")),
        cpu_used_mhz=whole(properties.get("summary.quickStats.overallCpuUsage")) if running else 0,
        memory_used_gb=memory_used,
        memory_consumed_gb=consumed,
        network_used_kbps=_network(item, facts, running),
        storage=storage,
        snapshots=sum(1 for _ in snapshots(trees)),
        snapshot_gb=snapshot_gb(trees, facts.files.get(item.reference)) if trees else 0.0,
        oldest_snapshot=min(taken, default=None),
        guest_disk_used_gb=guest_used,
        guest_disk_capacity_gb=guest_capacity,
    )


def _network(item: PlainObject, facts: MachineFacts, running: bool) -> int | None:
    if not running:
        return 0
    return None if facts.network_kbps is None else facts.network_kbps.get(item.reference)


def _storage(
    item: PlainObject, facts: MachineFacts, datastores: Mapping[str, str], tiers: Mapping[str, str]
) -> tuple[StorageUse, ...]:
    allocated: defaultdict[str, float] = defaultdict(float)
    for disk in facts.devices.get(item.reference, {}).get("disks", []):
        allocated[str(disk["datastore_id"])] += disk["size_gb"]
    told = item.properties.get("storage.perDatastoreUsage")
    own = {str(use["datastore"]): _own_bytes(use) / GIBIBYTE for use in many(told)}
    uses = []
    for reference in allocated.keys() | own.keys():
        name = datastores.get(reference, "")
        uses.append(
            StorageUse(
                datastore=name,
                tier=tiers.get(name),
                allocated_gb=float(allocated.get(reference, 0)),
                used_gb=None if told is None else own.get(reference, 0.0),
            )
        )
    return tuple(sorted(uses, key=lambda use: use.datastore))


def _own_bytes(use: Mapping[str, Any]) -> int:
    """What a machine alone takes of a datastore.

    `committed` counts the base disk of a linked clone with every clone; `unshared` counts it with none, so that it
    stands once in what is written to the datastore.
    """
    unshared = use.get("unshared")
    return int((use.get("committed") or 0) if unshared is None else unshared)


def _guest_disks(disks: Any) -> tuple[float | None, float | None]:
    """(used, capacity) in GiB over the guest's file systems; None without a guest that tells them."""
    told = [disk for disk in many(disks) if disk.get("capacity") and disk.get("freeSpace")]
    if not told:
        return None, None
    capacity = sum(int(disk["capacity"]) for disk in told)
    return (capacity - sum(int(disk["freeSpace"]) for disk in told)) / GIBIBYTE, capacity / GIBIBYTE


def snapshot_gb(trees: Sequence[Mapping[str, Any]], layout: Mapping[str, Any] | None) -> float | None:
    """GiB that exist only for a machine's snapshots: what removing them all would set free at most.

    `trees` is snapshot.rootSnapshotList, `layout` the properties layoutEx.*. Counted are the files that hold the state
    and memory of a snapshot, and of the disks those files of a chain that came after the first snapshot: what the disks
    were then (of a linked clone its parent's files too) is needed without snapshots as well.
    """
    if layout is None or layout.get("layoutEx.file") is None:
        return None
    sizes = {str(file["key"]): int(file.get("size") or 0) for file in many(layout["layoutEx.file"])}
    roots = {str(tree.get("snapshot")) for tree in trees}
    before: set[str] = set()
    after = _chain_files(layout.get("layoutEx.disk"))
    own: set[str] = set()
    for snapshot in many(layout.get("layoutEx.snapshot")):
        files = _chain_files(snapshot.get("disk"))
        if str(snapshot.get("key")) in roots:
            before |= files
        after |= files
        own |= {str(snapshot.get(name)) for name in ("dataKey", "memoryKey")} - {_NO_FILE, "None"}
    return sum(sizes.get(key, 0) for key in (after - before) | own) / GIBIBYTE


def _chain_files(disks: Any) -> set[str]:
    return {str(key) for disk in many(disks) for unit in many(disk.get("chain")) for key in many(unit.get("fileKey"))}
