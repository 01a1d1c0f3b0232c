"""From the objects of a bulk read to ObservedMachine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.state import (
    ObservedDisk,
    ObservedMachine,
    ObservedNic,
    ObservedSnapshot,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.inventory import (
    GIBIBYTE,
    Inventory,
    host_name_of,
    name_of,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import PlainObject, dig, many, truth
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tagging import PREFIX, TagInventory

POWER = {"poweredOn": "on", "poweredOff": "off", "suspended": "suspended"}
# Machines that vCenter makes and owns itself (vSphere Cluster Services); nobody describes or manages them.
_AGENT = "cluster-agent"


def machine_objects(inventory: Inventory) -> list[PlainObject]:
    """All virtual machines and templates of the datacenter that are not vCenter's own."""
    return [
        PlainObject("VirtualMachine", reference, properties)
        for reference, properties in inventory.of("VirtualMachine").items()
        if dig(properties.get("config.managedBy"), "type") != _AGENT
    ]


def device_facts(devices: Any) -> dict[str, list[dict[str, Any]]]:
    """Disks and network interfaces of a machine as JSON values: what the cache keeps."""
    disks: list[dict[str, Any]] = []
    nics: list[dict[str, Any]] = []
    for device in many(devices):
        if device.get("_type") == "VirtualDisk":
            disks.append(_disk(device))
        elif "macAddress" in device:
            nics.append(_nic(device))
    disks.sort(key=lambda disk: (disk["controller_key"], disk["unit_number"]))
    nics.sort(key=lambda nic: int(nic["device_key"]))
    return {"disks": disks, "nics": nics}


def _disk(device: Mapping[str, Any]) -> dict[str, Any]:
    size = device.get("capacityInBytes") or int(device.get("capacityInKB") or 0) * 1024
    size_gb = int(size) / GIBIBYTE
    path = str(dig(device.get("backing"), "fileName") or "")
    return {
        "device_key": int(device["key"]),
        "controller_key": int(device.get("controllerKey") or 0),
        "unit_number": int(device.get("unitNumber") or 0),
        "size_gb": int(size_gb) if size_gb.is_integer() else size_gb,
        "datastore_id": dig(device.get("backing"), "datastore"),
        "path": path,
    }


def _nic(device: Mapping[str, Any]) -> dict[str, Any]:
    backing = device.get("backing")
    return {
        "device_key": int(device["key"]),
        "port_group_key": dig(backing, "port", "portgroupKey"),
        "network": dig(backing, "deviceName"),
        "mac": str(device.get("macAddress", "")).lower(),
        # Whether the interface is meant to be connected: while a machine is off, none is.
        "connected": truth(dig(device.get("connectable"), "startConnected")),
    }


def machines(
    inventory: Inventory, tags: TagInventory, devices: Mapping[str, Mapping[str, Any]]
) -> tuple[ObservedMachine, ...]:
    """All machines that are no templates, in the order of their names and ids."""
    found = [
        _machine(inventory, item, tags, devices.get(item.reference, {}))
        for item in machine_objects(inventory)
        if not truth(item.properties.get("config.template"))
    ]
    return tuple(sorted(found, key=lambda machine: (machine.name, machine.reference)))


def _machine(
    inventory: Inventory, item: PlainObject, tags: TagInventory, devices: Mapping[str, Any]
) -> ObservedMachine:
    properties = dict(item.properties)
    cluster, pool = inventory.pool_paths.get(str(properties.get("resourcePool")), ("", ""))
    host = inventory.hosts.get(str(properties.get("runtime.host")), {})
    found = tuple(snapshots(many(properties.get("snapshot.rootSnapshotList"))))
    return ObservedMachine(
        reference=item.reference,
        instance_uuid=str(properties.get("config.instanceUuid", "")).lower(),
        name=name_of(properties),
        folder=inventory.folder_paths.get(str(properties.get("parent")), ""),
        cluster=cluster,
        resource_pool=pool,
        host=host_name_of(host),
        is_template=False,
        guest_id=str(properties.get("config.guestId", "")),
        cpu=int(properties.get("config.hardware.numCPU") or 0),
        memory_mb=int(properties.get("config.hardware.memoryMB") or 0),
        disks=tuple(_observed_disk(inventory, disk) for disk in devices.get("disks", [])),
        nics=tuple(_observed_nic(inventory, nic) for nic in devices.get("nics", [])),
        notes=str(properties.get("config.annotation", "")),
        tags=dict(tags.attached.get(item.reference, {})),
        attributes=attributes(inventory, many(properties.get("customValue"))),
        power=POWER.get(str(properties.get("runtime.powerState")), "off"),
        change_version=str(properties.get("config.changeVersion", "")),
        snapshots=len(found),
        snapshot_list=found,
        cpu_hot_add=truth(properties.get("config.cpuHotAddEnabled")),
        memory_hot_add=truth(properties.get("config.memoryHotAddEnabled")),
    )


def _observed_disk(inventory: Inventory, disk: Mapping[str, Any]) -> ObservedDisk:
    path = str(disk["path"])
    datastore = inventory.of("Datastore").get(str(disk["datastore_id"]))
    in_path = path[1:].partition("]")[0] if path.startswith("[") else ""
    return ObservedDisk(
        device_key=disk["device_key"],
        unit_number=disk["unit_number"],
        controller_key=disk["controller_key"],
        size_gb=disk["size_gb"],
        datastore=name_of(datastore) if datastore else in_path,
        path=path,
    )


def _observed_nic(inventory: Inventory, nic: Mapping[str, Any]) -> ObservedNic:
    # The cache keeps keys and no names, so that a renamed port group is seen without a change of the machine.
    port_group = inventory.port_group_by_key.get(str(nic["port_group_key"])) or nic["network"]
    return ObservedNic(
        device_key=nic["device_key"], port_group=port_group or None, mac=nic["mac"], connected=nic["connected"]
    )


def attributes(inventory: Inventory, values: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The attributes of this estate by name, of a machine's customValue."""
    named = (
        (inventory.attribute_names.get(str(value.get("key")), ""), str(value.get("value", ""))) for value in values
    )
    return {name: text for name, text in sorted(named) if name.startswith(PREFIX) and text}


def snapshots(trees: Sequence[Mapping[str, Any]], depth: int = 1) -> Iterator[ObservedSnapshot]:
    """Every snapshot below snapshot.rootSnapshotList, each before those that were taken after it."""
    for tree in trees:
        yield ObservedSnapshot(name=str(tree.get("name", "")), created=str(tree.get("createTime", "")), depth=depth)
        yield from snapshots(many(tree.get("childSnapshotList")), depth + 1)
