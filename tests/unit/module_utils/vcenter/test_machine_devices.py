"""Where a new disk goes on machines of every make, and how a new interface comes up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.state import Item
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import (
    ApplyOptions,
    NotPossible,
    World,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.machine_devices import Devices

_device = vim.vm.device
REFERENCES = {
    "datastore:ds": "datastore-1",
    "port_group:pg": "dvportgroup-1",
    "port_group_key:pg": "dvportgroup-1",
    "switch_uuid:dvs": "50 01",
}


def world() -> World:
    port_group = Item(kind="port_group", name="pg", properties={"switch": "dvs", "vlan_id": 1})
    observed: Any = SimpleNamespace(references=REFERENCES, items=(port_group,))
    session: Any = SimpleNamespace(stub=None)
    waiter: Any = None
    return World(session, observed, waiter, ApplyOptions())


def scsi(bus: int) -> Any:
    return _device.ParaVirtualSCSIController(key=1000 + bus, busNumber=bus, sharedBus="noSharing")


def disk(controller: int, unit: int) -> Any:
    return _device.VirtualDisk(
        key=2000 + unit,
        controllerKey=controller,
        unitNumber=unit,
        capacityInKB=1,
        backing=_device.VirtualDisk.FlatVer2BackingInfo(),
    )


def places(devices: list[Any], count: int = 1) -> list[tuple[int, int]]:
    """(controller, unit) of `count` new disks."""
    together = Devices(world(), devices, powered_on=True)
    for _ in range(count):
        together.add_disk(1, "ds")
    return [
        (change.device.controllerKey, change.device.unitNumber)
        for change in together.changes
        if isinstance(change.device, _device.VirtualDisk)
    ]


def test_the_unit_of_the_controller_itself_is_left_out() -> None:
    assert places([scsi(0), disk(1000, 0), disk(1000, 6)]) == [(1000, 8)]


def test_a_unit_that_another_device_holds_is_left_out() -> None:
    cdrom = _device.VirtualCdrom(key=3000, controllerKey=1000, unitNumber=1)
    assert places([scsi(0), disk(1000, 0), cdrom]) == [(1000, 2)]


def test_a_gap_before_the_last_disk_stays_a_gap() -> None:
    assert places([scsi(0), scsi(1), disk(1000, 0), disk(1001, 3)]) == [(1001, 4)]


def test_a_full_bus_is_followed_by_a_controller_on_the_next() -> None:
    full = [disk(1000, unit) for unit in range(16) if unit != 7]
    together = Devices(world(), [scsi(0), *full], powered_on=True)
    together.add_disk(1, "ds")
    controller, new = (change.device for change in together.changes)
    assert controller.busNumber == 1
    assert (new.controllerKey, new.unitNumber) == (controller.key, 0)


def test_a_new_controller_takes_no_bus_that_is_there() -> None:
    full = [disk(1002, unit) for unit in range(16) if unit != 7]
    together = Devices(world(), [scsi(0), scsi(2), *full], powered_on=True)
    together.add_disk(1, "ds")
    assert together.changes[0].device.busNumber == 3


@pytest.mark.parametrize("controller", [15000, 31000], ids=["SATA", "NVMe"])
def test_a_disk_that_would_come_before_another_is_not_added(controller: int) -> None:
    with pytest.raises(NotPossible, match="by hand"):
        places([disk(controller, 0)])


def test_a_disk_behind_an_ide_disk_goes_on_scsi() -> None:
    assert places([scsi(0), disk(200, 0)]) == [(1000, 0)]


def test_a_machine_whose_buses_are_full_takes_no_disk() -> None:
    full = [disk(1003, unit) for unit in range(16) if unit != 7]
    with pytest.raises(NotPossible, match="no place"):
        places([scsi(3), *full])


@pytest.mark.parametrize("running", [True, False])
def test_a_new_interface_of_a_running_machine_is_connected_at_once(running: bool) -> None:
    together = Devices(world(), [], powered_on=running)
    together.add_nic(0, {"port_group": "pg", "mac": "00:50:56:00:00:01"})
    (change,) = together.changes
    assert change.device.connectable.startConnected is True
    assert change.device.connectable.connected is running
