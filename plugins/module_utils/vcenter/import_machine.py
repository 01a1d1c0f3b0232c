"""Make a machine whose disks are sent through an NFC lease (ResourcePool.ImportVApp); take one back that is half made.

The order of vSphere's Virtual Disk transfers: ImportVApp gives a lease with one URL per disk; the lease ends unless its
progress is reported at least every five minutes; HttpNfcLeaseComplete makes the machine usable, HttpNfcLeaseAbort
removes it (vSphere Web Services API, HttpNfcLease).
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import NotPossible, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.device_specs import distributed_backing, new_nic
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session

_device = vim.vm.device
_CONTROLLERS = {
    "ParaVirtualSCSIController": _device.ParaVirtualSCSIController,
    "VirtualLsiLogicController": _device.VirtualLsiLogicController,
    "VirtualLsiLogicSASController": _device.VirtualLsiLogicSASController,
    "VirtualBusLogicController": _device.VirtualBusLogicController,
    "VirtualAHCIController": _device.VirtualAHCIController,
    "VirtualNVMEController": _device.VirtualNVMEController,
    "VirtualIDEController": _device.VirtualIDEController,
}
USUAL_CONTROLLER = "ParaVirtualSCSIController"
_READY_SECONDS = 120.0
# Well below the five minutes after which a lease ends by itself.
_PROGRESS_SECONDS = 20.0
_PAUSE_SECONDS = 0.1
_FIRST_CONTROLLER_KEY = -10
_FIRST_DISK_KEY = -100
_FIRST_NIC_KEY = -200
# How vCenter names the disk of a URL: …/VirtualLsiLogicController0:3 is bus 0, unit 3.
_DEVICE_URL_KEY = re.compile(r"(\d+):(\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDisk:
    """One disk, empty until its stream has come. `controller`: key that it had; disks of one key share a controller."""

    capacity_bytes: int
    datastore: str
    controller: int
    unit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNic:
    """One interface; `mac` None: a new one is generated. Not `connected`: it stays so when the machine starts."""

    port_group: str
    mac: str | None
    connected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMachine:
    """A machine to import. Disks in the order of the guest; `controllers`: type by the key that disks name."""

    name: str
    instance_uuid: str
    folder: str
    cluster: str
    resource_pool: str
    guest_id: str
    cpu: int
    memory_mb: int
    notes: str
    disks: tuple[NewDisk, ...]
    nics: tuple[NewNic, ...]
    firmware: str | None = None  # bios | efi; None: what vCenter takes for the guest
    controllers: Mapping[int, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)  # extraConfig


class Import:
    """An open lease: which machine it is, and where each disk goes (`urls` in the order of the disks)."""

    def __init__(self, lease: Any, reference: str, places: Sequence[tuple[str, str]]) -> None:
        self._lease = lease
        self._keys = [key for key, _ in places]
        self.reference = reference
        self.urls = tuple(url for _, url in places)
        self.broken = ""

    def received(self) -> tuple[int | None, ...]:
        """Bytes that vCenter says it got of each disk; None where it does not say."""
        sizes = {str(entry.key): int(entry.size or 0) for entry in self._lease.HttpNfcLeaseGetManifest()}
        return tuple(sizes.get(key) for key in self._keys)

    def complete(self) -> None:
        """Make the machine usable. Raises NotPossible when the lease was lost meanwhile."""
        if self.broken:
            raise NotPossible(f"the lease was lost while the disks came: {self.broken}")
        self._lease.HttpNfcLeaseComplete()

    def keep_alive(self, stop: threading.Event) -> None:
        """Report progress until `stop` is set. How far the tape is is not known: what counts is to say something."""
        percent = 0
        while not stop.wait(_PROGRESS_SECONDS):
            percent = min(percent + 1, 99)
            try:
                self._lease.HttpNfcLeaseProgress(percent=percent)
            except VCenterError as error:
                self.broken = str(error)
                return


@contextmanager
def import_machine(world: World, new: NewMachine) -> Iterator[Import]:
    """Make the machine and give the lease; complete it at the end, or take everything back after an error.

    Raises VCenterError: it cannot be made, or the lease was lost meanwhile.
    """
    pool = world.managed(vim.ResourcePool, "resource_pool", f"{new.cluster}/{new.resource_pool}")
    folder = world.managed(vim.Folder, "folder", new.folder)
    lease = pool.ImportVApp(spec=vim.vm.VmImportSpec(configSpec=_config(world, new)), folder=folder)
    info = _ready(lease, new.name)
    opened = Import(lease, str(info.entity._moId), _places(world.session, info.deviceUrl, new))
    stop = threading.Event()
    keeper = threading.Thread(target=opened.keep_alive, args=(stop,), name=f"lease {new.name}", daemon=True)
    keeper.start()
    try:
        try:
            yield opened
        finally:
            stop.set()
            keeper.join()
        opened.complete()
    except BaseException:
        with contextlib.suppress(VCenterError):
            lease.HttpNfcLeaseAbort()
        with contextlib.suppress(VCenterError):
            destroy(world, opened.reference, new.instance_uuid)
        raise


def destroy(world: World, reference: str, instance_uuid: str) -> bool:
    """Remove a machine that a restore has made and its disks; give whether it was there.

    Only where it still has the UUID that the restore gave it, so that a reference which now means another machine, or
    a machine that has been given its identity, is never touched. Raises NotPossible then.
    """
    machine = vim.VirtualMachine(reference, world.session.stub)
    paths = {vim.VirtualMachine: ("config.instanceUuid", "runtime.powerState")}
    try:
        found = next(iter(retrieve(world.session, paths, objects=[machine])), None)
    except VCenterError as error:
        if "ManagedObjectNotFound" in str(error):
            return False
        raise
    if found is None or not found.properties:
        return False
    if str(found.properties.get("config.instanceUuid", "")).lower() != instance_uuid.lower():
        raise NotPossible(f"machine {reference} is not the one that was made here: it is left alone")
    if found.properties.get("runtime.powerState") == "poweredOn":
        world.run("power off", machine.PowerOffVM_Task)
    world.run("remove", machine.Destroy_Task)
    return True


def _config(world: World, new: NewMachine) -> Any:
    devices = []
    controllers: dict[int, int] = {}
    for key in dict.fromkeys(disk.controller for disk in new.disks):
        kind = new.controllers.get(key, USUAL_CONTROLLER)
        if kind not in _CONTROLLERS:
            raise NotPossible(f"{new.name}: a controller of type {kind} cannot be made here")
        number = len(controllers)
        controllers[key] = _FIRST_CONTROLLER_KEY - number
        controller = _CONTROLLERS[kind](key=controllers[key], busNumber=number)
        if isinstance(controller, _device.VirtualSCSIController):
            controller.sharedBus = "noSharing"
        devices.append(_device.VirtualDeviceSpec(operation="add", device=controller))
    for number, disk in enumerate(new.disks):
        devices.append(_disk(world, disk, controllers[disk.controller], _FIRST_DISK_KEY - number))
    for number, nic in enumerate(new.nics):
        port_group = world.reference("port_group_key", nic.port_group)
        switch = str(world.item("port_group", nic.port_group).properties.get("switch"))
        backing = distributed_backing(port_group, world.reference("switch_uuid", switch))
        card = new_nic(backing, nic.mac, _FIRST_NIC_KEY - number, connected=False)
        card.device.connectable.startConnected = nic.connected
        devices.append(card)
    config = vim.vm.ConfigSpec(
        name=new.name,
        instanceUuid=new.instance_uuid,
        guestId=new.guest_id,
        numCPUs=new.cpu,
        memoryMB=new.memory_mb,
        annotation=new.notes,
        cpuHotAddEnabled=False,
        memoryHotAddEnabled=False,
        files=vim.vm.FileInfo(vmPathName=f"[{new.disks[0].datastore}]"),
        extraConfig=[vim.option.OptionValue(key=key, value=value) for key, value in new.options.items()],
        deviceChange=devices,
    )
    if new.firmware:
        config.firmware = new.firmware
    return config


def _disk(world: World, disk: NewDisk, controller: int, key: int) -> Any:
    backing = _device.VirtualDisk.FlatVer2BackingInfo(
        fileName=f"[{disk.datastore}]",
        datastore=world.managed(vim.Datastore, "datastore", disk.datastore),
        diskMode="persistent",
        thinProvisioned=True,
    )
    device = _device.VirtualDisk(
        key=key,
        controllerKey=controller,
        unitNumber=disk.unit,
        backing=backing,
        capacityInKB=disk.capacity_bytes // 1024,
        capacityInBytes=disk.capacity_bytes,
    )
    return _device.VirtualDeviceSpec(operation="add", fileOperation="create", device=device)


def _ready(lease: Any, name: str) -> Any:
    deadline = time.monotonic() + _READY_SECONDS
    while (state := str(lease.state)) != "ready":
        if state == "error":
            error = lease.error
            raise NotPossible(f"{name}: vCenter does not make it: {getattr(error, 'msg', '') or error}")
        if time.monotonic() > deadline:
            with contextlib.suppress(VCenterError):
                lease.HttpNfcLeaseAbort()
            raise NotPossible(f"{name}: the lease was not ready within {_READY_SECONDS:.0f} s")
        time.sleep(_PAUSE_SECONDS)
    return lease.info


def _places(session: Session, device_urls: Sequence[Any], new: NewMachine) -> list[tuple[str, str]]:
    """(key, URL) of each disk in the order of `new.disks`."""
    disks = [(str(each.key), _complete(str(each.url), session.endpoint.hostname)) for each in device_urls if each.disk]
    if len(disks) != len(new.disks):
        raise NotPossible(f"{new.name}: vCenter gives {len(disks)} places for {len(new.disks)} disks")
    # A bus has its number by the order of its controllers, see _config.
    buses = {key: number for number, key in enumerate(dict.fromkeys(disk.controller for disk in new.disks))}
    wanted = [(buses[disk.controller], disk.unit) for disk in new.disks]
    found = {}
    for place in disks:
        if match := _DEVICE_URL_KEY.search(place[0]):
            found[int(match[1]), int(match[2])] = place
    return [found[each] for each in wanted] if set(found) == set(wanted) else disks


def _complete(url: str, hostname: str) -> str:
    """A URL whose host is `*` means the server that was asked."""
    parts = urlsplit(url)
    if parts.hostname != "*":
        return url
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"{hostname}{port}"))
