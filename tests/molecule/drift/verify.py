"""Change two machines by hand, with plain pyVmomi, and expect the report and the exit codes that a scheduler sees."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

REPOSITORY = Path(__file__).resolve().parents[3]
STATE = REPOSITORY / ".lab" / os.environ["KYOTSU_LAB"]
REPORT = STATE / "drift"
VCENTER, SWITCH, LIMIT = "vc-kyotsu", "dvs-internet", "system_s20_*"
SECONDS_OF_A_TASK = 20


def drift(fail_on: str) -> int:
    """Run the playbook as a scheduler would; its exit code."""
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "--inventory=inventory/lab",
        f"--limit={LIMIT}",
        "playbooks/drift.yml",
        f"--extra-vars=fail_on={fail_on} report={REPORT}",
    ]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "PYTHONUTF8": "1"}
    return subprocess.run(command, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


def counts() -> dict[str, int]:
    """Deviations by category, without those of which there are none."""
    report = json.loads(REPORT.with_suffix(".json").read_text(encoding="utf-8"))
    return {name: number for name, number in report["counts"].items() if number}


def change_by_hand(content: Any) -> None:
    """One machine onto a port group that nobody described, one off."""
    machines = sorted(
        (each for each in _all(content, vim.VirtualMachine) if each.name.startswith("s20-")), key=lambda each: each.name
    )
    switch = next(each for each in _all(content, vim.DistributedVirtualSwitch) if each.name == SWITCH)
    vlan = vim.dvs.VmwareDistributedVirtualSwitch.VlanIdSpec(vlanId=310, inherited=False)
    setting = vim.dvs.VmwareDistributedVirtualSwitch.VmwarePortConfigPolicy(vlan=vlan)
    group = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
        name="by-hand", type="earlyBinding", numPorts=8, defaultPortConfig=setting
    )
    _wait(switch.AddDVPortgroup_Task([group]))
    there = next(each for each in _all(content, vim.dvs.DistributedVirtualPortgroup) if each.name == "by-hand")
    card = next(
        device for device in machines[0].config.hardware.device if isinstance(device, vim.vm.device.VirtualEthernetCard)
    )
    card.backing = vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(
        port=vim.dvs.PortConnection(portgroupKey=there.key, switchUuid=switch.uuid)
    )
    edit = vim.vm.device.VirtualDeviceSpec(operation="edit", device=card)
    _wait(machines[0].ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[edit])))
    _wait(machines[1].PowerOffVM_Task())


def _all(content: Any, kind: Any) -> list[Any]:
    return list(content.viewManager.CreateContainerView(content.rootFolder, [kind], True).view)


def _wait(task: Any) -> None:
    """Ask until it has ended: each question is a call that takes its time."""
    deadline = time.monotonic() + SECONDS_OF_A_TASK
    while task.info.state not in ("success", "error"):
        if time.monotonic() > deadline:
            raise SystemExit(f"{task.info.descriptionId} does not end")
    if task.info.state == "error":
        raise SystemExit(f"{task.info.descriptionId}: {task.info.error.msg}")


def main() -> int:
    """Exit 0 when the report says what was done and nothing else."""
    lab = json.loads((STATE / "lab.json").read_text(encoding="utf-8"))
    vcenter = lab["vcenters"][VCENTER]
    lines = []
    if drift("any") != 0:
        lines.append("a fresh world drifts")
    instance = SmartConnect(  # type: ignore[no-untyped-call]  # pyVmomi types its objects, not its helpers (2026-11-24)
        host=vcenter["hostname"],
        port=vcenter["port"],
        user="automation@lab.local",
        pwd=(STATE / "secrets" / f"{VCENTER}-automation.password").read_text(encoding="utf-8").strip(),
        sslContext=ssl.create_default_context(cafile=lab["ca_file"]),
    )
    try:
        change_by_hand(instance.RetrieveContent())
    finally:
        Disconnect(instance)  # type: ignore[no-untyped-call]  # as above (2026-11-24)
    for fail_on, wanted in (("never", 0), ("any", 2), ("breach", 2)):
        code = drift(fail_on)
        if code != wanted:
            lines.append(f"fail_on={fail_on} ends with {code}, not {wanted}")
        if counts() != {"segment-breach": 1, "power": 1}:
            lines.append(f"fail_on={fail_on} reports {counts()}")
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
