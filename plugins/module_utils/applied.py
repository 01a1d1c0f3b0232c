"""What a vCenter would show had its description been carried out: the base of a comparison without a vCenter.

A review of two commits compares the new description with this state of the old one. Risks and refusals (a disk that
shrinks, a cluster that changes) then come out of the very code that makes the plan against a live vCenter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ansible_collections.kyotsu.platform.plugins.module_utils.placement import Placement
from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    DesiredMachine,
    DesiredVCenter,
    ObservedDisk,
    ObservedMachine,
    ObservedNic,
    ObservedVCenter,
)

# Only these exist: what is planned is not made yet, what is retired is gone.
_THERE = ("in-service", "retiring")
_MEBIBYTES_PER_GIBIBYTE = 1024
# Any value: devices are told apart by position in a comparison.
_FIRST_DISK, _FIRST_NIC, _CONTROLLER = 2000, 4000, 1000


def as_applied(
    desired: DesiredVCenter, *, capacity_gb: Mapping[str, float] | None = None, gone: Collection[str] = ()
) -> ObservedVCenter:
    """The state of one vCenter in which nothing differs from the description.

    `capacity_gb` (GiB per datastore) counts instead of the description's own: the storage that a later commit has.
    `gone` are keys of machines that are not there any more.

    Disks lie where a first provisioning would put them. A disk for which no datastore has room (rule K-02 says so)
    counts as lying on the first of its tier. Nothing is snapshotted, everything is connected, hot add is off, as
    machines are made.
    """
    capacity = desired.capacity_gb if capacity_gb is None else capacity_gb
    placement = Placement(desired.capacity_gb, {}, desired.reserve_gb)
    used: dict[str, float] = {}
    machines = tuple(
        _machine(each, placement, used) for each in desired.machines if each.status in _THERE and each.key not in gone
    )
    return ObservedVCenter(
        id=desired.id,
        instance_uuid="",
        datacenter=desired.datacenter,
        items=desired.items,
        machines=machines,
        references={},
        free_gb={name: size - used.get(name, 0.0) for name, size in capacity.items()},
        calls=0,
    )


def _machine(desired: DesiredMachine, placement: Placement, used: dict[str, float]) -> ObservedMachine:
    return ObservedMachine(
        reference=desired.key,
        instance_uuid=desired.instance_uuid,
        name=desired.name,
        folder=desired.folder,
        cluster=desired.cluster,
        resource_pool=desired.resource_pool,
        host="",
        is_template=False,
        guest_id=desired.guest_id,
        cpu=desired.cpu,
        memory_mb=desired.memory_gb * _MEBIBYTES_PER_GIBIBYTE,
        disks=tuple(_disks(desired, placement, used)),
        nics=tuple(
            ObservedNic(device_key=_FIRST_NIC + number, port_group=nic.port_group, mac=nic.mac, connected=True)
            for number, nic in enumerate(desired.nics)
        ),
        notes=desired.notes,
        tags=dict(desired.tags),
        attributes=dict(desired.attributes),
        power=desired.power,
        change_version="",
        snapshots=0,
    )


def _disks(desired: DesiredMachine, placement: Placement, used: dict[str, float]) -> list[ObservedDisk]:
    disks = []
    for number, disk in enumerate(desired.disks):
        first = disk.datastores[0] if disk.datastores else ""
        datastore = placement.place(disk.size_gb, disk.datastores) or first
        used[datastore] = used.get(datastore, 0.0) + disk.size_gb
        disks.append(
            ObservedDisk(
                device_key=_FIRST_DISK + number,
                unit_number=number,
                controller_key=_CONTROLLER,
                size_gb=disk.size_gb,
                datastore=datastore,
                path=f"[{datastore}] {desired.name}/{disk.name}.vmdk",
            )
        )
    return disks
