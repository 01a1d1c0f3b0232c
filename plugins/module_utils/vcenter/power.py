"""Switch machines on and off. A guest is asked to shut down; where no guest can be asked, the lab cuts the power."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import NotPossible, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault

_STATE = "runtime.powerState"
_TOOLS_RUNNING = "guest.toolsRunningStatus"
_TOOLS_STATUS = "guest.toolsStatus"
_PAUSE_SECONDS = 1.0


def _facts(world: World, machine: Any) -> dict[str, Any]:
    paths = {vim.VirtualMachine: (_STATE, _TOOLS_RUNNING, _TOOLS_STATUS)}
    for found in retrieve(world.session, paths, objects=[machine]):
        return dict(found.properties)
    raise NotPossible("the machine has vanished from vCenter")


def switch_on(world: World, machine: Any) -> None:
    """Switch a machine on; one that is on already is no error."""
    try:
        world.run("power on", machine.PowerOnVM_Task)
    except Fault as fault:
        if fault.kind != "InvalidPowerState" or _facts(world, machine).get(_STATE) != "poweredOn":
            raise


def switch_off(world: World, machine: Any, shutdown_seconds: float) -> None:
    """Shut a machine down and wait until it is off. Raises NotPossible when its guest does not.

    A machine without guest tools loses its power only where the options allow it: its guest may be writing.
    """
    facts = _facts(world, machine)
    if facts.get(_STATE) == "poweredOff":
        return
    if facts.get(_TOOLS_RUNNING) == "guestToolsRunning":
        machine.ShutdownGuest()
        _wait_until_off(world, machine, shutdown_seconds)
    elif facts.get(_TOOLS_STATUS) in (None, "toolsNotInstalled"):
        if not world.options.hard_power_off:
            raise NotPossible(
                "it has no guest tools that could shut its guest down, and its power is not cut: shut the guest down "
                "by hand, or install the tools, then run again"
            )
        world.run("power off", machine.PowerOffVM_Task)
    else:
        raise NotPossible("its guest tools are installed and do not run: shut the guest down by hand, then run again")


def _wait_until_off(world: World, machine: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while _facts(world, machine).get(_STATE) != "poweredOff":
        if time.monotonic() > deadline:
            raise NotPossible(
                f"its guest did not shut down within {seconds:.0f} s, nothing else was changed: look at its console"
            )
        time.sleep(_PAUSE_SECONDS)
