"""Restart the guests of many machines, and switch machines on, side by side: what a patch run asks of vCenter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import retrying
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import dig, many
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.snapshots import Done, side_by_side
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.task_result import require
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter

_STATE = "runtime.powerState"
_DEVICES = "config.hardware.device"
_TASK_SECONDS = 300.0
_ALONE = frozenset({"", "sharingNone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskModes:
    """Disks that a snapshot of the machine does not bring back, or not alone."""

    shared: bool
    independent: bool


def disk_modes(session: Session, machines: Iterable[str]) -> dict[str, DiskModes]:
    """How machines (managed object ids) hold their disks, in one call. Raises VCenterError.

    A machine that has vanished, or whose devices cannot be read, is not in the answer.
    """
    objects = [vim.VirtualMachine(each, session.stub) for each in machines]
    if not objects:
        return {}
    found = {}
    for item in retrieve(session, {vim.VirtualMachine: (_DEVICES,)}, objects=objects):
        if not item.properties.get(_DEVICES):
            continue
        backings = [
            device.get("backing")
            for device in many(item.properties.get(_DEVICES))
            if device.get("_type") == "VirtualDisk"
        ]
        found[item.reference] = DiskModes(
            shared=any(str(dig(each, "sharing") or "") not in _ALONE for each in backings),
            independent=any(str(dig(each, "diskMode") or "").startswith("independent") for each in backings),
        )
    return found


def reboot_guests(session: Session, machines: Sequence[str]) -> list[Done]:
    """Ask the guests to restart; none is waited for. A guest without tools is an error of its machine."""

    def one(_waiter: TaskWaiter, machine: str) -> Done:
        # Never repeated blindly: a second request would restart a guest that has just come back.
        retrying(vim.VirtualMachine(machine, session.stub).RebootGuest, repeatable=False)
        return Done(machine=machine)

    return side_by_side(session, machines, one)


def switch_on(session: Session, machines: Sequence[str]) -> list[Done]:
    """Switch machines on; one that is on already is no error."""

    def one(waiter: TaskWaiter, machine: str) -> Done:
        target = vim.VirtualMachine(machine, session.stub)
        try:
            retrying(lambda: require(waiter.wait(target.PowerOnVM_Task(), _TASK_SECONDS), "power on"))
        except Fault as fault:
            if fault.kind != "InvalidPowerState" or _power(session, target) != "poweredOn":
                raise
        return Done(machine=machine)

    return side_by_side(session, machines, one)


def _power(session: Session, machine: vim.VirtualMachine) -> str:
    for found in retrieve(session, {vim.VirtualMachine: (_STATE,)}, objects=[machine]):
        return str(found.properties.get(_STATE))
    return ""
