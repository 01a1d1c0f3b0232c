"""Let a copy of the description retire a system, run the playbook as a person would, and look with plain pyVmomi."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

REPOSITORY = Path(__file__).resolve().parents[3]
LAB = os.environ["KYOTSU_LAB"]
STATE = REPOSITORY / ".lab" / LAB
# A description of its own: that of the repository must not change under other scenarios.
COPY = REPOSITORY / ".cache" / f"{LAB}-estate"
VCENTER, LIMIT = "vc-kyotsu", "system_s20_*"
AS_OF = "2026-12-01"
RETIREMENT = """status: retiring
retirement:
  date: "2026-11-30"
  reason: {ja: 後継製品へ移行, en: Replaced by another product}
  requested_by: org-324
  approved_by: 情報政策室長
  last_copy_years: 5
  records: {confirmed_on: "2026-11-20", confirmed_by: org-324, retention_ended: true, historical: none}
"""


def copy_estate() -> None:
    """The data with s20 retiring; code is linked."""
    shutil.rmtree(COPY, ignore_errors=True)
    for name in ("systems", "platform", "inventory", "playbooks", "approvals"):
        shutil.copytree(REPOSITORY / name, COPY / name)
    shutil.copy(REPOSITORY / "ansible.cfg", COPY)
    for name in ("roles", "plugins", "collections", "lab", ".lab"):
        (COPY / name).symlink_to(REPOSITORY / name)
    (file,) = (COPY / "systems").glob("s20-*.yml")
    file.write_text(file.read_text(encoding="utf-8").replace("status: in-service\n", RETIREMENT, 1), encoding="utf-8")


def decommission(*arguments: str) -> tuple[int, str]:
    """Exit code and output of the playbook."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "--inventory=inventory/lab", f"--limit={LIMIT}"]
    command += ["playbooks/decommission.yml", "-e", f"as_of={AS_OF}", "-e", f"reports={STATE}/decommission", *arguments]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))}
    environment = {**own, "ANSIBLE_CONFIG": str(COPY / "ansible.cfg"), "PYTHONUTF8": "1", "ANSIBLE_NOCOLOR": "1"}
    finished = subprocess.run(
        command, cwd=COPY, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return finished.returncode, finished.stdout + finished.stderr


@contextmanager
def content() -> Iterator[Any]:
    """The content of the vCenter."""
    lab = json.loads((STATE / "lab.json").read_text(encoding="utf-8"))
    vcenter = lab["vcenters"][VCENTER]
    instance = SmartConnect(  # type: ignore[no-untyped-call]  # pyVmomi types its objects, not its helpers (2026-11-24)
        host=vcenter["hostname"],
        port=vcenter["port"],
        user="automation@lab.local",
        pwd=(STATE / "secrets" / f"{VCENTER}-automation.password").read_text(encoding="utf-8").strip(),
        sslContext=ssl.create_default_context(cafile=lab["ca_file"]),
    )
    try:
        yield instance.RetrieveContent()
    finally:
        Disconnect(instance)  # type: ignore[no-untyped-call]  # as above (2026-11-24)


def machines() -> dict[str, tuple[str, str, bool]]:
    """Power, folder and whether an interface connects, of each machine of s20."""
    with content() as found:
        view = found.viewManager.CreateContainerView(found.rootFolder, [vim.VirtualMachine], True).view
        return {
            each.name: (
                str(each.runtime.powerState),
                str(each.parent.name),
                any(
                    device.connectable.startConnected
                    for device in each.config.hardware.device
                    if isinstance(device, vim.vm.device.VirtualEthernetCard)
                ),
            )
            for each in view
            if each.name.startswith("s20-")
        }


def main() -> int:
    """Exit 0 when the system goes into quarantine, stops there for want of tape, and comes back as it was."""
    copy_estate()
    lines = []
    before = machines()
    code, output = decommission("--check")
    if code != 0 or "quarantine" not in output or machines() != before:
        lines.append(f"check mode ends with {code} or changed something:\n{output}")
    code, output = decommission()
    if code == 0 or "the last copy goes to tape, and no tape software is there" not in output:
        lines.append(f"without tape it ends with {code}, and should refuse the last copy:\n{output}")
    if set(machines().values()) != {("poweredOff", "quarantine", False)} or len(machines()) != len(before):
        lines.append(f"not in quarantine: {machines()}")
    code, output = decommission("--tags", "undo", "-e", "reason=called off")
    if code != 0 or machines() != before:
        lines.append(f"undo ends with {code}, and {machines()} is not {before}:\n{output}")
    shutil.rmtree(COPY)
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
