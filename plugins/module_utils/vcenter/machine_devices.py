"""Which device changes bring a machine's disks and interfaces to what is described: matched by position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import NotPossible, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.device_specs import (
    SCSI_RESERVED_UNIT,
    SCSI_UNITS,
    changed_nic,
    distributed_backing,
    grown_disk,
    new_disk,
    new_nic,
    scsi_controller,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.inventory import GIBIBYTE

_device = vim.vm.device
_MAX_BUSES = 4
_LAST_SCSI_KEY = 1003  # vCenter numbers IDE controllers from 200, SCSI from 1000, SATA from 15000, NVMe from 31000
_FIRST_DISK_KEY = -100
_FIRST_NIC_KEY = -200
_FIRST_CONTROLLER_KEY = -10


class Devices:
    """The devices of one machine as vCenter gave them, and the changes collected for one reconfiguration."""

    def __init__(self, world: World, devices: Sequence[Any], *, powered_on: bool) -> None:
        self._world = world
        self._powered_on = powered_on
        self.changes: list[Any] = []
        self.disks = sorted(
            (device for device in devices if isinstance(device, _device.VirtualDisk)),
            key=lambda disk: (disk.controllerKey or 0, disk.unitNumber or 0),
        )
        self.nics = sorted(
            (device for device in devices if isinstance(device, _device.VirtualEthernetCard)),
            key=lambda card: card.key,
        )
        controllers = [device for device in devices if isinstance(device, _device.VirtualSCSIController)]
        self._controllers = sorted(controllers, key=lambda controller: controller.key)
        self._taken = {(device.controllerKey, device.unitNumber) for device in devices}
        self._slots = self._free_slots()

    def grow(self, position: int, size_gb: int) -> None:
        """Give the disk at a position more capacity; nothing to do where it has it already."""
        if position >= len(self.disks):
            raise NotPossible(f"disk number {position + 1} is gone: make a new plan")
        disk = self.disks[position]
        if disk.capacityInKB * 1024 == size_gb * GIBIBYTE:
            return
        try:
            self.changes.append(grown_disk(disk, size_gb))
        except ValueError as error:
            raise NotPossible(f"{error} (disk number {position + 1}, described {size_gb} GiB)") from error

    def add_disk(self, size_gb: int, datastore: str) -> None:
        """Add a disk behind the last one."""
        controller, unit = next(self._slots)
        key = _FIRST_DISK_KEY - len(self.changes)
        store = self._world.managed(vim.Datastore, "datastore", datastore)
        self.changes.append(new_disk(controller, unit, size_gb, datastore=datastore, store=store, key=key))

    def _free_slots(self) -> Iterator[tuple[int, int]]:
        """(controller key, unit) behind the last disk, so that the order of disks stays that of the description.

        Disks are matched by their order, so that a disk which would come before another one must never be added.
        """
        last = (self.disks[-1].controllerKey, self.disks[-1].unitNumber) if self.disks else (0, 0)
        scsi = {controller.key for controller in self._controllers}
        if last[0] > _LAST_SCSI_KEY and last[0] not in scsi:
            raise NotPossible(
                "its last disk is on an NVMe or SATA controller, and a new one would come before it: "
                "add the disk by hand"
            )
        units = [unit for unit in range(SCSI_UNITS) if unit != SCSI_RESERVED_UNIT]
        for controller in self._controllers:
            for unit in units:
                if (controller.key, unit) > last and (controller.key, unit) not in self._taken:
                    yield controller.key, unit
        # vCenter numbers controllers by their bus, so that a higher bus comes behind all others.
        for bus in range(max((each.busNumber for each in self._controllers), default=-1) + 1, _MAX_BUSES):
            key = _FIRST_CONTROLLER_KEY - bus
            self.changes.append(scsi_controller(key, bus))
            for unit in units:
                yield key, unit
        raise NotPossible("the machine has no place for another disk")

    def set_nic(self, number: int, wanted: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> None:
        """Connect the interface with a number as described; only what differs from `before` is sent."""
        if number >= len(self.nics):
            raise NotPossible(f"interface number {number + 1} is gone: make a new plan")
        known = before or {}
        port_group = wanted["port_group"] if wanted["port_group"] != known.get("port_group") else None
        self.changes.append(
            changed_nic(
                self.nics[number],
                backing=self._backing(str(port_group)) if port_group else None,
                mac=str(wanted["mac"]) if wanted["mac"] != known.get("mac") else None,
                connected=bool(wanted.get("connected", True)),
                powered_on=self._powered_on,
            )
        )

    def add_nic(self, number: int, wanted: Mapping[str, Any]) -> None:
        """Add an interface behind the last one."""
        backing = self._backing(str(wanted["port_group"]))
        key = _FIRST_NIC_KEY - number
        self.changes.append(new_nic(backing, wanted.get("mac"), key, connected=self._powered_on))

    def _backing(self, port_group: str) -> Any:
        key = self._world.reference("port_group_key", port_group)
        switch = str(self._world.item("port_group", port_group).properties.get("switch"))
        return distributed_backing(key, self._world.reference("switch_uuid", switch))
