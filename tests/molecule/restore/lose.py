"""Delete the machines of the scenario by a client that is not ours, and remember what they were."""

from __future__ import annotations

import json
import os
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

REPOSITORY = Path(__file__).resolve().parents[3]
STATE = REPOSITORY / ".lab" / os.environ["KYOTSU_LAB"]
VCENTER = "vc-kyotsu"
NAMES = ("s20-ap01", "s20-db01")
REMEMBERED = STATE / "lost.json"


@contextmanager
def machines(account: str) -> Iterator[dict[str, Any]]:
    """Machines by name, as this account sees them."""
    lab = json.loads((STATE / "lab.json").read_text(encoding="utf-8"))
    entry = lab["vcenters"][VCENTER]
    service = SmartConnect(
        host=entry["hostname"],
        port=entry["port"],
        user=f"{account}@lab.local",
        pwd=(STATE / "secrets" / f"{VCENTER}-{account}.password").read_text(encoding="utf-8").strip(),
        sslContext=ssl.create_default_context(cafile=lab["ca_file"]),
    )
    try:
        view = service.content.viewManager.CreateContainerView(service.content.rootFolder, [vim.VirtualMachine], True)
        yield {machine.name: machine for machine in view.view if not machine.config.template}
    finally:
        Disconnect(service)


def described(machine: Any) -> dict[str, Any]:
    """What a restored machine must be again."""
    devices = machine.config.hardware.device
    return {
        "uuid": machine.config.instanceUuid,
        "cpu": machine.config.hardware.numCPU,
        "memory_mb": machine.config.hardware.memoryMB,
        "disks": [each.capacityInBytes for each in devices if isinstance(each, vim.vm.device.VirtualDisk)],
        "addresses": [each.macAddress for each in devices if isinstance(each, vim.vm.device.VirtualEthernetCard)],
        "values": sorted(each.value for each in machine.customValue if each.value),
        "folder": machine.parent.name,
    }


def done(task: Any) -> None:
    """Wait for a task."""
    while task.info.state not in {"success", "error"}:
        time.sleep(0.1)
    if task.info.state == "error":
        raise SystemExit(str(task.info.error))


def main() -> None:
    """Write down, switch off, delete."""
    with machines("automation") as found:
        lost = {name: found[name] for name in NAMES}
        REMEMBERED.write_text(json.dumps({name: described(machine) for name, machine in lost.items()}))
        for machine in lost.values():
            if machine.runtime.powerState == "poweredOn":
                done(machine.PowerOffVM_Task())
            done(machine.Destroy_Task())


if __name__ == "__main__":
    main()
