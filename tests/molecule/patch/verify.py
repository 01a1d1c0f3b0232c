"""Ask guests and vCenter, without a line of the role, whether the updates are there, and one snapshot of each guest."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

REPOSITORY = Path(__file__).resolve().parents[3]
STATE = REPOSITORY / ".lab" / os.environ["KYOTSU_LAB"]
GUESTS = ("s33-ap01", "s39-web01", "s39-web02")  # as the limit in molecule.yml
VCENTER = "vc-kyotsu"


def inside(name: str, command: str) -> str:
    """What a command prints in a guest."""
    sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]
    from lab.guests.ssh import ssh_command
    from lab.laboratory import Laboratory

    finished = subprocess.run(
        ssh_command(Laboratory(os.environ["KYOTSU_LAB"]).guests, name, [command]),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return finished.stdout.strip()


def snapshots() -> dict[str, list[dict[str, Any]]]:
    """What the description of each snapshot says, by machine."""
    lab = json.loads((STATE / "lab.json").read_text(encoding="utf-8"))
    instance = SmartConnect(  # type: ignore[no-untyped-call]  # pyVmomi types its objects only (2026-11-24)
        host=lab["vcenters"][VCENTER]["hostname"],
        port=lab["vcenters"][VCENTER]["port"],
        user="reader@lab.local",
        pwd=(STATE / "secrets" / f"{VCENTER}-reader.password").read_text(encoding="utf-8").strip(),
        sslContext=ssl.create_default_context(cafile=lab["ca_file"]),
    )
    try:
        content = instance.RetrieveContent()
        view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
        return {
            machine.name: [json.loads(each.description) for each in machine.snapshot.rootSnapshotList]
            for machine in view.view
            if machine.snapshot is not None
        }
    finally:
        Disconnect(instance)  # type: ignore[no-untyped-call]  # as above (2026-11-24)


def problems() -> Iterator[str]:
    """What is not as it should be."""
    found = snapshots()
    for name in GUESTS:
        health = inside(name, "kyotsu-health")
        if not health.startswith("OK kyotsu-sample-service 1.1 "):
            yield f"{name}: kyotsu-health says {health!r}"
        left = inside(name, "sudo apt-get --simulate upgrade | grep -c ^Inst")
        if left != "0":
            yield f"{name}: {left} updates are left"
        labels = [(each["purpose"], each["change"]) for each in found.get(name, [])]
        if labels != [("patch", "CHG-1")]:
            yield f"{name}: its snapshots say {labels}"
    runs = list((STATE / "patch/2026-11").glob("*.json"))
    if len(runs) != 1:
        yield f"one run has left {len(runs)} files of evidence"
    else:
        results = {each["name"]: each["result"] for each in json.loads(runs[0].read_text(encoding="utf-8"))["machines"]}
        if results != dict.fromkeys(GUESTS, "patched"):
            yield f"the evidence says {results}"


def main() -> int:
    """Exit 0 when nothing is wrong."""
    lines = list(problems())
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
