"""Add up with plain pyVmomi what the records must hold, then run again: one more sample, none in check mode."""

from __future__ import annotations

import json
import os
import sqlite3
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

REPOSITORY = Path(__file__).resolve().parents[3]
STATE = REPOSITORY / ".lab" / os.environ["KYOTSU_LAB"]
BYTES_PER_KIB = 1024
GIB = 1 << 30
# Per vCenter: machines, their processors, memory in MiB, disks in GiB; hosts, their cores; capacity in bytes.
Sums = dict[str, tuple[float, ...]]

RECORDED = """
SELECT place.vcenter, count(*), sum(sample.cpu_count), sum(sample.memory_gb) * 1024,
  (SELECT sum(allocated_gb) FROM machine_storage_samples AS storage
   JOIN sample_subjects AS subject ON subject.id = storage.machine_id
   WHERE storage.run_id = :run AND subject.vcenter = place.vcenter),
  (SELECT count(*) FROM host_samples AS host JOIN sample_subjects AS subject ON subject.id = host.host_id
   WHERE host.run_id = :run AND subject.vcenter = place.vcenter),
  (SELECT sum(cpu_cores) FROM host_samples AS host JOIN sample_subjects AS subject ON subject.id = host.host_id
   WHERE host.run_id = :run AND subject.vcenter = place.vcenter),
  (SELECT sum(capacity_gb) * 1073741824 FROM datastore_samples AS store
   JOIN sample_subjects AS subject ON subject.id = store.datastore_id
   WHERE store.run_id = :run AND subject.vcenter = place.vcenter)
FROM machine_samples AS sample JOIN sample_places AS place ON place.id = sample.place_id
WHERE sample.run_id = :run GROUP BY place.vcenter
"""


def collect(*arguments: str) -> int:
    """Run the playbook as a timer would; its exit code."""
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "--inventory=inventory/lab",
        "playbooks/collect.yml",
        *arguments,
    ]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "PYTHONUTF8": "1"}
    return subprocess.run(command, cwd=REPOSITORY, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


def runs() -> list[int]:
    """Numbers of all samples in the records."""
    with sqlite3.connect(STATE / "records.sqlite3") as records:
        return [row[0] for row in records.execute("SELECT id FROM sample_runs ORDER BY id")]


def recorded(run: int) -> Sums:
    """What the records hold of one sample."""
    with sqlite3.connect(STATE / "records.sqlite3") as records:
        return {row[0]: tuple(row[1:]) for row in records.execute(RECORDED, {"run": run})}


def actual(content: Any) -> tuple[float, ...]:
    """The same sums, asked object by object."""
    machines = [each for each in _all(content, vim.VirtualMachine) if not each.config.template]
    hosts = _all(content, vim.HostSystem)
    disks = [
        device
        for machine in machines
        for device in machine.config.hardware.device
        if isinstance(device, vim.vm.device.VirtualDisk)
    ]
    return (
        len(machines),
        sum(machine.config.hardware.numCPU for machine in machines),
        sum(machine.config.hardware.memoryMB for machine in machines),
        sum(disk.capacityInKB for disk in disks) * BYTES_PER_KIB / GIB,
        len(hosts),
        sum(host.summary.hardware.numCpuCores for host in hosts),
        sum(store.summary.capacity for store in _all(content, vim.Datastore)),
    )


def _all(content: Any, kind: Any) -> list[Any]:
    return list(content.viewManager.CreateContainerView(content.rootFolder, [kind], True).view)


def world() -> Sums:
    """What every vCenter of the lab says."""
    lab = json.loads((STATE / "lab.json").read_text(encoding="utf-8"))
    sums: Sums = {}
    for name, vcenter in lab["vcenters"].items():
        instance = SmartConnect(  # type: ignore[no-untyped-call]  # pyVmomi types its objects only (2026-11-24)
            host=vcenter["hostname"],
            port=vcenter["port"],
            user="reader@lab.local",
            pwd=(STATE / "secrets" / f"{name}-reader.password").read_text(encoding="utf-8").strip(),
            sslContext=ssl.create_default_context(cafile=lab["ca_file"]),
        )
        try:
            sums[name] = actual(instance.RetrieveContent())
        finally:
            Disconnect(instance)  # type: ignore[no-untyped-call]  # as above (2026-11-24)
    return sums


def main() -> int:
    """Exit 0 when the records say what vCenter says, to the last digit."""
    lines = []
    before = runs()
    if len(before) != 1:
        lines.append(f"one sample was taken, the records hold {before}")
    wanted = world()
    if recorded(before[-1]) != wanted:
        lines.append(f"recorded {recorded(before[-1])}, vCenter says {wanted}")
    if not all(sums[0] for sums in wanted.values()):
        lines.append(f"a vCenter without machines shows nothing: {wanted}")
    for arguments, added in (((), 1), (("--check",), 0)):
        before = runs()
        code = collect(*arguments)
        if code != 0:
            lines.append(f"collect {' '.join(arguments)} ends with {code}")
        if len(runs()) != len(before) + added:
            lines.append(f"collect {' '.join(arguments)}: {len(before)} samples became {len(runs())}")
    if recorded(runs()[-1]) != wanted:
        lines.append(f"the second sample says {recorded(runs()[-1])}, vCenter {wanted}")
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
