"""Specifications of virtual devices: disks to add and to grow, interfaces to add and to change. None that removes."""

from __future__ import annotations

from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.inventory import GIBIBYTE

_device = vim.vm.device
SCSI_RESERVED_UNIT = 7  # the controller's own address on its bus
SCSI_UNITS = 16


def scsi_controller(key: int, bus: int = 0) -> Any:
    """A new paravirtual SCSI controller; a negative key is a name for it within the same request."""
    controller = _device.ParaVirtualSCSIController(key=key, busNumber=bus, sharedBus="noSharing")
    return _device.VirtualDeviceSpec(operation="add", device=controller)


def new_disk(controller_key: int, unit: int, size_gb: int, *, datastore: str, store: Any, key: int = -100) -> Any:
    """A new thin disk of `size_gb` GiB."""
    backing = _device.VirtualDisk.FlatVer2BackingInfo(
        fileName=f"[{datastore}]", datastore=store, diskMode="persistent", thinProvisioned=True
    )
    disk = _device.VirtualDisk(
        key=key,
        controllerKey=controller_key,
        unitNumber=unit,
        backing=backing,
        capacityInKB=size_gb * (GIBIBYTE // 1024),
        capacityInBytes=size_gb * GIBIBYTE,
    )
    return _device.VirtualDeviceSpec(operation="add", fileOperation="create", device=disk)


def grown_disk(device: Any, size_gb: int) -> Any:
    """An existing disk (as vCenter gave it) with a larger capacity. Raises ValueError for a smaller one."""
    size = size_gb * GIBIBYTE
    if size < (device.capacityInBytes or device.capacityInKB * 1024):
        raise ValueError(f"a disk is never shrunk: {device.deviceInfo.label if device.deviceInfo else device.key}")
    device.capacityInBytes = size
    device.capacityInKB = size // 1024
    return _device.VirtualDeviceSpec(operation="edit", device=device)


def distributed_backing(port_group_key: str, switch_uuid: str) -> Any:
    """The connection of an interface to a distributed port group."""
    port = vim.dvs.PortConnection(portgroupKey=port_group_key, switchUuid=switch_uuid)
    return _device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)


def new_nic(backing: Any, mac: str | None, key: int, *, connected: bool) -> Any:
    """A new VMXNET3 interface that connects when the machine starts; `connected`: at once, for a machine that runs."""
    card = _device.VirtualVmxnet3(key=key, backing=backing, connectable=_connectable(True))
    card.connectable.connected = connected
    _set_mac(card, mac)
    return _device.VirtualDeviceSpec(operation="add", device=card)


def changed_nic(device: Any, backing: Any | None, mac: str | None, connected: bool | None, powered_on: bool) -> Any:
    """An existing interface (as vCenter gave it) with another connection, address or state."""
    if backing is not None:
        device.backing = backing
    if mac is not None:
        _set_mac(device, mac)
    if connected is not None:
        device.connectable = _connectable(connected)
        if powered_on:
            device.connectable.connected = connected
    return _device.VirtualDeviceSpec(operation="edit", device=device)


def _set_mac(card: Any, mac: str | None) -> None:
    if mac:
        card.macAddress = mac
        card.addressType = "manual"
    else:
        card.addressType = "generated"


def _connectable(connected: bool) -> Any:
    return _device.VirtualDevice.ConnectInfo(startConnected=connected, connected=False, allowGuestControl=True)
